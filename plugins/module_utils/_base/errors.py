# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, each as one sentence for the person who reads the task's output.

Functions of this collection raise these and nothing else on purpose; C(AirflowModule.execute) is the one place that
turns them into C(fail_json). Any other exception is a bug.
"""

from __future__ import annotations

import contextlib
import typing as t


class AirflowError(Exception):
    """A failure that the user should read.

    :param message: one sentence that says what happened and what to do.
    :param details: result keys to return next to C(msg), such as C(dag_run).
    :ivar passes: it may pass by itself, and did not come of the request: a fail-over of the database, a proxy that has
        lost its server. What does no harm when done twice is repeated, once Airflow has answered in this task.
    :ivar retry_after: seconds that the server asked to wait, when it did.
    :ivar lasted: it was endured as long as an outage may last: what a login gives up, its request does not go on with.
    :ivar cut_short: what it was endured in had to end before an outage has lasted too long.
    :ivar may_be_done: a request went out, and no answer tells whether Airflow has carried it out.
    """

    passes = False
    may_be_done = False
    retry_after: float | None = None
    lasted = False
    cut_short = False

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class BadInput(AirflowError):
    """An option's value cannot be right; nothing was sent."""


class UnfitId(BadInput):
    """The server has a pattern for ids of runs that this one does not fit; nothing was made.

    :param pattern: a regular expression.
    """

    def __init__(self, message: str, pattern: str) -> None:
        super().__init__(message)
        self.pattern = pattern


class Unsupported(AirflowError):
    """This version of Airflow does not have what was asked for."""


class RunFailed(AirflowError):
    """The DAG run ended, and not in success."""


class ObjectsFailed(AirflowError):
    """Some of many objects are not as they were wanted; carries the others in C(details)."""


class NoResult(AirflowError):
    """What a task has pushed is not there, or is too large to be returned.

    :param short: why, in a few words, for a message that names several.
    """

    def __init__(self, message: str, short: str) -> None:
        super().__init__(message)
        self.short = short


class NoQuestion(AirflowError):
    """A task has ended without asking, or asks no more."""


class ParseFailed(AirflowError):
    """Airflow cannot import the file of a DAG."""


class TimedOut(AirflowError):
    """A wait came to its end before what it waited for; carries the last known state in C(details)."""

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message, timed_out=True, **details)


class Unreachable(AirflowError):
    """No answer that counts as one arrived: refused, reset, timed out, or something in between answered.

    :param status: HTTP status code, when there was one.
    :param sent: whether the request may have reached Airflow.
    """

    passes = True

    def __init__(
        self, message: str, status: int | None = None, retry_after: float | None = None, sent: bool = True
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.may_be_done = sent


class CommandFailed(AirflowError):
    """A command on the host where the module runs cannot be started, took too long, or did not do what it was asked.

    :param printed: all that it has printed; not to be shown, since nobody knows what is in it.
    """

    def __init__(self, message: str, printed: str = "") -> None:
        super().__init__(message)
        self.printed = printed


class Redirected(AirflowError):
    """Something sends requests to a place that is not Airflow's API.

    :param what: the redirect in a few words.
    """

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


class Blocked(AirflowError):
    """A proxy or a firewall before Airflow refuses a request, with a page for people; Airflow has not seen it.

    :param status: HTTP status code.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class FateUnknown(AirflowError):
    """A request that makes something went out, no answer came back, and it cannot be found out whether it was done."""


class ApiError(AirflowError):
    """Airflow answered with an error.

    :param status: HTTP status code.
    :param reason: what the server said, in one line; empty when it said nothing of use.
    :ivar answer: the body of the answer, where it was JSON.
    :ivar allowed: the methods that the answer says may be sent there; empty when it does not say.
    """

    answer: t.Any = None
    allowed = ""

    def __init__(self, message: str, status: int, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class ShortList(ApiError):
    """A list has not held all that it says it holds, twice."""


class NotFound(ApiError):
    """404: the object does not exist."""


class NoSuchApi(ApiError):
    """404 for a path that this server does not know at all."""


class Conflict(ApiError):
    """409: an object with this key exists already, or is in use."""


class Denied(ApiError):
    """401 or 403: not logged in, wrong credentials, or no permission.

    :ivar authenticated: the credentials are known to be right, so it is a permission that is missing.
    """

    authenticated = False


class WrongLogin(Denied):
    """User name or password is wrong: the place where they are exchanged for a pass has refused them."""


class ServerError(ApiError):
    """500: Airflow itself failed. Airflow 2 gives it for some bad input, too."""


@contextlib.contextmanager
def about(label: str, kinds: type[AirflowError] | tuple[type[AirflowError], ...] = AirflowError) -> t.Iterator[None]:
    """Let an error say what it is about, such as one item of a list.

    :param kinds: the errors that are about it.
    """
    try:
        yield
    except kinds as error:
        error.message = f"{label}: {error.message}"
        raise
