"""`mentorship verify-run`: what it says, its exit code, and files that are no run."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.matching.test_cli import run, table


def exported_run(folder: Path, rules: dict[str, Any], *, peers: bool = False) -> Path:
    path, given = folder / "run.json", folder / "rules.json"
    given.write_text(json.dumps(rules), encoding="utf-8")
    rows = [f"P{number},peer,,{number},,en,,,," for number in range(5)] if peers else []
    options = ["--format", "peer"] if peers else []
    assert run("match", table(folder, *rows), "--rules", given, "--run", path, *options) == 0
    return path


def test_what_nothing_proves_is_said_and_has_a_code_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = exported_run(tmp_path, {"threes": True}, peers=True)
    capsys.readouterr()
    assert run("verify-run", path) == 3
    said = capsys.readouterr().out
    assert "not proven  that nothing is worth more than" in said
    assert "Nothing here is false, but not everything is proven." in said
    assert run("verify-run", path, "--json") == 3
    answer = json.loads(capsys.readouterr().out)
    assert (answer["holds"], answer["gap"], len(answer["unproven"])) == (True, None, 1)


@pytest.mark.parametrize("objective", ["coverage", "total", "fair", "two_sided"])
def test_a_true_run_of_each_objective_is_proven(
    objective: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = exported_run(tmp_path, {"objective": objective})
    capsys.readouterr()
    assert run("verify-run", path, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["holds"], answer["unproven"]) == (True, [])


def test_both_commands_tell_the_points_before_and_after_the_load_charge_in_the_same_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = exported_run(tmp_path, {"load_charge": 100})
    matched = capsys.readouterr().out
    document = json.loads(path.read_text(encoding="utf-8"))
    points, total = sum(pair["score"] for pair in document["pairs"]), document["claim"]["total"]
    words = f"3 pairs with {points:,} points, {total:,} after the load charge"
    assert total == points - 100
    assert words in matched
    assert run("verify-run", path) == 0
    assert words in capsys.readouterr().out


def test_a_field_that_stands_there_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = exported_run(tmp_path, {})
    path.write_text('{"claim": {},' + path.read_text(encoding="utf-8")[1:], encoding="utf-8")
    assert run("verify-run", path) == 2
    assert "twice" in capsys.readouterr().err


def test_damage_anywhere_ends_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = exported_run(tmp_path, {})
    document = json.loads(path.read_text(encoding="utf-8"))
    wrong: Any
    for name in document:
        for wrong in (None, 7, "x", [], {}, [[]], [7], {"x": []}):
            path.write_text(json.dumps({**document, name: wrong}), encoding="utf-8")
            capsys.readouterr()
            code = run("verify-run", path)
            said = capsys.readouterr()
            assert code in {0, 1, 2, 3}
            assert code != 2 or len(said.err.strip().splitlines()) == 1, (name, wrong)
            assert code or document[name] == wrong or (name, wrong) == ("engine", "x"), (name, wrong)
