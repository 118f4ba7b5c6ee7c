import json
from typing import Any

import pytest
from pydantic import ValidationError

from matching.domain.refusal import BadValue
from matching.domain.rules import CRITERIA, DEFAULT_WEIGHTS, Rules, Weights, rules_of

MEANINGLESS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"weights": {"skills": -1}}, "rules.weights.skills"),
    ({"weights": {"charm": 1}}, "rules.weights.charm"),
    ({"weights": {}}, "rules.weights"),
    ({"weights": {"skills": 0, "goals": 0}}, "rules.weights"),
    ({"weights": {"skills": True}}, "rules.weights.skills"),
    ({"charm": 1}, "rules.charm"),
    ({"level_gap_min": 3, "level_gap_max": 1}, "rules.level_gap_max"),
    ({"shared_hours_min": 9}, "rules.shared_hours_min"),
    ({"score_min": 10_001}, "rules.score_min"),
    ({"department": "next door"}, "rules.department"),
    ({"department": "different", "weights": {"department": 1}}, "rules.department_distance"),
    (
        {"department": "same", "department_distance": "far", "weights": {"department": 1}},
        "rules.department_distance",
    ),
    ({"country": "different", "weights": {"site": 1}}, "rules.site_distance"),
    ({"site": "same", "site_distance": "far", "weights": {"site": 1}}, "rules.site_distance"),
    ({"site": "same", "country": "different"}, "rules.country"),
    ({"circle_min": 5, "circle_max": 4}, "rules.circle_max"),
    ({"circle_min": 0}, "rules.circle_min"),
    ({"cooling_off_days": 30, "exclude_earlier": False}, "rules.cooling_off_days"),
    ({"tenure_days_min": -1}, "rules.tenure_days_min"),
    ({"objective": "happiness"}, "rules.objective"),
    ({"load_charge": -5}, "rules.load_charge"),
    ({"load_charge": 5, "objective": "two_sided"}, "rules.load_charge"),
)


@pytest.mark.parametrize(("given", "field"), MEANINGLESS, ids=[field for _, field in MEANINGLESS])
def test_rules_that_make_no_sense_are_refused_and_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(BadValue) as refused:
        rules_of(given)
    assert refused.value.field == field
    assert refused.value.detail


SENSIBLE: tuple[dict[str, Any], ...] = (
    {"department": "different", "department_distance": "far", "weights": {"department": 1}},
    {"department": "different", "weights": {"skills": 1}},
    {"site": "different", "weights": {"site": 1}},
    {"circle_min": 4, "circle_max": 4},
    {"level_gap_min": 2, "level_gap_max": 2},
)


@pytest.mark.parametrize("given", SENSIBLE, ids=str)
def test_rules_that_somebody_can_meet_are_accepted(given: dict[str, Any]) -> None:
    assert rules_of(given).digest


def test_rules_stored_before_there_were_more_of_them_still_load() -> None:
    stored = {
        "weights": DEFAULT_WEIGHTS,
        "level_gap_min": None,
        "level_gap_max": 3,
        "level_gap_aim": 2,
        "shared_language": True,
        "shared_hours_min": 2,
        "score_min": 100,
    }
    rules = rules_of(stored)
    assert (rules.level_gap_max, rules.department, rules.exclude_earlier) == (3, "any", True)


def test_rules_come_back_from_json_the_same_with_the_same_digest() -> None:
    rules = Rules(weights=Weights(goals=2, site=1), site_distance="far", threes=True)
    again = rules_of(json.loads(rules.model_dump_json()))
    assert again == rules
    assert again.digest == rules.digest
    assert again.digest != Rules().digest


def test_rules_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValidationError):
        Rules().score_min = 5


def test_the_published_schema_knows_every_field_and_its_limits() -> None:
    schema = Rules.model_json_schema()
    assert set(schema["properties"]) == set(Rules.model_fields)
    assert set(schema["$defs"]["Weights"]["properties"]) == set(CRITERIA)
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Weights"]["properties"]["skills"]["maximum"] == 1_000_000


def test_circles_of_a_minimum_size_bear_no_charge_and_no_lists() -> None:
    for rules, field in (
        (Rules(circle_min=3, load_charge=5), "rules.load_charge"),
        (Rules(circle_min=3, objective="two_sided"), "rules.objective"),
    ):
        rules.must_suit("one_on_one")
        with pytest.raises(BadValue) as refused:
            rules.must_suit("group")
        assert refused.value.field == field


def test_peers_have_no_sign_in_their_gap_no_load_and_no_two_sides() -> None:
    for rules, field in (
        (Rules(level_gap_max=-1), "rules.level_gap_max"),
        (Rules(load_charge=5), "rules.load_charge"),
        (Rules(objective="two_sided"), "rules.objective"),
        (Rules(objective="fair", threes=True), "rules.threes"),
    ):
        rules.must_suit("one_on_one")
        with pytest.raises(BadValue) as refused:
            rules.must_suit("peer")
        assert refused.value.field == field
