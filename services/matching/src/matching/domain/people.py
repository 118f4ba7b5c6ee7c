"""The people of a run as scoring and rules see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

IntArray = npt.NDArray[np.int64]
ScoreArray = npt.NDArray[np.int16] | IntArray
"""Scores 0..10000; many of them are kept small."""
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Profile:
    """One person in a run: what HR says of them and what they ask and offer in the programme."""

    employee_id: str
    level: int = 0
    offset_minutes: int = 0
    """UTC offset of the person's time zone on the day of the run."""
    languages: frozenset[str] = frozenset()
    interests: frozenset[str] = frozenset()
    skills_wanted: frozenset[str] = frozenset()
    skills_offered: frozenset[str] = frozenset()
    goals: frozenset[str] = frozenset()
    wishes: tuple[str, ...] = ()
    """Employee ids, dearest first; at most 10."""
    blocks: frozenset[str] = frozenset()
    capacity: int = 1
    """How many more partners this person may be given."""
    line: tuple[int, int] = (0, 0)
    """(enter, leave) in the walk of the organisation tree; see `directory.reporting_intervals`."""


def profile_of(
    record: Mapping[str, Any], wants: Mapping[str, Any], capacity: int, line: tuple[int, int], on: datetime
) -> Profile:
    """A profile from the employee's record and the participant's own words; skills of the record are offered too."""
    return Profile(
        employee_id=record["employee_id"],
        level=record.get("level", 0),
        offset_minutes=offset_minutes(record.get("timezone", "UTC"), on.astimezone(UTC).date().isoformat()),
        languages=words(record.get("languages", ())),
        interests=words(record.get("interests", ())),
        skills_wanted=words(wants["skills_wanted"]),
        skills_offered=words(wants["skills_offered"]) or words(record.get("skills", ())),
        goals=words(wants["goals"]),
        wishes=tuple(wants["wishes"]),
        blocks=frozenset(wants["blocks"]),
        capacity=capacity,
        line=line,
    )


def words(given: Iterable[str]) -> frozenset[str]:
    """Words without regard to case and surrounding blanks."""
    return frozenset(word.strip().casefold() for word in given)


@lru_cache(maxsize=4096)
def offset_minutes(zone: str, day: str) -> int:
    """UTC offset of `zone` at noon of `day` (ISO), in minutes."""
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
    offset = noon.utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def shared(left: Sequence[frozenset[str]], right: Sequence[frozenset[str]]) -> IntArray:
    """How many words each of `left` has in common with each of `right`: shape (left, right)."""
    vocabulary = {
        word: number for number, word in enumerate(sorted(frozenset().union(*left) & frozenset().union(*right)))
    }
    if not vocabulary:
        return np.zeros((len(left), len(right)), dtype=np.int64)
    product = _incidence(left, vocabulary) @ _incidence(right, vocabulary).T
    return np.asarray(product.toarray(), dtype=np.int64)


def _incidence(sets: Sequence[frozenset[str]], vocabulary: Mapping[str, int]) -> csr_matrix:
    rows = [row for row, found in enumerate(sets) for word in found if word in vocabulary]
    columns = [vocabulary[word] for found in sets for word in found if word in vocabulary]
    ones = np.ones(len(rows), dtype=np.int32)
    return csr_matrix((ones, (rows, columns)), shape=(len(sets), len(vocabulary)))


def ranks(left: Sequence[Profile], right: Sequence[Profile]) -> IntArray:
    """10 for a first wish down to 1 for a tenth, 0 for none: shape (left, right)."""
    places = {profile.employee_id: column for column, profile in enumerate(right)}
    found = np.zeros((len(left), len(right)), dtype=np.int64)
    for row, profile in enumerate(left):
        for rank, wish in enumerate(profile.wishes[:10]):
            if wish in places:
                found[row, places[wish]] = 10 - rank
    return found


def column_of(values: Iterable[int]) -> IntArray:
    """Values as one column: shape (n, 1)."""
    return np.fromiter(values, dtype=np.int64).reshape(-1, 1)
