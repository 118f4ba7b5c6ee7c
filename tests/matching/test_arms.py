"""Hold-out arms: the draw itself."""

import hashlib
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.domain.arms import TICKETS, Drawing, arm_of, draw, must_be_drawable, quotas, stratum_of, ticket
from matching.domain.refusal import BadValue, Refused
from tests.builders import hired
from tests.eventually import eventually
from tests.matching.conftest import House

TENTH = Fraction(1, 10)
PEOPLE = {f"E{number}": (("red", "blue")[number % 3 == 0],) for number in range(1000)}

shares = st.fractions(min_value=Fraction(1, 10_000), max_value=Fraction(9_999, 10_000), max_denominator=10_000)
sizes = st.dictionaries(st.tuples(st.text(max_size=3)), st.integers(0, 50), max_size=12)


def test_the_same_seed_draws_the_same_people_in_any_order() -> None:
    backwards = dict(reversed(PEOPLE.items()))
    assert draw(Drawing("s", TENTH), PEOPLE) == draw(Drawing("s", TENTH), backwards)


def test_another_seed_draws_other_people() -> None:
    assert draw(Drawing("s", TENTH), PEOPLE) != draw(Drawing("t", TENTH), PEOPLE)


def test_each_stratum_has_its_share_exactly() -> None:
    held = draw(Drawing("s", Fraction(1, 4)), PEOPLE)
    found = Counter(PEOPLE[name] for name in held)
    of = Counter(PEOPLE.values())
    assert sum(found.values()) == 250
    assert all(abs(found[stratum] - of[stratum] / 4) < 1 for stratum in of)


def test_anybody_can_draw_it_again_with_a_few_lines() -> None:
    names = ["E1", "E2", "E3", "E4"]
    by_hand = sorted(names, key=lambda name: hashlib.sha256(b"seed\n" + name.encode()).hexdigest())[:2]
    assert draw(Drawing("seed", Fraction(1, 2)), dict.fromkeys(names, ())) == frozenset(by_hand)


@given(sizes, shares)
def test_quotas_are_the_share_of_the_whole_and_within_one_of_each_part(
    given_sizes: dict[tuple[str, ...], int], share: Fraction
) -> None:
    found = quotas(given_sizes, share)
    whole = sum(given_sizes.values())
    assert abs(sum(found.values()) - share * whole) <= Fraction(1, 2)
    for stratum, size in given_sizes.items():
        assert abs(found[stratum] - share * size) < 1
        assert 0 <= found[stratum] <= size


def test_who_comes_later_is_held_out_by_the_same_seed() -> None:
    drawing = Drawing("s", TENTH)
    late = [f"L{number}" for number in range(5000)]
    held = [name for name in late if arm_of(drawing, name, ("mentee",)) == "control"]
    assert all(ticket("s", name) * 10 < TICKETS for name in held)
    assert 430 < len(held) < 570  # five standard deviations are 106


def test_people_of_other_roles_are_not_drawn() -> None:
    drawing = Drawing("s", Fraction(9, 10), roles=("mentee",))
    assert arm_of(drawing, "E1", ("mentor",)) is None
    assert arm_of(drawing, "E1", ("mentee", "mentor")) is not None


def test_strata_are_read_from_the_record_without_regard_to_case() -> None:
    record = {"department": " Sales", "level": 3, "location": "Berlin"}
    assert stratum_of(record, ("department", "level", "site")) == ("sales", "3", "berlin")
    assert stratum_of({}, ("department", "site")) == ("", "")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"drawn": True}, "arms_drawn"),
        ({"runs": 1}, "run_made"),
        ({"pins": 1}, "pairs_pinned"),
    ],
)
def test_a_draw_that_comes_too_late_is_refused(state: dict[str, int], code: str) -> None:
    usual = {"runs": 0, "pins": 0, "drawn": False} | state
    with pytest.raises(Refused) as refused:
        must_be_drawable(Drawing("s", TENTH), ("mentor", "mentee"), **usual)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_role_that_the_programme_does_not_have_is_named() -> None:
    with pytest.raises(BadValue) as refused:
        must_be_drawable(Drawing("s", TENTH, roles=("peer",)), ("mentor", "mentee"), runs=0, pins=0, drawn=False)
    assert refused.value.field == "roles"


async def arms(house: House, programme: str) -> dict[str, str | None]:
    found = await house.ok("GET", f"/programmes/{programme}/participants?limit=200")
    return {one["employee_id"]: one["arm"] for one in found["items"]}


@pytest.fixture
async def company(house: House) -> House:
    """Forty people of two departments."""
    departments = ("Sales", "Research")
    await house.hear(*(hired(f"E{number}", department=departments[number % 2]) for number in range(40)))
    return house


async def test_who_is_held_out_is_told_and_takes_part_in_no_run(company: House) -> None:
    programme = await company.programme()
    await company.enrol(programme, (f"E{number}" for number in range(20)), "mentee")
    await company.enrol(programme, (f"E{number}" for number in range(20, 40)), "mentor")
    body = {"share": 0.25, "strata": ["department"], "roles": ["mentee"]}
    drawn = await company.ok("POST", f"/programmes/{programme}/arms", json=body)
    assert (drawn["population"], drawn["held_out"], drawn["method"]) == (20, 5, "sha256-1")
    found = await arms(company, programme)
    held = {name for name, arm in found.items() if arm == "control"}
    people = {f"E{number}": (("sales", "research")[number % 2],) for number in range(20)}
    assert held == draw(Drawing(drawn["seed"], Fraction(1, 4)), people)
    assert found["E20"] is None
    said = await company.said("participant.held-out", at_least=5)
    assert {one["employee_id"] for one in said} == held
    assert {one["arm"] for one in said} == {"control"}
    run = await company.run(programme)
    assert not held & {pair["mentee_id"] for pair in run["pairs"]}
    assert len(run["pairs"]) == 15


async def test_who_comes_after_the_draw_is_assigned_by_its_seed(company: House) -> None:
    programme = await company.programme(enrolment={"places": {"mentee": 20}})
    await company.enrol(programme, ["E0", "E1"], "mentee")
    await company.ok("POST", f"/programmes/{programme}/arms", json={"share": 0.5, "seed": "seed-7"})
    await company.enrol(programme, (f"E{number}" for number in range(2, 22)), "mentee")
    found = await arms(company, programme)
    drawing = Drawing("seed-7", Fraction(1, 2))
    expected = {name: arm_of(drawing, name, ("mentee",)) for name in found if name not in {"E0", "E1"}}
    assert {name: found[name] for name in expected} == expected
    # Who is held out takes no place, so nobody waits yet.
    listed = await company.ok("GET", f"/programmes/{programme}/participants?status=waitlisted")
    assert listed["items"] == []
    again = await company.ok("GET", f"/programmes/{programme}/arms")
    assert again["control_now"] == list(found.values()).count("control")


async def test_an_arm_stays_whatever_somebody_does(company: House) -> None:
    programme = await company.programme()
    await company.enrol(programme, (f"E{number}" for number in range(10)), "mentee")
    await company.ok("POST", f"/programmes/{programme}/arms", json={"share": 0.5})
    before = await arms(company, programme)
    for name in before:
        path = f"/programmes/{programme}/participants/{name}"
        await company.ok("PUT", path, json={"roles": ["mentee"], "goals": ["speaking"]})
        await company.ok("DELETE", path)
        await company.ok("PUT", path, json={"roles": ["mentee"]})
    assert await arms(company, programme) == before


async def test_a_draw_lets_those_in_who_wait(company: House) -> None:
    programme = await company.programme(enrolment={"places": {"mentee": 4}})
    await company.enrol(programme, (f"E{number}" for number in range(8)), "mentee")
    await company.ok("POST", f"/programmes/{programme}/arms", json={"share": 0.5})

    async def in_the_run() -> list[Any]:
        return await company.rows("SELECT employee_id FROM participant WHERE status = 'waitlisted'")

    await eventually(in_the_run, [])
    assert Counter((await arms(company, programme)).values()) == {"control": 4, "treatment": 4}


async def test_arms_are_drawn_once_and_before_the_first_run(staffed: House) -> None:
    programme = await staffed.programme()
    path = f"/programmes/{programme}/arms"
    assert (await staffed.call("GET", path)).status_code == 404
    await staffed.enrol(programme, ["E1"], "mentee")
    await staffed.enrol(programme, ["E2"], "mentor")
    await staffed.ok("PUT", f"/programmes/{programme}/pairs/E1/E2", json={"kind": "must_match"})
    for expected in ("pairs_pinned", None, "arms_drawn"):
        response = await staffed.call("POST", path, json={"share": 0.5})
        assert response.json().get("code") == expected
        await staffed.ok("DELETE", f"/programmes/{programme}/pairs/E1/E2")
    other = await staffed.programme()
    await staffed.ok("POST", f"/programmes/{other}/runs")
    response = await staffed.call("POST", f"/programmes/{other}/arms", json={"share": 0.5})
    assert response.json()["code"] == "run_made"


async def test_the_same_request_again_draws_no_second_time(staffed: House) -> None:
    programme = await staffed.programme()
    await staffed.enrol(programme, ["E1", "E2"], "mentee")
    headers = {"Idempotency-Key": "draw-1"}
    first = await staffed.ok("POST", f"/programmes/{programme}/arms", json={"share": 0.5}, headers=headers)
    assert await staffed.ok("POST", f"/programmes/{programme}/arms", json={"share": 0.5}, headers=headers) == first


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"share": 0}, "share"),
        ({"share": 1}, "share"),
        ({"share": True}, "share"),
        ({"share": 0.5, "seed": "two words"}, "seed"),
        ({"share": 0.5, "strata": ["shoe size"]}, "strata.0"),
        ({"share": 0.5, "roles": ["peer"]}, "roles"),
        ({}, "share"),
    ],
)
async def test_a_draw_that_makes_no_sense_is_refused_by_field(house: House, body: dict[str, Any], field: str) -> None:
    programme = await house.programme()
    response = await house.call("POST", f"/programmes/{programme}/arms", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].endswith(field)
    assert (await house.call("GET", f"/programmes/{programme}/arms")).status_code == 404
