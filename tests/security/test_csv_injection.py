"""What stands in a cell stays in that cell: no text adds a row or a column, and refusals repeat none of it."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chassis.records import Refusals, Refused
from contracts.hr import EmployeeHired
from mentorship.company import write
from mentorship.importing import Row, read_rows

VERSION = 1_750_000_000_000
ATTACKS = (
    *('"', '""', '","', "'", ",", ";", "\t", "|", "\\", '\\"', "#", "a,b,c", '","x@evil.example","', "a;b", "a|b"),
    *("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", '=HYPERLINK("http://evil.example")', "E2,Eve,eve@evil.example"),
    *("employee_id", "null", "None", "NaN", "0", "\u00a0x", "\u3000", "a\u200bb", "ﷺ", "𝄞", "é", "\ufeff=1"),
)
lines = st.sampled_from(ATTACKS) | st.text(max_size=40)
words = st.lists(lines, max_size=4)
texts = dict.fromkeys(("display_name", "department", "job_title", "location"), lines)
lists = dict.fromkeys(("languages", "skills", "interests"), words)
records = st.fixed_dictionaries({**texts, **lists})
unhurried = settings(deadline=None, max_examples=80)


def employee(number: int, record: dict[str, Any]) -> EmployeeHired | None:
    """The record as an employee, unless no event could hold it."""
    known = {"employee_id": f"E{number}", "version": VERSION, "email": "a@example.com"}
    try:
        return EmployeeHired.model_validate(known | record)
    except ValueError:
        return None


def written(people: list[EmployeeHired], path: Path) -> list[Row | Refused]:
    write(people, path)
    return list(read_rows(path, EmployeeHired, VERSION))


@unhurried
@given(records=st.lists(records, min_size=1, max_size=3))
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_what_is_written_is_read_back_equal(
    tmp_path_factory: pytest.TempPathFactory, ending: str, records: list[dict[str, Any]]
) -> None:
    people = [one for number, record in enumerate(records) if (one := employee(number, record))]
    if ending == "csv":  # in a cell a list is one text, so that what separates its words stands in none of them
        people = [one for one in people if not any(re.search("[;|]", word) for word in _listed(one))]
    rows = written(people, tmp_path_factory.getbasetemp() / f"people.{ending}")
    assert [row.event if isinstance(row, Row) else row for row in rows] == people


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", ["department", "job_title"])
def test_no_text_leaves_its_cell(tmp_path: Path, field: str, attack: str) -> None:
    person = employee(1, {"display_name": "Ann", field: attack})
    if person is None:
        assert attack == "\ufeff=1", "the others are lines that an event may hold"
        return
    rows = written([person, person.model_copy(update={"employee_id": "E2"})], tmp_path / "people.csv")
    assert [row.event.employee_id for row in rows if isinstance(row, Row)] == ["E1", "E2"]
    assert all(getattr(row.event, field) == attack.strip() for row in rows if isinstance(row, Row))


@unhurried
@given(cells=st.lists(st.lists(lines, min_size=4, max_size=4), min_size=1, max_size=4))
@example(cells=[["=1+1", "=1+1", "=1+1", "=1+1"]])
def test_a_list_of_refusals_holds_lines_and_reasons_and_nothing_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "refused-people.csv"
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("employee_id", "display_name", "email", "level"))
        writer.writerows([f"canary{cell}" for cell in row] for row in cells)
    refusals = Refusals(path)
    refused = [row for row in read_rows(path, EmployeeHired, VERSION) if isinstance(row, Refused)]
    for one in refused:
        refusals.add(one)
    assert refused, "a level of text is no level"
    with refusals.path.open(encoding="utf-8", newline="") as file:
        head, *listed = list(csv.reader(file))
    assert head == ["line", "reason"]
    assert listed == [[str(one.line), one.reason] for one in refused]
    assert all("canary" not in reason and reason[0].isalpha() for _, reason in listed)


def _listed(person: EmployeeHired) -> tuple[str, ...]:
    return (*person.languages, *person.skills, *person.interests)
