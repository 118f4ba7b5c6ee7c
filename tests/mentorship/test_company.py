import csv
import json
import tracemalloc
from collections import Counter
from pathlib import Path
from zoneinfo import available_timezones

import pytest

from contracts.hr import EmployeeHired
from mentorship.company import LARGEST, people, write


@pytest.fixture(scope="module")
def thousands() -> list[EmployeeHired]:
    return list(people(3000, seed=7))


def test_the_same_seed_gives_the_same_company_and_another_seed_another() -> None:
    assert list(people(60, seed=1)) == list(people(60, seed=1))
    assert list(people(60, seed=1)) != list(people(60, seed=2))


@pytest.mark.parametrize("size", [50, 51, 237, 1000])
def test_a_company_has_the_size_asked_for(size: int) -> None:
    assert len({person.employee_id for person in people(size, seed=3)}) == size


@pytest.mark.parametrize("size", [0, 49, LARGEST + 1])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="50 to 100000"):
        next(people(size, seed=1))


def test_everybody_but_the_head_reports_to_somebody_who_came_before(thousands: list[EmployeeHired]) -> None:
    seen: set[str] = set()
    for person in thousands:
        assert person.manager_id in seen or (person.manager_id is None and not seen)
        seen.add(person.employee_id)


def test_managers_have_a_handful_of_reports_and_stand_above_them(thousands: list[EmployeeHired]) -> None:
    levels = {person.employee_id: person.level for person in thousands}
    reports = Counter(person.manager_id for person in thousands if person.manager_id)
    assert max(reports.values()) <= 10
    assert all(person.level < levels[person.manager_id] for person in thousands if person.manager_id)


def test_a_department_stays_together(thousands: list[EmployeeHired]) -> None:
    departments = {person.employee_id: person.department for person in thousands}
    below_the_heads = [person for person in thousands if person.manager_id not in (None, thousands[0].employee_id)]
    assert all(departments[person.manager_id or ""] == person.department for person in below_the_heads)
    assert Counter(departments.values()).most_common(1)[0][0] == "Engineering"


def test_skills_are_popular_as_zipf_has_it(thousands: list[EmployeeHired]) -> None:
    popular = [count for _, count in Counter(skill for person in thousands for skill in person.skills).most_common()]
    assert len(popular) > 100
    assert popular[0] > 3 * popular[9] > 6 * popular[60]


def test_addresses_are_unique_and_names_vary(thousands: list[EmployeeHired]) -> None:
    assert len({person.email for person in thousands}) == 3000
    assert Counter(person.display_name for person in thousands).most_common(1)[0][1] < 25
    assert any(not person.display_name.isascii() for person in thousands)


def test_people_live_in_real_time_zones_and_speak_something(thousands: list[EmployeeHired]) -> None:
    assert {person.timezone for person in thousands} <= available_timezones()
    assert len({person.location for person in thousands}) > 10
    assert all(person.languages and person.skills for person in thousands)


def test_memory_does_not_grow_with_the_company(tmp_path: Path) -> None:
    def peak(size: int) -> int:
        tracemalloc.start()
        write(people(size, seed=1), tmp_path / "company.csv")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1500)  # what is cached on first use is no growth
    assert peak(1500) < peak(300) + 50_000


def test_both_formats_say_the_same(tmp_path: Path) -> None:
    write(people(50, seed=1), tmp_path / "company.csv")
    write(people(50, seed=1), tmp_path / "company.jsonl")
    rows = list(csv.DictReader((tmp_path / "company.csv").read_text("utf-8").splitlines()))
    records = [json.loads(line) for line in (tmp_path / "company.jsonl").read_text("utf-8").splitlines()]
    assert [row["skills"].split(";") for row in rows] == [record["skills"] for record in records]
    assert [row["manager_id"] or None for row in rows] == [record["manager_id"] for record in records]
