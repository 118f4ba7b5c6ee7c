"""Hold-out arms: who is kept out of a programme, drawn at random so that anybody can draw the same again.

Everybody has a ticket: SHA-256 of the seed, a line feed and their employee id, as a number of 256 bits. The draw takes
in each stratum those with the lowest tickets; how many is the share of the stratum, with the largest remainders rounded
up so that the whole has its share too. Who comes later is held out if their ticket is below the share of all tickets.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal

from contracts.matching import Arm, Role
from matching.domain.refusal import BadValue, Refused

Stratum = Literal["department", "level", "site"]

METHOD = "sha256-1"
"""Recorded with each draw: how the seed decides."""
TICKETS = 1 << 256

_FIELDS: dict[Stratum, str] = {"department": "department", "level": "level", "site": "location"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What decides who is held out."""

    seed: str
    share: Fraction
    strata: tuple[Stratum, ...] = ()
    roles: tuple[Role, ...] = ()
    """Only who has one of these roles is drawn; empty: everybody."""
    method: str = METHOD

    def concerns(self, roles: Iterable[Role]) -> bool:
        """Whether people of these roles are drawn at all."""
        return not self.roles or bool(set(self.roles) & set(roles))


@dataclass(frozen=True, slots=True)
class Arms:
    """A draw that was made, as it is recorded."""

    drawing: Drawing
    population: int
    held_out: int
    drawn_by: str | None
    drawn_at: datetime


def ticket(seed: str, employee_id: str) -> int:
    """A person's number in a draw: 0 up to, not including, `TICKETS`."""
    return int.from_bytes(hashlib.sha256(f"{seed}\n{employee_id}".encode()).digest(), "big")


def stratum_of(record: Mapping[str, Any], strata: Iterable[Stratum]) -> tuple[str, ...]:
    """Which stratum somebody belongs to, by their record of HR."""
    return tuple(str(record.get(_FIELDS[name], "")).strip().casefold() for name in strata)


def draw(drawing: Drawing, people: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Who is held out, of people (employee id) in their strata."""
    members: dict[tuple[str, ...], list[str]] = {}
    for name, stratum in people.items():
        members.setdefault(stratum, []).append(name)
    held: set[str] = set()
    for stratum, number in quotas({key: len(names) for key, names in members.items()}, drawing.share).items():
        held.update(sorted(members[stratum], key=lambda name: (ticket(drawing.seed, name), name))[:number])
    return frozenset(held)


def quotas(sizes: Mapping[tuple[str, ...], int], share: Fraction) -> dict[tuple[str, ...], int]:
    """How many of each stratum are held out: the share of it, the whole rounded to the nearest, halves up."""
    whole = int(share * sum(sizes.values()) + Fraction(1, 2))
    found = {stratum: int(share * size) for stratum, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda stratum: (found[stratum] - share * sizes[stratum], stratum))
    for stratum in by_remainder[: whole - sum(found.values())]:
        found[stratum] += 1
    return found


def arm_of(drawing: Drawing, employee_id: str, roles: Iterable[Role]) -> Arm | None:
    """The arm of somebody who comes after the draw; none if people of their roles are not drawn."""
    if not drawing.concerns(roles):
        return None
    return "control" if ticket(drawing.seed, employee_id) < drawing.share * TICKETS else "treatment"


def must_be_drawable(drawing: Drawing, fitting: Iterable[Role], *, runs: int, pins: int, drawn: bool) -> None:
    """Refuses a draw that would come too late, twice, or against what was decided by hand."""
    if not set(drawing.roles) <= set(fitting):
        raise BadValue("roles", f"This programme has the roles {', '.join(sorted(fitting))}.")
    if drawn:
        raise Refused("arms_drawn", "Arms are drawn once; who comes later is assigned by the same seed.")
    if runs:
        raise Refused("run_made", "Arms are drawn before the first run; this programme has had one.")
    if pins:
        raise Refused("pairs_pinned", "Take the must-match pairs back first: who was chosen cannot be drawn.")
