"""Pages of a list: limit up to 100, and a token that says where the next one begins."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from instances.sandbox.calls import Call
from instances.sandbox.errors import Refusal

MOST_PER_PAGE = 100
LIMIT = re.compile(r"[0-9]{1,3}")

Item = TypeVar("Item")
Key = Callable[[Item], str | int]


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    items: list[Item]
    next_token: str | None

    def as_json(
        self, name: str, show: Callable[[Item], Mapping[str, object]]
    ) -> dict[str, object]:
        """The last page says nothing of a next one."""
        body: dict[str, object] = {name: [show(item) for item in self.items]}
        if self.next_token is not None:
            body["nextToken"] = self.next_token
        return body


def page_of(
    call: Call, items: Iterable[Item], *, key: Key[Item], descending: bool = False
) -> Page[Item]:
    """Items come sorted by key; the token holds the last key that was shown.

    So a page stays right when items appear or vanish between two calls.
    """
    limit = read_limit(call)
    after = read_token(call)
    if after is not None:
        items = (item for item in items if comes_after(key(item), after, descending))
    shown = list(islice(items, limit + 1))
    more = len(shown) > limit
    shown = shown[:limit]
    return Page(
        items=shown, next_token=write_token(call, key(shown[-1])) if more else None
    )


def comes_after(key: str | int, after: str | int, descending: bool) -> bool:
    """A token for keys of another type was made up; it finds nothing."""
    if isinstance(key, int) and isinstance(after, int):
        return key < after if descending else key > after
    return not descending and str(key) > str(after)


def read_limit(call: Call) -> int:
    given = call.query.get("limit", str(MOST_PER_PAGE))
    if not LIMIT.fullmatch(given) or not 1 <= int(given) <= MOST_PER_PAGE:
        raise Refusal(400, f"limit must be between 1 and {MOST_PER_PAGE}.")
    return int(given)


def filters_of(call: Call) -> list[str]:
    """A token belongs to the list it came from, whatever the size of its pages."""
    names = sorted(set(call.query) - {"limit", "nextToken"})
    return [call.path, *(f"{name}={call.query[name]}" for name in names)]


def write_token(call: Call, key: str | int) -> str:
    content = json.dumps([key, filters_of(call)])
    return base64.urlsafe_b64encode(content.encode()).decode()


def read_token(call: Call) -> str | int | None:
    token = call.query.get("nextToken")
    if not token:
        return None
    try:
        key, filters = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError) as error:
        raise Refusal(400, "nextToken is not valid.") from error
    if filters != filters_of(call) or not isinstance(key, str | int):
        raise Refusal(400, "nextToken is not valid for this request.")
    return key
