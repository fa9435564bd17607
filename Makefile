# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
COMMANDS = demo test test-long unit plays lint docs sanity integration live bench test-matrix release-check clean

.DEFAULT_GOAL := help
.PHONY: help server $(COMMANDS)

help:  ## what there is
	@$(PYTHON) dev --help

$(COMMANDS) server:
	@$(PYTHON) dev $@
