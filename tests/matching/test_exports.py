import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.domain.spreadsheet import csv_lines
from matching.domain.verify import verify
from tests.builders import erased
from tests.matching.conftest import House
from tests.security.test_csv_injection import ATTACKS


async def _run(house: House) -> str:
    programme = await house.programme()
    await house.enrol(programme, ["E1", "E2", "E3"], "mentee", skills_wanted=["python"])
    await house.enrol(programme, ["E4", "E5"], "mentor")
    return str((await house.run(programme))["run_id"])


@given(st.lists(st.lists(st.sampled_from(ATTACKS) | st.text(max_size=10) | st.integers(), min_size=2, max_size=2)))
def test_no_text_leaves_its_cell_or_is_worked_out(rows: list[list[str | int]]) -> None:
    rows = [row for row in rows if not any("\x00" in cell for cell in row if isinstance(cell, str))]
    read = list(csv.reader(io.StringIO(csv_lines(rows), newline="")))
    assert [len(row) for row in read] == [2] * len(rows)
    for given_row, row in zip(rows, read, strict=True):
        for value, cell in zip(given_row, row, strict=True):
            assert cell in {str(value), f"'{value}"}
            assert isinstance(value, int) or not cell.lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("page", [1, 2000])
async def test_the_pairs_are_exported_as_csv_and_as_json_whatever_their_number(
    staffed: House, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr("matching.handlers.exports._AT_ONCE", page)
    run_id = await _run(staffed)
    path = f"/runs/{run_id}/export"
    pairs = (await staffed.ok("GET", f"/runs/{run_id}"))["pairs"]
    answer = await staffed.call("GET", path, params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    read = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["mentee_id"], row["mentor_id"], int(row["score"])) for row in read] == [
        (pair["mentee_id"], pair["mentor_id"], pair["score"]) for pair in pairs
    ]
    assert [int(row["skills"]) for row in read] == [pair["contributions"]["skills"] for pair in pairs]
    whole = await staffed.ok("GET", path)
    assert (whole["pairs"], whole["run"]["run_id"]) == (pairs, run_id)
    assert [one["reason"] for one in whole["unmatched"]] == ["all_full"]
    alone = await staffed.call("GET", path, params={"format": "csv", "part": "unmatched"})
    assert alone.text.splitlines() == ["employee_id,reason", f"{whole['unmatched'][0]['employee_id']},all_full"]
    report = await staffed.call("GET", path, params={"format": "csv", "part": "report"})
    assert "fairness.load.max,1" in report.text.splitlines()


async def test_a_run_is_proven_again_from_its_certificate_alone(staffed: House) -> None:
    run_id = await _run(staffed)
    document = await staffed.ok("GET", f"/runs/{run_id}/certificate")
    assert verify(json.loads(json.dumps(document))).holds


async def test_a_certificate_goes_with_the_people_in_it(staffed: House) -> None:
    run_id = await _run(staffed)
    await staffed.hear(erased("E3"))
    assert (await staffed.call("GET", f"/runs/{run_id}/certificate")).status_code == 404
    assert (await staffed.call("GET", f"/runs/{run_id}/export")).status_code == 200


async def test_files_of_a_run_are_for_who_runs_the_programme(staffed: House) -> None:
    run_id = await _run(staffed)
    for path in ("export", "certificate"):
        other = await staffed.call("GET", f"/runs/{run_id}/{path}", "E-other", "programme-manager")
        assert other.status_code == 404
        assert (await staffed.call("GET", f"/runs/{run_id}/{path}", "E1")).status_code == 403
