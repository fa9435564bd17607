# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
# Sessions of noxfile.py, and tags of sessions that run beside each other.
SESSIONS = demo server unit plays docs bench release-check clean
TAGS = test test-long lint

.DEFAULT_GOAL := help
.PHONY: help nox sanity integration live test-matrix $(SESSIONS) $(TAGS)

help:
	@echo "Sessions of nox beside each other: make $(TAGS) test-matrix integration live"
	@echo "One session of nox: make $(SESSIONS) sanity; ARGS='…' are its arguments"
	@echo "Any session: make nox ARGS='--session NAME -- …', with arguments of nox; ARGS=--list shows them all"

nox:
	@$(PYTHON) dev $(ARGS)

$(SESSIONS):
	@$(PYTHON) dev --session $@ $(if $(ARGS),-- $(ARGS))

sanity:
	@$(PYTHON) dev --session ansible-test-sanity $(if $(ARGS),-- $(ARGS))

$(TAGS):
	@$(PYTHON) dev beside $@ $(ARGS)

integration live:
	@$(PYTHON) dev beside $@-2.11 $@-3.3

# With more of what options may hold, for each module, in unit tests.
test-matrix:
	@status=0; DAGOPS_EXAMPLES=300 $(PYTHON) dev beside $@ || status=1; \
	$(PYTHON) dev --session compatibility || status=1; exit $$status
