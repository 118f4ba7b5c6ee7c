"""Long lists in pages: an opaque cursor stands for the position after the last row seen."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from chassis.errors import Invalid

T = TypeVar("T")
R = TypeVar("R")

LIMIT = 50
LIMIT_MAX = 200


class Page(BaseModel, Generic[T]):
    """Some items of a list, and the cursor of the next ones if there are more."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """What page the caller wants: how many, and after what."""

    limit: int
    cursor: str | None = None

    @property
    def fetch(self) -> int:
        """How many rows to ask the database for: one more tells whether there is a next page."""
        return self.limit + 1

    def after(self, *types: Any) -> tuple[Any, ...] | None:
        """The sort key of the last row seen, one value per type; `None` on the first page.

        Types are those of the sort columns (`str`, `int`, `float`, `bool`, `datetime`, `date`, `UUID`); a cursor
        that does not fit them, somebody's own or another list's, is refused with 422.
        """
        if self.cursor is None:
            return None
        values = _decode(self.cursor)
        if len(values) != len(types):
            raise _not_ours()
        try:
            return tuple(TypeAdapter(kind).validate_python(value) for kind, value in zip(types, values, strict=True))
        except ValidationError:
            raise _not_ours() from None

    def page(self, rows: Sequence[R], *, key: Callable[[R], tuple[Any, ...]], item: Callable[[R], T]) -> Page[T]:
        """A page of up to `fetch` rows: `key` gives a row's sort key, `item` what the caller sees of it."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return Page[Any](items=[item(row) for row in shown], next=_encode(key(shown[-1])) if more else None)


async def _position(
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Items per page.")] = LIMIT,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")] = None,
) -> Position:
    return Position(limit, cursor)


Cursor = Annotated[Position, Depends(_position)]
"""The parameter of a list: `cursor: Cursor`, then `cursor.after(datetime, UUID)` and `cursor.page(rows, ...)`."""


def _encode(key: tuple[Any, ...]) -> str:
    text = json.dumps([_plain(value) for value in key], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> list[Any]:
    try:
        values = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    except (Base64Error, ValueError, RecursionError):
        raise _not_ours() from None
    if not isinstance(values, list) or any(isinstance(value, str) and "\x00" in value for value in values):
        raise _not_ours()
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _not_ours() -> Invalid:
    return Invalid("query.cursor", "This is not a cursor of this list.")
