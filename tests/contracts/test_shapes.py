"""What the events let in and what they refuse; and that none but HR's can carry a word about a person (S11)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.cloudevents import SCHEMA_BASE as SCHEMA_BASE_OF_THE_WIRE
from contracts.event import EVENTS, SCHEMA_BASE
from contracts.generate import OWNERS
from contracts.hr import EmployeeHired, EmployeeLeft
from contracts.matching import MatchProposed, ProgrammeOpened
from contracts.schema import schema_of
from contracts.sessions import SessionScheduled
from tests.contracts.record_golden import sample_of

assert OWNERS

_RECORD = sample_of(EmployeeHired, full=True)
_IDS_CODES_AND_DIGESTS = {
    "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$",  # employee ids
    "^[a-z0-9][a-z0-9._-]{0,63}$",  # codes
    "^[A-Za-z0-9:+/=_-]{0,128}$",  # digests
}
_FORMATS = {"uuid", "date", "date-time", "iana-time-zone"}


def _strings(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            yield path, schema
        for name, inner in schema.items():
            yield from _strings(inner, f"{path}/{name}")
    elif isinstance(schema, list):
        for number, inner in enumerate(schema):
            yield from _strings(inner, f"{path}/{number}")


def _could_hold_a_name(schema: dict[str, Any]) -> bool:
    return not (
        "enum" in schema
        or "const" in schema
        or schema.get("format") in _FORMATS
        or schema.get("pattern") in _IDS_CODES_AND_DIGESTS
    )


def test_no_event_but_those_of_hr_has_a_field_that_could_hold_free_text() -> None:
    found = {
        f"{subject}{path}"
        for subject, event in EVENTS.items()
        if not subject.startswith("hr.")
        for path, schema in _strings(schema_of(event))
        if _could_hold_a_name(schema)
    }
    assert found == set()


def test_the_allow_list_would_catch_the_fields_of_hr() -> None:
    found = {path for path, schema in _strings(schema_of(EmployeeHired)) if _could_hold_a_name(schema)}
    assert {"/properties/display_name", "/properties/email", "/properties/skills/items"} <= found


def test_every_list_and_every_whole_number_of_an_event_has_a_limit() -> None:
    def unlimited(schema: Any, path: str) -> Iterator[str]:
        if isinstance(schema, dict):
            if schema.get("type") == "array" and "maxItems" not in schema:
                yield path
            if schema.get("type") in {"integer", "number"} and not ({"maximum", "exclusiveMaximum"} & schema.keys()):
                yield path
            for name, inner in schema.items():
                yield from unlimited(inner, f"{path}/{name}")
        elif isinstance(schema, list):
            for number, inner in enumerate(schema):
                yield from unlimited(inner, f"{path}/{number}")

    assert [found for subject, event in EVENTS.items() for found in unlimited(schema_of(event), subject)] == []


def test_subjects_are_versioned_lower_case_words_without_ids() -> None:
    for subject, event in EVENTS.items():
        owner, *_ = subject.split(".")
        assert owner in {"hr", "mentorship"}
        assert subject == subject.lower()
        assert subject.rsplit(".", 1)[1].removeprefix("v").isdigit()
        assert event.dataschema() == f"{SCHEMA_BASE}{subject}.json"
    assert SCHEMA_BASE == SCHEMA_BASE_OF_THE_WIRE


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "line\nbreak", "tab\there", "\x7f", "a\u2028b", "\u202egnp.exe", "\u2066x", "\ufeffx", "\x85", ""],
    ids=ascii,
)
def test_a_name_with_a_control_character_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        EmployeeHired.model_validate_json(json.dumps({**_RECORD, "display_name": text}))


@pytest.mark.parametrize("field", ["display_name", "department", "email", "manager_id", "timezone", "added_later"])
def test_a_lone_surrogate_is_refused_wherever_it_stands(field: str) -> None:
    with pytest.raises(ValidationError):
        EmployeeHired.model_validate_json(json.dumps({**_RECORD, field: "x\ud800y"}))


@pytest.mark.parametrize("name", ["山田\u3000太郎", "علی\u200cرضا", "D'Arcy O’Neil-Šuštar", "क्\u200dष"], ids=ascii)
def test_names_as_people_write_them_are_kept(name: str) -> None:
    assert EmployeeHired.model_validate_json(json.dumps({**_RECORD, "display_name": name})).display_name == name


def test_blanks_around_a_line_are_dropped_and_nothing_but_blanks_is_no_name() -> None:
    assert EmployeeHired.model_validate({**_RECORD, "department": "  Sales "}).department == "Sales"
    with pytest.raises(ValidationError):
        EmployeeHired.model_validate({**_RECORD, "display_name": "   "})


@pytest.mark.parametrize(
    "employee_id",
    ["", "a b", "a\n", "a@example.com", "../x", "é", "a" * 65, "a*", "a>", "a/b", "-x", "\ud800", 7, None],
    ids=ascii,
)
def test_an_unsafe_employee_id_is_refused(employee_id: Any) -> None:
    with pytest.raises(ValidationError):
        EmployeeHired.model_validate_json(json.dumps({**_RECORD, "employee_id": employee_id}))


@pytest.mark.parametrize(
    "email",
    [
        "a",
        "a@b",
        "a b@c.de",
        "a@b.c\nBcc: x@y.z",
        "<a@b.cd>",
        "a@b.cd,e@f.gh",
        '"a"@b.cd',
        "a@@b.cd",
        "x" * 250 + "@b.cd",
    ],
    ids=ascii,
)
def test_an_address_that_could_carry_more_than_one_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        EmployeeHired.model_validate_json(json.dumps({**_RECORD, "email": email}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("effective_on", 20260101),
        ("effective_on", "1767225600"),
        ("effective_on", "2026-13-01"),
        ("effective_on", "0001-01-01"),
        ("hired_on", "9999-12-31"),
        ("level", True),
        ("level", 101),
        ("level", -1),
        ("level", 2.5),
        ("version", -1),
        ("version", 2**63),
        ("version", False),
        ("timezone", "Mars/Olympus"),
        ("timezone", "localtime"),
        ("timezone", "../../etc/passwd"),
        ("skills", ["x"] * 201),
        ("skills", ["x" * 101]),
        ("skills", "python"),
        ("department", "x" * 201),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        EmployeeHired.model_validate_json(json.dumps({**_RECORD, field: value}))


def test_instants_outside_of_what_a_calendar_needs_are_refused_and_never_overflow() -> None:
    good = sample_of(ProgrammeOpened, full=True)
    for instant in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00", 1767225600):
        with pytest.raises(ValidationError):
            ProgrammeOpened.model_validate_json(json.dumps({**good, "starts_on": instant}))


def test_an_instant_is_written_in_utc_whatever_its_offset() -> None:
    good = sample_of(SessionScheduled, full=True)
    event = SessionScheduled.model_validate_json(json.dumps({**good, "starts_at": "2026-03-10T23:30:00+09:00"}))
    assert json.loads(event.model_dump_json())["starts_at"] == "2026-03-10T14:30:00Z"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1", "1e309", "true"])
def test_a_duration_is_a_finite_number(number: str) -> None:
    good = json.dumps(sample_of(ProgrammeOpened, full=True))
    with pytest.raises(ValidationError):
        ProgrammeOpened.model_validate_json(good.replace("[1440.0, 60.0, 0.5]", f"[{number}]"))


def test_a_match_of_one_is_no_match() -> None:
    good = sample_of(MatchProposed, full=True)
    with pytest.raises(ValidationError):
        MatchProposed.model_validate({**good, "members": good["members"][:1]})


def test_deep_nesting_is_refused_and_kills_nothing() -> None:
    body = json.dumps(_RECORD)[:-1] + ', "deep": ' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(ValidationError):
        EmployeeHired.model_validate_json(body)


@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_an_event_or_a_validation_error(body: bytes) -> None:
    for event in (EmployeeHired, EmployeeLeft, MatchProposed):
        with pytest.raises(ValidationError):
            event.model_validate_json(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(field=st.sampled_from(sorted(_RECORD)), value=_JSON)
def test_what_is_accepted_is_written_back_to_the_same_event(field: str, value: Any) -> None:
    try:
        event = EmployeeHired.model_validate_json(json.dumps({**_RECORD, field: value}))
    except ValidationError:
        return
    assert EmployeeHired.model_validate_json(event.model_dump_json()) == event
    assert "\x00" not in event.model_dump_json()
