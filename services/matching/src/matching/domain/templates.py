"""Programme templates: the usual kinds of programme, ready to be opened and free to be changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from contracts.matching import Format
from matching.domain.enrolment import EnrolmentPolicy, EnrolmentRule
from matching.domain.programmes import Programme
from matching.domain.rules import Rules, Weights, rules_of

TemplateKey = Literal["onboarding-buddies", "career", "leadership", "reverse", "peer-circles"]
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Template:
    """What a programme of one kind starts from."""

    key: TemplateKey
    name: str
    description: str
    format: Format
    rules: Rules
    enrolment: EnrolmentPolicy = field(default_factory=EnrolmentPolicy)
    respond_within_seconds: float = 7 * DAY
    remind_before_seconds: float = DAY


TEMPLATES: dict[TemplateKey, Template] = {
    template.key: template
    for template in (
        Template(
            key="onboarding-buddies",
            name="Onboarding buddies",
            description="Everybody new gets a buddy near them for the first months, without having to ask.",
            format="one_on_one",
            rules=Rules(
                weights=Weights(site=3000, department=2500, language=1500, hours=1500, interests=1000, level=500),
                level_gap_aim=0,
                level_gap_min=-1,
                level_gap_max=3,
                shared_hours_min=4,
                shared_language=True,
                tenure_days_min=180,
            ),
            enrolment=EnrolmentPolicy(automatic=(EnrolmentRule(roles=("mentee",), hired_within_days=30),)),
            respond_within_seconds=3 * DAY,
        ),
        Template(
            key="career",
            name="Career mentoring",
            description="Somebody a few levels ahead, from another department, who has the skills that one wants.",
            format="one_on_one",
            rules=Rules(
                weights=Weights(
                    skills=4000, goals=2000, wish=1000, level=1000, language=500, hours=500, style=500, interests=500
                ),
                level_gap_min=1,
                level_gap_max=5,
                level_gap_aim=2,
                shared_hours_min=2,
                shared_language=True,
                department="different",
            ),
        ),
        Template(
            key="leadership",
            name="Leadership",
            description="Senior leaders, trained as mentors, for those who will lead; both sides choose.",
            format="one_on_one",
            rules=Rules(
                weights=Weights(skills=2500, goals=2500, wish=2000, style=1000, level=1500, language=500),
                objective="two_sided",
                level_gap_min=2,
                level_gap_aim=3,
                shared_language=True,
                department="different",
                tenure_days_min=365,
                training_required=True,
            ),
            respond_within_seconds=14 * DAY,
            remind_before_seconds=3 * DAY,
        ),
        Template(
            key="reverse",
            name="Reverse mentoring",
            description="Juniors mentor seniors in what they know better.",
            format="reverse",
            rules=Rules(
                weights=Weights(skills=5000, interests=1500, department=1000, level=1000, language=1000, wish=500),
                department_distance="far",
                level_gap_min=2,
                level_gap_aim=4,
                shared_hours_min=2,
                shared_language=True,
            ),
        ),
        Template(
            key="peer-circles",
            name="Peer circles",
            description="Two or three people of a similar level who meet for a while, and then somebody else.",
            format="peer",
            rules=Rules(
                weights=Weights(interests=3000, goals=3000, skills=1500, hours=1000, language=1000, level=500),
                level_gap_max=1,
                shared_hours_min=4,
                shared_language=True,
                cooling_off_days=365,
                threes=True,
            ),
        ),
    )
}
"""Every template, by key."""


def merged_rules(template: Rules, own: Rules) -> Rules:
    """The template's rules with those that were named instead; weights are one field, taken as a whole."""
    named: Mapping[str, Any] = own.model_dump(include=set(own.model_fields_set), mode="json")
    return rules_of(template.model_dump(mode="json") | dict(named))


def from_template(key: TemplateKey, programme: Programme, given: frozenset[str]) -> Programme:
    """A programme made from a template; `given` names the fields in which it differs on purpose."""
    template = TEMPLATES[key]
    kept = {"format", "enrolment", "respond_within_seconds", "remind_before_seconds", "name"} - given
    rules = merged_rules(template.rules, programme.rules) if "rules" in given else template.rules
    return replace(programme, template=key, rules=rules, **{name: getattr(template, name) for name in kept})
