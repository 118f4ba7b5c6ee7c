from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.matching import Format
from matching.domain.people import MOST_BLOCKS, Profile, offset_minutes, place_of, profile_of, words
from matching.domain.problems import Problem
from matching.domain.refusal import BadValue
from matching.domain.rules import CRITERIA, DEFAULT_WEIGHTS, Criterion, Rules, Weights
from matching.domain.scoring import HardRule, broken_rules, contributions, forbidden_by, score, share, skill_points
from tests.matching.people import FORMATS, NAMES, TAXONOMY, person, rule_set

SEEDS = st.integers(0, 2**32)
WEIGHTS = st.dictionaries(st.sampled_from(CRITERIA), st.integers(0, 1_000_000), min_size=1).filter(
    lambda weights: any(weights.values())
)


def alone(**weights: int) -> Rules:
    """Rules that weigh these criteria alone."""
    return Rules(weights=Weights(**weights))


def points(
    criterion: Criterion, mentee: Profile, mentor: Profile, rules: Rules, programme_format: Format = "one_on_one"
) -> int:
    return contributions(mentee, mentor, rules, programme_format, TAXONOMY)[criterion]


@given(WEIGHTS, st.integers(1, 10_000))
def test_scaled_weights_add_up_exactly(weights: dict[str, int], total: int) -> None:
    scaled = Weights(**weights).scaled(total)
    assert sum(scaled.values()) == total
    assert min(scaled.values()) >= 0
    assert all(scaled[name] == 0 for name in CRITERIA if not weights.get(name))


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_the_shares_of_a_weight_add_up_to_it(weight: int, of: int) -> None:
    shares = [share(weight, number, of) for number in range(of)]
    assert sum(shares) == weight
    assert max(shares) - min(shares) <= 1


@given(SEEDS, st.sampled_from(FORMATS))
def test_contributions_are_never_negative_and_add_up_to_a_score_up_to_ten_thousand(seed: int, kind: Format) -> None:
    dice = Random(seed)
    rules, one, other = rule_set(dice), person(dice, NAMES[0]), person(dice, NAMES[1])
    parts = contributions(one, other, rules, kind, TAXONOMY)
    assert tuple(parts) == CRITERIA
    assert min(parts.values()) >= 0
    assert sum(parts.values()) == score(one, other, rules, kind, TAXONOMY) <= 10_000


@given(SEEDS)
def test_peers_score_the_same_from_either_side(seed: int) -> None:
    dice = Random(seed)
    rules, one, other = rule_set(dice), person(dice, NAMES[0]), person(dice, NAMES[1])
    assert contributions(one, other, rules, "peer", TAXONOMY) == contributions(other, one, rules, "peer", TAXONOMY)


@given(SEEDS, st.sampled_from(FORMATS))
def test_the_points_of_single_skills_add_up_to_the_criterion(seed: int, kind: Format) -> None:
    dice = Random(seed)
    rules, one, other = rule_set(dice), person(dice, NAMES[0]), person(dice, NAMES[1])
    found = sum(skill_points(one, other, rules, kind, TAXONOMY).values())
    if kind == "peer":
        found += sum(skill_points(other, one, rules, kind, TAXONOMY).values())
    assert found == points("skills", one, other, rules, kind)


@pytest.mark.parametrize("programme_format", FORMATS)
def test_the_perfect_pair_scores_ten_thousand(programme_format: Format) -> None:
    both: dict[str, Any] = {
        "languages": words(["en"]),
        "interests": words(["Chess"]),
        "skills_wanted": words(["a"]),
        "skills_offered": words(["A1"]),
        "goals": words(["growth", "calm"]),
        "department": "it",
        "site": "bonn, de",
        "style": "coaching",
        "meeting": "remote",
    }
    one = Profile("E1", level=3, wishes=("E2",), **both)
    other = Profile("E2", level=3, wishes=("E1",), **both)
    rules = Rules(weights=Weights(**dict.fromkeys(CRITERIA, 7)), level_gap_aim=0)
    assert score(one, other, rules, programme_format, TAXONOMY) == 10_000


def test_half_of_a_skill_counts_half_and_two_names_of_it_once() -> None:
    mentee = Profile("E1", skills_wanted=words(["a", "A 1", "d"]))
    rules = alone(skills=1)
    assert points("skills", mentee, Profile("E2", skills_offered=words(["a2", "D"])), rules) == 10_000
    assert points("skills", mentee, Profile("E2", skills_offered=words(["b"])), rules) == 2500
    assert points("skills", mentee, Profile("E2", skills_offered=words(["b", "a"])), rules) == 5000
    assert points("skills", Profile("E1"), Profile("E2", skills_offered=words(["a"])), rules) == 0


def test_a_reverse_programme_turns_the_levels_round() -> None:
    junior, senior, rules = Profile("E1", level=2), Profile("E2", level=4), Rules()
    assert points("level", junior, senior, rules) == DEFAULT_WEIGHTS["level"]
    assert points("level", senior, junior, rules, "reverse") == DEFAULT_WEIGHTS["level"]
    assert points("level", senior, junior, rules) < DEFAULT_WEIGHTS["level"]


def test_peers_are_best_at_one_level_unless_the_programme_aims_at_another_gap() -> None:
    one, same, above = Profile("E1", level=2), Profile("E2", level=2), Profile("E3", level=5)
    assert points("level", one, same, alone(level=1), "peer") == 10_000
    far = Rules(weights=Weights(level=1), level_gap_aim=3)
    assert points("level", one, above, far, "peer") == points("level", above, one, far, "peer") == 10_000


def test_the_dearer_of_both_sides_wishes_counts() -> None:
    mentee, rules = Profile("E1", wishes=("E2", "E3")), alone(wish=1)
    assert points("wish", mentee, Profile("E2"), rules) == 10_000
    assert points("wish", mentee, Profile("E3"), rules) == 9000
    assert points("wish", mentee, Profile("E3", wishes=("E1",)), rules) == 10_000
    assert points("wish", mentee, Profile("E4"), rules) == 0


def test_among_peers_a_wish_of_both_counts_twice_that_of_one() -> None:
    one, rules = Profile("E1", wishes=("E2", "E3")), alone(wish=1)
    assert points("wish", one, Profile("E2"), rules, "peer") == 5000
    assert points("wish", one, Profile("E2", wishes=("E1",)), rules, "peer") == 10_000


@pytest.mark.parametrize(
    ("mentee", "mentor", "expected"),
    [
        (("coaching", ""), ("coaching", ""), 10_000),
        (("coaching", ""), ("", ""), 5000),
        (("coaching", ""), ("advising", ""), 0),
        (("", "remote"), ("", "either"), 10_000),
        (("", "either"), ("", "remote"), 0),
        (("", ""), ("coaching", "remote"), 0),
        (("coaching", "remote"), ("coaching", "in_person"), 5000),
        (("either", ""), ("coaching", ""), 0),
        (("coaching", "remote"), ("either", "either"), 5000),
    ],
)
def test_a_preferred_style_and_way_of_meeting_are_met_or_half_met_by_silence(
    mentee: tuple[str, str], mentor: tuple[str, str], expected: int
) -> None:
    one, other = (Profile(name, style=style, meeting=way) for name, (style, way) in (("E1", mentee), ("E2", mentor)))
    assert points("style", one, other, alone(style=1)) == expected


@pytest.mark.parametrize(
    ("direction", "same_site", "same_country", "elsewhere", "unknown"),
    [("near", 10_000, 5000, 0, 0), ("far", 0, 5000, 10_000, 0)],
)
def test_a_site_counts_near_or_far(
    direction: Any, same_site: int, same_country: int, elsewhere: int, unknown: int
) -> None:
    rules = Rules(weights=Weights(site=1), site_distance=direction)
    here = Profile("E1", site="bonn, de", country="de")
    for place, expected in (
        (("bonn, de", "de"), same_site),
        (("berlin, de", "de"), same_country),
        (("paris, fr", "fr"), elsewhere),
        (("", ""), unknown),
    ):
        assert points("site", here, Profile("E2", site=place[0], country=place[1]), rules) == expected


def test_a_department_counts_near_or_far_and_an_unknown_one_neither() -> None:
    here, other, nowhere = Profile("E1", department="it"), Profile("E2", department="hr"), Profile("E3")
    far = Rules(weights=Weights(department=1), department_distance="far")
    assert points("department", here, other, alone(department=1)) == 0
    assert points("department", here, other, far) == 10_000
    assert points("department", here, nowhere, far) == 0


ONE = Profile("E1", 2, 0, words(["de"]), line=(0, 1), department="it", site="bonn, de", country="de")


@pytest.mark.parametrize(
    ("other", "rules", "broken"),
    [
        ({}, {}, None),
        ({"employee_id": "E1"}, {}, "self"),
        ({"line": (0, 5)}, {}, "reporting_line"),
        ({"line": (7, 8)}, {}, None),
        ({"blocks": frozenset({"E1"})}, {}, "block"),
        ({"earlier": frozenset({"E1"})}, {}, "earlier"),
        ({"earlier": frozenset({"E1"})}, {"exclude_earlier": False}, None),
        ({"offset_minutes": 300}, {"shared_hours_min": 4}, "shared_hours_min"),
        ({"offset_minutes": 240}, {"shared_hours_min": 4}, None),
        ({"languages": words(["en"])}, {"shared_language": True}, "shared_language"),
        ({}, {"shared_language": True}, "shared_language"),
        ({"level": 2}, {"level_gap_min": 1}, "level_gap_min"),
        ({"level": 9}, {"level_gap_max": 5}, "level_gap_max"),
        ({"department": "hr"}, {"department": "same"}, "department"),
        ({"department": "it"}, {"department": "different"}, "department"),
        ({}, {"department": "different"}, "department"),
        ({"site": "bonn, de"}, {"site": "different"}, "site"),
        ({"country": "fr"}, {"country": "same"}, "country"),
        ({"country": "fr"}, {"country": "different"}, None),
        ({"tenure_days": 364}, {"tenure_days_min": 365}, "tenure_days_min"),
        ({}, {"tenure_days_min": 365}, "tenure_days_min"),
        ({"tenure_days": 365}, {"tenure_days_min": 365}, None),
        ({}, {"training_required": True}, "training_required"),
        ({"trained": True}, {"training_required": True}, None),
        ({}, {"score_min": 10_000}, "score_min"),
    ],
)
def test_a_pair_is_kept_apart_by_the_rule_that_is_named(
    other: dict[str, Any], rules: dict[str, Any], broken: HardRule | None
) -> None:
    given: dict[str, Any] = {"employee_id": "E2", "level": 4}
    mentor = Profile(**(given | other))
    problem = Problem("one_on_one", Rules(**rules), (ONE,), (mentor,))
    assert forbidden_by(problem, ONE, mentor) == broken
    assert list(broken_rules(problem, ONE, mentor)) == ([broken] if broken else [])


def test_earlier_and_forbidden_pairs_have_an_order_but_among_peers() -> None:
    one, other = Profile("E1"), Profile("E2")
    for field, rule in (("earlier", "earlier"), ("forbids", "forbidden")):
        pairs: dict[str, Any] = {field: frozenset({("E1", "E2")})}
        problem = Problem("one_on_one", Rules(), (one,), (other,), **pairs)
        assert forbidden_by(problem, one, other) == rule
        assert forbidden_by(problem, other, one) is None
        assert forbidden_by(Problem("peer", Rules(), (one, other), (), **pairs), other, one) == rule


def test_tenure_and_training_are_asked_of_mentors_and_of_both_peers() -> None:
    new, old = Profile("E1", tenure_days=1), Profile("E2", tenure_days=900, trained=True)
    rules = Rules(tenure_days_min=90, training_required=True)
    assert forbidden_by(Problem("one_on_one", rules, (new,), (old,)), new, old) is None
    assert set(broken_rules(Problem("peer", rules, (new, old)), new, old)) == {"tenure_days_min", "training_required"}


def test_the_offset_of_a_zone_is_that_of_the_day() -> None:
    assert offset_minutes("Europe/Berlin", "2026-01-15") == 60
    assert offset_minutes("Europe/Berlin", "2026-07-15") == 120


@pytest.mark.parametrize(
    ("location", "site", "country"),
    [
        ("Berlin, Germany", "berlin, germany", "germany"),
        ("Tower 2 ,  Austin,TX , USA", "tower 2, austin, tx, usa", "usa"),
        ("Berlin", "berlin", ""),
        ("", "", ""),
        (" , ", "", ""),
    ],
)
def test_a_location_is_a_site_and_after_its_last_comma_a_country(location: str, site: str, country: str) -> None:
    assert place_of(location) == (site, country)


def test_a_profile_takes_from_the_record_what_the_person_has_not_said() -> None:
    record = {
        "employee_id": "E1",
        "skills": ["Go "],
        "interests": ["Chess"],
        "department": " Human  Resources",
        "location": "Bonn, Germany",
        "hired_on": "2026-01-01",
        "timezone": "Europe/Berlin",
    }
    wants: dict[str, Any] = {"skills_wanted": ["SQL"], "skills_offered": [], "goals": [], "wishes": [], "blocks": []}
    found = profile_of(record, wants | {"style": None}, 1, (3, 4), datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert (found.skills_offered, found.interests) == (words(["go"]), words(["chess"]))
    assert (found.department, found.country, found.tenure_days) == ("human resources", "germany", 30)
    assert (found.style, found.meeting, found.trained, found.offset_minutes) == ("", "", False, 60)
    own = profile_of(record, wants | {"interests": ["go"], "meeting": "remote"}, 1, (3, 4), datetime.now(UTC))
    assert (own.interests, own.meeting) == (words(["go"]), "remote")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"wishes": ("E1",)}, "wishes"),
        ({"wishes": ("E2", "E2")}, "wishes"),
        ({"wishes": tuple(f"E{n}" for n in range(2, 13))}, "wishes"),
        ({"blocks": frozenset({"E1"})}, "blocks"),
        ({"blocks": frozenset(f"X{n}" for n in range(MOST_BLOCKS + 1))}, "blocks"),
        ({"capacity": -1}, "capacity"),
        ({"meeting": "by carrier pigeon"}, "meeting"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_by_field(given: dict[str, Any], field: str) -> None:
    Profile("E1", blocks=frozenset(f"X{n}" for n in range(MOST_BLOCKS))).must_make_sense()
    with pytest.raises(BadValue) as refused:
        Profile("E1", **given).must_make_sense()
    assert refused.value.field == field
