"""The people of the demo: mentors and mentees out of a made-up company, under ids of their own."""

import time
from dataclasses import dataclass

from contracts.hr import EmployeeHired
from mentorship.company import people

PAIRS = 12


@dataclass(frozen=True)
class Cast:
    """Who takes part; the people in charge are no employees of the demo."""

    manager: str
    mentors: tuple[EmployeeHired, ...]
    mentees: tuple[EmployeeHired, ...]

    @property
    def everybody(self) -> tuple[EmployeeHired, ...]:
        return self.mentors + self.mentees

    def named(self, employee_id: str) -> str:
        """The name of somebody by id."""
        return next(one.display_name for one in self.everybody if one.employee_id == employee_id)


def cast() -> Cast:
    """New people each time, so that the demo can be run again."""
    stamp = int(time.time())
    company = list(people(400, stamp))
    seniors = [one for one in company if 7 <= one.level <= 9][:PAIRS]
    juniors = [one for one in company if one.level <= 3][:: len(company) // 60][:PAIRS]
    renamed = [_under(one, f"D{stamp}-{number:02d}", stamp * 1000) for number, one in enumerate(seniors + juniors, 1)]
    return Cast(f"demo-manager-{stamp}", tuple(renamed[: len(seniors)]), tuple(renamed[len(seniors) :]))


def _under(person: EmployeeHired, employee_id: str, version: int) -> EmployeeHired:
    local = person.email.partition("@")[0].rpartition(".")[0]
    address = f"{local}.{employee_id.lower()}@lumen.example"
    changes = {"employee_id": employee_id, "email": address, "version": version, "manager_id": None}
    return person.model_copy(update=changes)
