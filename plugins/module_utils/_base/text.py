# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers and people write, brought into one line: error bodies, long texts, secrets."""

from __future__ import annotations

import html
import json
import re
import typing as t
from urllib.parse import quote

LONGEST_REASON = 240  # characters of a server's words that a message quotes
TOO_DEEP = "nested too deeply"
SHORTEST_LINE = 6  # characters of a line of a secret that is itself taken for a secret
MOST_NAMED = 4  # things of a list that a message names
CLOSE = 0.75  # how much of two names is the same when one may be meant by the other: 1 is all of it

# Control characters, those that turn the direction of a line, and halves of characters.
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Colours and other commands to a terminal; a title or a link (OSC) has an end of its own.
_TERMINAL = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]")


def without_colours(text: str) -> str:
    """Return the text without what steers a terminal: colours, movements of the cursor, links."""
    return _TERMINAL.sub("", text) if "\x1b" in text or "\x9b" in text else text


def one_line(text: t.Any, limit: int = LONGEST_REASON) -> str:
    """Return the text with all white space folded, without what would steer a terminal, cut to C(limit) characters."""
    line = _NO_TEXT.sub("?", " ".join(without_colours(str(text)).split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def as_given(text: str, limit: int = 60) -> str:
    """Return the text with all that cannot be seen written as Python does (C(\\n)), cut to C(limit) characters."""
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:limit])
    return shown if len(text) <= limit and len(shown) <= limit else shown[: limit - 1] + "…"


def first_few(texts: t.Sequence[str], joint: str = ", ") -> str:
    """Join as many texts as a message names, and say how many more there are: C(a, b, c, d, and 3 more)."""
    more = [f"and {len(texts) - MOST_NAMED} more"] if len(texts) > MOST_NAMED else []
    return joint.join([*texts[:MOST_NAMED], *more])


def it_or_them(count: int) -> str:
    """Return the word for so many things that were named before."""
    return "it" if count == 1 else "them"


def shortened(text: str, limit: int, clean: t.Callable[[str], str]) -> str:
    """Cut a text, of which no half of a secret may be left."""
    return text if len(text) <= limit else clean(text)[:limit]


class Redactor:
    """Replaces secrets in texts before they are cut: half a password would escape Ansible's own masking."""

    def __init__(self, secrets: t.Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        self.add(secrets)

    def add(self, secrets: t.Iterable[str]) -> None:
        """Learn more secrets, in each form in which a server may echo them.

        That is as they are, in a URL, and in a text of JSON or Python, which may itself be in such a text.
        """
        forms = set(self._forms)
        for secret in (shown for given in secrets for shown in _as_shown(given)):
            written = as_written(secret)
            forms.update((secret, quote(secret, safe="", errors="replace"), *written))
            forms.update(again for text in written for again in as_written(text))
        # Longest first: one secret may be a part of another.
        self._forms = sorted((form for form in forms if form), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, "********")
        return text

    def deep(self, value: t.Any) -> t.Any:
        """Do the same with all texts of a nested value."""
        return in_depth(self, value)


def _as_shown(secret: str) -> set[str]:
    """A secret as it is, and as it stands where lines were put together, trimmed, or written one by one."""
    plain = without_colours(secret)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    whole = {secret, plain, plain.strip("\r\n"), "\n".join(lines), re.sub(r"\s+", " ", plain)}
    if len(lines) > 1:
        # A shorter line, such as a bracket, stands in any text.
        whole.update(line for line in lines if len(line) >= SHORTEST_LINE)
        whole.update(("\n".join(line.rstrip() for line in plain.splitlines() if line.strip()), " ".join(lines)))
    return {form for form in whole if form.strip()} or {secret}


def in_depth(change: t.Callable[[str], str], value: t.Any) -> t.Any:
    """Change all texts of a nested value, keys included; of any depth, so it does not call itself."""
    whole: dict[str, t.Any] = {}
    left: list[tuple[t.Any, t.Any, t.Any]] = [(whole, "", value)]
    while left:
        place, key, item = left.pop()
        changed = change(item) if isinstance(item, str) else item
        if isinstance(item, dict):
            changed = {}
            left += [(changed, change(name) if isinstance(name, str) else name, item[name]) for name in reversed(item)]
        elif isinstance(item, list):
            changed = list(item)
            left += [(changed, index, entry) for index, entry in enumerate(item)]
        place[key] = changed
    return whole[""]


def as_written(text: str) -> set[str]:
    """A text as it stands in JSON and in Python; there its quotes are escaped or not, as the text around it wants."""
    escaped = text.replace("\\", "\\\\")
    in_json = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {*in_json, repr(text)[1:-1], escaped, escaped.replace("'", "\\'")}


def texts_in(value: t.Any) -> t.Iterator[str]:
    """Yield every text and number in a nested value as text: what Ansible masks of a C(no_log) option."""
    if isinstance(value, t.Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_in(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def not_among(
    wanted: t.Iterable[str],
    known: t.Collection[str],
    alike: t.Callable[[str, str], bool] = lambda word, name: True,
) -> str:
    """Name what is wanted and not known, with what is close to it; an empty text where all is known.

    :param alike: whether somebody who wrote the first can have meant the second.
    """
    unknown = sorted(set(wanted) - set(known))
    return first_few([_with_close(word, [name for name in known if alike(word, name)]) for word in unknown])


def _with_close(word: str, known: t.Iterable[str]) -> str:
    spelled = {name.lower(): name for name in known}
    close = close_to(word.lower(), spelled, 1)
    shown = one_line(word, 60)
    if not word or (shown != word and len(word) <= 60):
        # What is empty, or differs by a blank or a line break alone, could not be seen.
        shown = f"'{as_given(word)}'"
    return shown + (f" (did you mean {spelled[close[0]]}?)" if close else "")


def close_to(word: str, known: t.Iterable[str], most: int) -> list[str]:
    """Return those that somebody may have meant who has mistyped some letters, the closest one first."""
    import difflib  # Only a failure needs it.

    matcher = difflib.SequenceMatcher(None, "", word)
    close: list[tuple[float, str]] = []
    for name in known:
        matcher.set_seq1(name)
        letters = matcher.quick_ratio()
        # Letters that have changed places count half.
        score = (letters + matcher.ratio()) / 2 if letters >= CLOSE else 0.0
        if score >= CLOSE:
            close.append((score, name))
    return [name for _score, name in sorted(close, key=lambda found: -found[0])[:most]]


def json_of(text: str) -> t.Any:
    """Parse JSON; ValueError for what is none, or is nested too deeply for Python to read."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error


def json_problem(error: ValueError | RecursionError) -> str:
    """Say why a text or a value is no JSON, or where it stops being that. What stands there may be secret."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply, or holds itself"
    if str(error) == TOO_DEEP:
        return "it is nested too deeply"
    if not isinstance(error, json.JSONDecodeError):
        of_json = "float" not in str(error)
        return one_line(error, 120) if of_json else "it holds a number that JSON cannot carry (nan or infinity)"
    if error.pos >= len(error.doc.rstrip()):
        return "it ends too early"
    line = f" in line {error.lineno}" if "\n" in error.doc.strip() else ""
    return f"it breaks at character {error.colno}{line}"


def reason_of(content_type: str, body: str) -> str:
    """Return what an error's body says, in one line, or an empty text when it says nothing.

    Airflow 2 answers with problem+json (C(title), C(detail)), or with HTML when it fails itself; Airflow 3 with a
    C(detail) that is a text, a list of validation errors (they echo the input, which is left out here) or a dict.
    """
    try:
        answer = json_of(body)
    except ValueError:
        return _reason_of_text(content_type, body)
    if not isinstance(answer, dict):
        return ""
    for key in ("detail", "title", "message", "error"):
        reason = _reason_of_detail(answer.get(key))
        if reason:
            return reason
    return ""


def _reason_of_detail(detail: t.Any) -> str:
    if isinstance(detail, list):
        return "; ".join(filter(None, (_validation_error(item) for item in detail)))
    if isinstance(detail, dict):
        # Airflow 3 adds the SQL statement and its parameters; only the reason is for people.
        return str(detail.get("reason") or detail.get("message") or "")
    return "" if detail is None else str(detail)


def _validation_error(item: t.Any) -> str:
    if not isinstance(item, dict):
        return ""
    place = ".".join(str(part) for part in item.get("loc", ()) if part not in ("body", "query", "path"))
    text = str(item.get("msg", ""))
    return f"{place}: {text}" if place else text


def _reason_of_text(content_type: str, body: str) -> str:
    if not body.strip() or ("html" not in content_type and not body.lstrip().startswith("<")):
        return body.strip()
    title = re.search(r"<title[^>]*>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
    return f"an HTML page titled '{one_line(html.unescape(title.group(1)), 80)}'" if title else "an HTML page"
