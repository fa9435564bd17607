# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that come in pages."""

from __future__ import annotations

import typing as t

from .._base.errors import ApiError, ShortList
from .client import Client

Object = t.Dict[str, t.Any]
Identity = t.Callable[[Object], t.Any]

PAGE = 100  # objects; Airflow caps larger pages silently at [api] maximum_page_limit, 100 by default


def pages(
    client: Client,
    path: str,
    key: str,
    identity: Identity,
    params: t.Mapping[str, t.Any] | None = None,
    most: int | None = None,
) -> list[Object]:
    """Read all pages of a list, or its first C(most) objects; they are told apart by C(identity).

    Pages move by what was received, since a server may cap them lower than asked. Without an order (task instances of
    Airflow 2) or while objects come and go, pages overlap: a list that comes out short is read once more, then it is
    an error. A total that is exceeded was wrong, so it ends nothing; a page with nothing new does, for something in
    between may answer each with the same one.
    """
    for _attempt in range(2):
        found, total = _read(client, path, key, identity, params or {}, most)
        if len(found) >= (total if most is None else min(most, total)):
            return list(found.values())[:most]
    raise ShortList(
        f"Airflow says that {client.url}{path} holds {total} objects, but its pages gave {len(found)}; try again.",
        200,
    )


def _read(
    client: Client, path: str, key: str, identity: Identity, params: t.Mapping[str, t.Any], most: int | None
) -> tuple[dict[t.Any, Object], int]:
    found: dict[t.Any, Object] = {}
    received = 0
    while True:
        limit = PAGE if most is None else min(PAGE, most - len(found))
        page = client.get(path, {**params, "limit": limit, "offset": received})
        items = page.get(key) if isinstance(page, dict) else None
        if not isinstance(items, list):
            raise ApiError(f"{client.url}{path} answered with JSON that has no list of {key}; check api_url.", 200)
        before = len(found)
        try:
            found.update((identity(item), item) for item in items)
        except (KeyError, TypeError) as error:
            raise ApiError(
                f"{client.url}{path} answered with {key} of an unknown shape; check api_url.", 200
            ) from error
        received += len(items)
        total = page.get("total_entries")
        known_total = total if isinstance(total, int) else 0
        enough = len(found) == known_total or (most is not None and len(found) >= most)
        if len(found) == before or enough:
            return found, known_total


def walk(ask: t.Callable[[int], Object], key: str, identity: Identity) -> list[Object]:
    """Go through pages that are no plain GET, until the last one, or one with nothing new.

    :param ask: returns the page that begins behind so many objects.
    """
    found: dict[t.Any, Object] = {}
    seen = 0
    while True:
        page = ask(seen)
        before = len(found)
        found.update((identity(item), item) for item in page[key])
        seen += len(page[key])
        if len(found) == before or _is_last(page, seen):
            return list(found.values())


def _is_last(page: Object, seen: int) -> bool:
    """Whether no page comes after this one, as far as the server knows; it need not count (3.2 and newer)."""
    total = page["total_entries"]
    return isinstance(total, int) and seen >= total
