"""The check that lets an event grow and nothing else: each fault is planted once and seen to be caught."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.compatibility import breaks
from contracts.event import EVENTS, Event
from contracts.generate import OWNERS, incompatible, main, stale
from contracts.schema import schema_of

Schema = dict[str, Any]
assert OWNERS

_MATCH = "mentorship.matching.match.accepted.v1"


def _accepted() -> Schema:
    return copy.deepcopy(schema_of(EVENTS[_MATCH]))


def _remove(schema: Schema) -> None:
    del schema["properties"]["score"]
    schema["required"].remove("score")


def _remove_optional(schema: Schema) -> None:
    del schema["properties"]["outstanding"]


def _remove_in_a_member(schema: Schema) -> None:
    del schema["$defs"]["Member"]["properties"]["role"]


def _retype(schema: Schema) -> None:
    schema["properties"]["score"] = {"type": "string"}


def _widen(schema: Schema) -> None:
    schema["properties"]["score"]["type"] = "number"


def _make_nullable(schema: Schema) -> None:
    schema["properties"]["score"] = {"anyOf": [schema["properties"]["score"], {"type": "null"}]}


def _refuse_null(schema: Schema) -> None:
    schema["properties"]["run_id"] = {"type": "string", "format": "uuid", "default": None}


def _retype_items(schema: Schema) -> None:
    schema["properties"]["outstanding"]["items"] = {"type": "integer"}


def _retype_in_a_member(schema: Schema) -> None:
    schema["$defs"]["Member"]["properties"]["employee_id"] = {"type": "integer"}


def _reformat(schema: Schema) -> None:
    schema["properties"]["match_id"]["format"] = "email"


def _require(schema: Schema) -> None:
    schema["required"].append("outstanding")


def _require_new(schema: Schema) -> None:
    schema["properties"]["why"] = {"type": "string"}
    schema["required"].append("why")


def _require_in_a_member(schema: Schema) -> None:
    schema["$defs"]["Member"]["properties"]["since"] = {"type": "string"}
    schema["$defs"]["Member"]["required"].append("since")


def _no_longer_require(schema: Schema) -> None:
    schema["required"].remove("score")


def _tighten(schema: Schema) -> None:
    schema["properties"]["score"]["maximum"] = 100


def _tighten_pattern(schema: Schema) -> None:
    schema["properties"]["accepted_by"]["pattern"] = "^[0-9]+$"


def _drop_a_word(schema: Schema) -> None:
    schema["properties"]["status"]["enum"].remove("ended")


def _add_a_word(schema: Schema) -> None:
    schema["properties"]["status"]["enum"].append("paused")


def _change_default(schema: Schema) -> None:
    schema["properties"]["outstanding"]["default"] = ["E1"]


def _close(schema: Schema) -> None:
    schema["additionalProperties"] = False


def _about_another_thing(schema: Schema) -> None:
    schema["x-about"] = "programme_id"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_remove, "/score: removed"),
        (_remove_optional, "/outstanding: removed"),
        (_remove_in_a_member, "/members/items/role: removed"),
        (_retype, "/score: retyped"),
        (_widen, "/score: retyped"),
        (_make_nullable, "/score anyOf: retyped"),
        (_refuse_null, "/run_id anyOf: retyped"),
        (_retype_items, "/outstanding/items: retyped"),
        (_retype_in_a_member, "/members/items/employee_id: retyped"),
        (_reformat, "/match_id: retyped"),
        (_require, "/outstanding: newly required"),
        (_require_new, "/why: new and required"),
        (_require_in_a_member, "/members/items/since: new and required"),
        (_no_longer_require, "/score: no longer required"),
        (_tighten, "/score: maximum changed"),
        (_tighten_pattern, "/accepted_by: pattern changed"),
        (_drop_a_word, "/status: retyped"),
        (_add_a_word, "/status: retyped"),
        (_change_default, "/outstanding: default changed"),
        (_close, "/: additionalProperties changed"),
        (_about_another_thing, "/: x-about changed"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_a_breaking_change_is_caught(fault: Callable[[Schema], None], said: str) -> None:
    new = _accepted()
    fault(new)
    assert any(said in reason for reason in breaks(_accepted(), new)), breaks(_accepted(), new)


def _add_optional(schema: Schema) -> None:
    schema["properties"]["mood"] = {"type": "string", "default": ""}


def _add_optional_in_a_member(schema: Schema) -> None:
    schema["$defs"]["Member"]["properties"]["since"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _reword(schema: Schema) -> None:
    schema["description"] = "Said better."
    schema["properties"]["score"]["title"] = "How well they fit"


def _reorder(schema: Schema) -> None:
    schema["required"].reverse()
    schema["properties"]["status"]["enum"].reverse()


def _rename_a_definition(schema: Schema) -> None:
    schema["$defs"]["Person"] = schema["$defs"].pop("Member")
    schema["properties"]["members"]["items"] = {"$ref": "#/$defs/Person"}


@pytest.mark.parametrize("change", [_add_optional, _add_optional_in_a_member, _reword, _reorder, _rename_a_definition])
def test_a_change_that_breaks_nobody_keeps_the_version(change: Callable[[Schema], None]) -> None:
    new = _accepted()
    change(new)
    assert breaks(_accepted(), new) == []


def test_a_recursive_schema_is_compared_without_end() -> None:
    tree: Schema = {
        "$ref": "#/$defs/T",
        "$defs": {"T": {"type": "object", "properties": {"next": {"$ref": "#/$defs/T"}}}},
    }
    assert breaks(tree, copy.deepcopy(tree)) == []


def test_the_committed_schemas_are_what_the_classes_say_and_break_nothing_released() -> None:
    assert stale(EVENTS) == []
    assert incompatible(EVENTS) == []


def test_a_released_event_that_is_gone_is_caught(tmp_path: Path) -> None:
    (tmp_path / "mentorship.matching.match.renamed.v1.json").write_text("{}")
    assert incompatible(EVENTS, tmp_path) == ["mentorship.matching.match.renamed.v1: removed, though it was released"]


def test_the_generator_never_overwrites_a_released_schema_with_a_breaking_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    file = tmp_path / f"{_MATCH}.json"
    released = json.loads(file.read_text())
    released["properties"]["lost"] = {"type": "string"}
    file.write_text(json.dumps(released))
    assert main([], tmp_path) == 1
    assert json.loads(file.read_text()) == released
    assert f"{_MATCH} /lost: removed" in capsys.readouterr().err


def test_the_check_names_a_schema_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 0
    (tmp_path / f"{_MATCH}.json").unlink()
    assert main(["--check"], tmp_path) == 1
    assert f"stale: {_MATCH}" in capsys.readouterr().err
    assert not (tmp_path / f"{_MATCH}.json").exists()


def test_an_event_without_the_field_it_is_about_or_with_a_taken_subject_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match="no field 'nothing'"):
        type("Broken", (Event,), {}, subject="mentorship.test.broken.v1", about="nothing")
    with pytest.raises(TypeError, match="defined twice"):
        type("Twice", (EVENTS[_MATCH],), {}, subject=_MATCH, about="match_id")
