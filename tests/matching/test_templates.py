"""Templates of programmes, and the schema of their rules."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from matching.domain.refusal import BadValue
from matching.domain.rules import Rules, Weights
from matching.domain.templates import TEMPLATES, merged_rules
from tests.builders import hired
from tests.matching.conftest import House


@pytest.mark.parametrize("key", TEMPLATES)
async def test_every_template_makes_a_programme_that_can_be_opened_and_run(house: House, key: str) -> None:
    await house.hear(*(hired(f"E{number}", hired_on="2020-01-01") for number in range(1, 5)))
    made = await house.ok("POST", "/programmes", json={"template": key})
    template = TEMPLATES[key]  # type: ignore[index]
    assert (made["template"], made["name"], made["format"]) == (key, template.name, template.format)
    assert Rules.model_validate(made["rules"]) == template.rules
    programme = made["programme_id"]
    await house.ok("POST", f"/programmes/{programme}/open")
    roles = ("peer",) if made["format"] == "peer" else ("mentee", "mentor")
    await house.enrol(programme, ["E1", "E2", "E3", "E4"], *roles)
    assert (await house.run(programme))["status"] == "completed"


async def test_what_is_named_beside_a_template_counts_instead(house: House) -> None:
    body = {
        "template": "career",
        "name": "Careers in Lisbon",
        "rules": {"level_gap_max": 3, "weights": {"goals": 1}},
        "enrolment": {"places": {"mentee": 40}},
        "respond_within_seconds": 3600,
    }
    made = await house.ok("POST", "/programmes", json=body)
    assert made["name"] == "Careers in Lisbon"
    assert made["respond_within_seconds"] == 3600
    assert made["enrolment"]["places"]["mentee"] == 40
    rules = made["rules"]
    assert (rules["level_gap_min"], rules["level_gap_max"], rules["department"]) == (1, 3, "different")
    assert {name: weight for name, weight in rules["weights"].items() if weight} == {"goals": 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"template": "speed-dating"}, "template"),
        ({"template": "career", "rules": {"level_gap_max": 0}}, "rules.level_gap_max"),
        ({"template": "career", "rules": {"weights": {"charm": 1}}}, "rules.weights.charm"),
        ({"template": "leadership", "format": "peer"}, "rules.objective"),
        ({"template": "peer-circles", "format": "group", "enrolment": {"places": {"peer": 3}}}, "places.peer"),
        ({}, "name"),
    ],
)
async def test_a_template_with_changes_that_contradict_it_is_refused_by_field(
    house: House, body: dict[str, Any], field: str
) -> None:
    response = await house.call("POST", "/programmes", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].endswith(field)
    assert (await house.ok("GET", "/programmes"))["items"] == []


async def test_templates_are_shown_to_everybody_who_works_here(house: House) -> None:
    found = await house.ok("GET", "/programme-templates", "E1")
    assert [one["key"] for one in found["items"]] == list(TEMPLATES)
    assert (await house.here.client.get("/v1/programme-templates")).status_code == 401


async def test_the_schema_of_rules_is_public_and_says_what_the_service_takes(house: House) -> None:
    response = await house.here.client.get("/v1/rules/schema")
    validator = Draft202012Validator(response.json())

    for template in TEMPLATES.values():
        assert validator.is_valid(template.rules.model_dump(mode="json"))
    assert not validator.is_valid({"weights": {"charm": 1}})
    assert not validator.is_valid({"weights": {"skills": -1}})


def test_rules_that_only_contradict_each_other_when_they_are_merged_are_refused_by_field() -> None:
    with pytest.raises(BadValue) as refused:
        merged_rules(Rules(level_gap_min=2), Rules(level_gap_max=1))
    assert refused.value.field == "rules.level_gap_max"
    kept = merged_rules(Rules(weights=Weights(skills=1, goals=1), score_min=5), Rules(weights=Weights(skills=2)))
    assert (kept.weights.goals, kept.score_min) == (0, 5)
