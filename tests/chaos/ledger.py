"""What the driver was told is stored, and what must follow from it: the oracle of the fault runs, in plain Python."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.hr import EmployeeRecord


@dataclass
class Meeting:
    """A session as its last accepted request left it."""

    members: tuple[str, str]
    starts_at: datetime
    status: str = "scheduled"
    moves: int = 0


@dataclass
class Ledger:
    """Every write that was accepted."""

    records: dict[str, list[EmployeeRecord]] = field(default_factory=dict)
    relationships: dict[str, tuple[str, str]] = field(default_factory=dict)
    meetings: dict[str, Meeting] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def published(self, record: EmployeeRecord) -> None:
        """HR's stream acknowledged a record."""
        self.records.setdefault(record.employee_id, []).append(record)
        self.counts["employee events"] += 1

    def in_force(self) -> dict[str, EmployeeRecord]:
        """The directory: of each employee the highest version (every record is in force from the start)."""
        return {one: max(records, key=lambda record: record.version) for one, records in self.records.items()}

    def directory(self) -> dict[str, tuple[int, str, int]]:
        """Version, department and level of everybody."""
        return {one: (record.version, record.department, record.level) for one, record in self.in_force().items()}

    def addresses(self) -> dict[str, tuple[int, str, str]]:
        """Version, name and mail address of everybody."""
        return {one: (record.version, record.display_name, record.email) for one, record in self.in_force().items()}

    def sessions(self) -> dict[str, tuple[str, datetime, int]]:
        """Status, start and calendar sequence of every session."""
        return {
            session: (meeting.status, meeting.starts_at, meeting.moves + (meeting.status == "cancelled"))
            for session, meeting in self.meetings.items()
        }

    def messages(self) -> Counter[tuple[str, str]]:
        """How many messages of each kind about sessions and relationships each person must have in the inbox."""
        expected: Counter[tuple[str, str]] = Counter()
        for members in self.relationships.values():
            for member in members:
                expected[member, "relationship_opened"] += 1
        return expected

    def summary(self) -> dict[str, Any]:
        """What was done, for the report."""
        return {**self.counts, "employees": len(self.records), "sessions": len(self.meetings)}
