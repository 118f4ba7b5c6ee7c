import csv
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from mentorship.cli import main

HEADER = "employee_id,role,manager_id,level,timezone,languages,skills_wanted,skills_offered,capacity,wishes"
ROWS = (
    "M1,mentee,N1,1,Europe/Berlin,en;de,postgres;Public speaking,,,",
    "M2,mentee,,2,Europe/Paris,en|fr,Negotiation,,,N1",
    "M3,mentee,,1,Asia/Tokyo,ja,Python,,,",
    "N1,mentor,,6,Europe/Berlin,en,,PostgreSQL;Negotiation,2,",
    "N2,mentor,,5,Europe/Madrid,en;es,,PostgreSQL,1,",
)


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "people.csv"
    path.write_text("\n".join([header, *(rows or ROWS)]) + "\n", encoding="utf-8")
    return path


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    code = ended.value.code
    return code if isinstance(code, int) else 0


def found(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    assert run("match", *arguments, "--json") in {0, 1}
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def partners(answer: dict[str, Any]) -> dict[str, str]:
    return {pair["mentee_id"]: pair["mentor_id"] for pair in answer["pairs"]}


def test_the_people_of_one_file_are_matched_without_a_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = found(capsys, table(tmp_path))
    # M1 reports to N1 and never gets them; postgres is PostgreSQL.
    assert partners(answer) == {"M1": "N2", "M2": "N1", "M3": "N1"}
    assert answer["certified"]
    assert answer["pairs"][0]["contributions"]["skills"] == 2000
    assert sum(answer["pairs"][0]["contributions"].values()) == answer["pairs"][0]["score"]


def test_rules_from_a_file_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('{"shared_language": true}', encoding="utf-8")
    answer = found(capsys, table(tmp_path), "--rules", rules)
    assert partners(answer) == {"M1": "N2", "M2": "N1"}
    assert answer["unmatched"] == {"M3": "no_candidates"}


def test_pairs_that_are_settled_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("mentee_id,mentor_id,kind\nM3,N2,must_match\nM2,N1,forbidden\n", encoding="utf-8")
    assert partners(found(capsys, table(tmp_path), "--pairs", pairs)) == {"M3": "N2"}


def test_pairs_that_cannot_be_read_are_refused_by_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs.csv"
    for text, words in {
        "mentee_id;mentor_id;kind\nM3;N2;must_match\nM2;N1;maybe\n": "line 3: the kind is none of",
        "mentee_id,mentor_id,kind\nM3\n": "line 2: row: has 1 cells",
        "mentee_id,kind\n": "no column mentor_id",
    }.items():
        pairs.write_text(text, encoding="utf-8")
        assert run("match", table(tmp_path), "--pairs", pairs) == 2
        assert words in capsys.readouterr().err


def test_peers_of_one_file_are_paired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = table(tmp_path, "A,peer", "B,peer", "C,peer", "D,peer", header="employee_id,role")
    assert len(found(capsys, people, "--format", "peer")["pairs"]) == 2


def test_one_may_be_mentor_and_mentee_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = table(tmp_path, "A,mentor|mentee", "B,mentor;mentee", header="employee_id,role")
    assert partners(found(capsys, people)) == {"A": "B", "B": "A"}


def test_json_lines_are_read_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = tmp_path / "people.jsonl"
    rows = [{"employee_id": "A", "role": "mentee", "level": 1}, {"employee_id": "B", "role": ["mentor"], "capacity": 2}]
    people.write_text("\n".join(map(json.dumps, rows)) + "\n\n{\n", encoding="utf-8")
    answer = found(capsys, people)
    assert partners(answer) == {"A": "B"}
    assert answer["refused"] == [{"line": 4, "reason": "row: is not JSON"}]


BAD_JSON = {
    '{"employee_id": "C", "role": "mentee", "level": [1]}': "level: '[1]' is no whole number",
    '{"employee_id": "C", "role": "mentee", "skills": {"a": 1}}': "skills: holds something that is no word",
    '{"employee_id": "C", "role": "mentee", "shoe": 42}': "row: has 'shoe', which means nothing here",
}


@pytest.mark.parametrize("row", BAD_JSON)
def test_a_json_row_that_cannot_be_meant_is_refused_by_its_field(
    row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "people.jsonl"
    others = '{"employee_id": "A", "role": "mentee", "skills": null}\n{"employee_id": "B", "role": "mentor"}\n'
    people.write_text(f"{others}{row}\n", encoding="utf-8")
    answer = found(capsys, people)
    assert partners(answer) == {"A": "B"}
    assert [(one["line"], one["reason"].startswith(BAD_JSON[row])) for one in answer["refused"]] == [(3, True)]


BAD = {
    "M4,chef,,1,,,,,,": "role: 'chef' is none of mentee, mentor, peer",
    "M4,mentee,,tall,,,,,,": "level: 'tall' is no whole number",
    "M4,mentee,,1,Mars/Base,,,,,": "timezone: 'Mars/Base' is no time zone such as Europe/Berlin",
    "M4,mentee,,1,,,,,,M4": "wishes: M4 names themselves.",
    "M4,mentor,,1,,,,,-1,": "capacity: -1 is not between 0 and 10,000",
    "M1,mentee,,1,,,,,,": "employee_id: M1 stands on line 2 already",
    ",mentee,,1,,,,,,": "employee_id: is missing",
    "M4,mentee": "row: has 2 cells, the first line names 10",
}


@pytest.mark.parametrize("row", BAD)
def test_a_bad_row_is_listed_beside_the_file_and_the_others_are_matched(
    row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = table(tmp_path, *ROWS, row)
    assert run("match", people) == 1
    assert "3 of 3 mentees matched" in capsys.readouterr().out
    refused = list(csv.reader((tmp_path / "people.csv.refused.csv").read_text(encoding="utf-8").splitlines()))
    assert refused == [["line", "reason"], ["7", BAD[row]]]
    assert run("match", table(tmp_path)) == 0
    assert not (tmp_path / "people.csv.refused.csv").exists()


def test_the_report_says_who_has_nobody_and_how_load_and_scores_lie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = table(tmp_path, *ROWS, "M9,mentee,,1,,en,Python,,,", "M8,mentee,,1,,en,Python,,,")
    assert run("match", people) == 0
    said = capsys.readouterr().out
    for words in ("3 of 5 mentees matched (60.0%)", "everybody who suits is full", "Gini", "first served", "N1"):
        assert words in said
    assert "no other choice of pairs is better" in said
    assert "2 have nobody" in said


def test_the_report_counts_one_in_the_singular_and_ten_thousand_points_where_they_belong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('{"weights": {"wish": 1}}', encoding="utf-8")
    wished = ("M1,mentee,,1,,en,,,,N1", "M2,mentee,,1,,en,,,,N1", "N1,mentor,,6,,en,,,1,")
    assert run("match", table(tmp_path, *wished), "--rules", rules) == 0
    said = capsys.readouterr().out
    assert "1 has nobody" in said
    assert "9,000 to 10,000" in said


def test_pairs_are_written_as_csv_that_no_spreadsheet_takes_for_a_formula(tmp_path: Path) -> None:
    people = table(tmp_path, "=M1,mentee", "N1,mentor", header="employee_id,role")
    out = tmp_path / "pairs.csv"
    assert run("match", people, "--out", out) == 0
    rows = list(csv.reader(out.read_text(encoding="utf-8").splitlines()))
    assert rows[0][:4] == ["mentee_id", "mentor_id", "score", "skills"]
    assert rows[1][:2] == ["'=M1", "N1"]
    assert int(rows[1][2]) == sum(map(int, rows[1][3:]))


ONE_SENTENCE = {
    "no_role.csv": ("employee_id\nA\n", "has no column role"),
    "unknown.csv": ("employee_id,role,shoe\nA,mentee,42\n", "'shoe'"),
    "nobody.csv": ("employee_id,role\nA,mentee\n", "nobody whose role is mentor"),
    "empty.csv": ("", "has no column employee_id"),
}


@pytest.mark.parametrize("name", ONE_SENTENCE)
def test_a_file_that_cannot_be_matched_is_refused_in_one_sentence(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = ONE_SENTENCE[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert run("match", tmp_path / name) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.startswith("mentorship: ")
    assert said.count("\n") == 1


BAD_RULES = {
    '{"weights": {"skill": 1}}': "rules.weights.skill: there is no such rule.",
    '{"level_gap_min": 3, "level_gap_max": 1}': "rules.level_gap_max",
    "[]": "JSON object",
    "{": "not JSON",
}


@pytest.mark.parametrize("text", BAD_RULES)
def test_rules_that_make_no_sense_are_refused_by_their_field(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(text, encoding="utf-8")
    assert run("match", table(tmp_path), "--rules", rules) == 2
    assert BAD_RULES[text] in capsys.readouterr().err


def test_a_pin_that_breaks_a_hard_rule_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("mentee_id,mentor_id,kind\nM1,N1,must_match\n", encoding="utf-8")
    assert run("match", table(tmp_path), "--pairs", pairs) == 2
    assert "reporting_line" in capsys.readouterr().err


def exported_run(folder: Path) -> Path:
    path = folder / "run.json"
    assert run("match", table(folder), "--run", path) == 0
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zlib.compress])
def test_a_run_is_proven_from_its_file(pack: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = exported_run(tmp_path)
    path.write_bytes(pack(path.read_bytes()))
    assert run("verify-run", path) == 0
    assert "no other pairs are better" in capsys.readouterr().out


def test_a_run_that_was_tampered_with_is_not_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = exported_run(tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["pairs"][0]["mentor"] = "N1"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert run("verify-run", path) == 1
    said = capsys.readouterr().out
    assert "M1 with N1: reporting_line" in said
    assert "Not everything" in said


@pytest.mark.parametrize("data", [b"", b"{}", b"\x1f\x8b\x08 cut off", b"[1]", b"{"])
def test_a_file_that_is_no_run_is_refused_in_one_sentence(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(data)
    assert run("verify-run", path) == 2
    assert "exported run" in capsys.readouterr().err
