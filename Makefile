# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
# Sessions of noxfile.py, and tags of sessions that run beside each other.
SESSIONS = demo server unit plays docs bench release-check clean
TAGS = test test-long lint
VENV = .cache/venvs/nox
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check --quiet --timeout 300 --cache-dir .cache/pip
NOX = $(VENV)/bin/python -m nox
BESIDE = $(VENV)/bin/python dev/beside.py
# nox is installed already, so it need not read from noxfile.py what it needs.
export NOX_SCRIPT_MODE = none

.DEFAULT_GOAL := help
.PHONY: help installed nox sanity integration live test-matrix $(SESSIONS) $(TAGS)

help:
	@echo "Sessions of nox beside each other: make $(TAGS) test-matrix integration live"
	@echo "One session of nox: make $(SESSIONS) sanity; ARGS='…' are its arguments"
	@echo "Any session: make nox ARGS='--session NAME -- …', with arguments of nox; ARGS=--list shows them all"

# nox in its pinned version, below .cache; one of several that start at the same time installs it. It is made anew when
# the Python that it runs on is gone.
installed:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer: make PYTHON=python3.11 …")'
	@$(VENV)/bin/python -c '' 2>/dev/null || rm -f $(VENV)/complete
	@mkdir -p .cache/venvs && flock $(VENV).lock $(MAKE) --silent $(VENV)/complete

$(VENV)/complete: dev/requirements/nox.txt
	@$(PYTHON) -m venv --clear $(VENV)
	@said=$$($(PIP) install --requirement $< 2>&1) || \
	{ echo "nox could not be installed: look at the network, at the proxy, and at the package index that pip uses." \
	"pip says: $$(echo "$$said" | tail -n 1)" >&2; exit 1; }
	@touch $@

nox: installed
	@$(NOX) $(ARGS)

$(SESSIONS): installed
	@$(NOX) --session $@ $(if $(ARGS),-- $(ARGS))

sanity: installed
	@$(NOX) --session ansible-test-sanity $(if $(ARGS),-- $(ARGS))

$(TAGS): installed
	@$(BESIDE) $@ $(ARGS)

integration live: installed
	@$(BESIDE) $@-2.11 $@-3.3

# With more of what options may hold, for each module, in unit tests.
test-matrix: installed
	@status=0; DAGOPS_EXAMPLES=300 $(BESIDE) $@ || status=1; $(NOX) --session compatibility || status=1; exit $$status
