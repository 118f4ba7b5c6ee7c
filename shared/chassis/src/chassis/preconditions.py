"""Lost updates: a change may say which version it was made for, and is refused when that is gone."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from chassis.errors import PreconditionFailed


def etag(version: int | str) -> str:
    """The strong entity tag of a version, for the `ETag` header."""
    return f'"{version}"'


@dataclass(frozen=True, slots=True)
class Precondition:
    """The caller's `If-Match`: nothing, anything that exists, or certain versions."""

    tags: frozenset[str] | None

    def check(self, version: int | str | None) -> None:
        """Raise 412 unless the thing is at a version that the caller named; `None` means there is no thing."""
        if self.tags is None:
            return
        if version is None or (etag(version) not in self.tags and "*" not in self.tags):
            raise PreconditionFailed


async def _if_match(
    if_match: Annotated[str | None, Header(description="Change only this version of it.", max_length=1000)] = None,
) -> Precondition:
    return Precondition(None if if_match is None else tags_in(if_match))


def tags_in(header: str) -> frozenset[str]:
    """The entity tags of an `If-Match` header; weak ones never match a change and stay weak here."""
    return frozenset(part.strip() for part in header.split(",") if part.strip())


def matches_none(header: str, tag: str) -> bool:
    """Whether `If-None-Match` names this tag, by weak comparison as reads have it."""
    return any(known == "*" or known.removeprefix("W/") == tag.removeprefix("W/") for known in tags_in(header))


IfMatch = Annotated[Precondition, Depends(_if_match)]
"""The parameter of a change: `if_match: IfMatch`, then `if_match.check(thing.version)`."""
