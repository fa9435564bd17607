# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked only because it makes a message better."""

from __future__ import annotations

import contextlib
import typing as t

from .._airflow.airflow import Airflow
from .._base.errors import AirflowError
from .._base.patience import FOR_A_DIAGNOSIS


@contextlib.contextmanager
def in_passing(airflow: Airflow) -> t.Iterator[None]:
    """Let what is asked inside take the few seconds of a diagnosis at most.

    A failure ends the block, and is not told.
    """
    with contextlib.suppress(AirflowError), airflow.patience.within(FOR_A_DIAGNOSIS), airflow.client.in_haste(
        FOR_A_DIAGNOSIS
    ):
        yield
