from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.domain.people import Profile, offset_minutes, words
from matching.domain.rules import CRITERIA, DEFAULT_WEIGHTS, Rules, Weights, allowed
from matching.domain.scoring import contributions, explain, scores

WORDS = st.frozensets(st.sampled_from("abcdefgh"), max_size=5)
FORMATS = ("one_on_one", "group", "peer", "reverse")


@st.composite
def profiles(draw: st.DrawFn, name: str) -> Profile:
    others = st.sampled_from([f"E{n}" for n in range(12) if f"E{n}" != name])
    return Profile(
        employee_id=name,
        level=draw(st.integers(0, 9)),
        offset_minutes=draw(st.integers(-720, 840)),
        languages=draw(WORDS),
        interests=draw(WORDS),
        skills_wanted=draw(WORDS),
        skills_offered=draw(WORDS),
        goals=draw(WORDS),
        wishes=tuple(draw(st.lists(others, max_size=10, unique=True))),
        blocks=frozenset(draw(st.sets(others, max_size=2))),
        line=(number := int(name[1:]), number),
    )


PEOPLE = st.tuples(*(profiles(f"E{n}") for n in range(6)))
WEIGHTS = st.dictionaries(st.sampled_from(CRITERIA), st.integers(0, 10_000), min_size=1).filter(
    lambda weights: sum(weights.values()) > 0
)


@given(WEIGHTS)
def test_scaled_weights_add_up_to_ten_thousand(weights: dict[str, int]) -> None:
    scaled = Weights(**weights).scaled()
    assert sum(scaled.values()) == 10_000
    assert min(scaled.values()) >= 0


@given(PEOPLE, WEIGHTS, st.sampled_from(FORMATS))
def test_contributions_add_up_to_the_score_exactly(
    people: tuple[Profile, ...], weights: dict[str, int], programme_format: str
) -> None:
    rules = Rules(weights=Weights(**weights))
    parts = contributions(people[:3], people[3:], rules, programme_format=programme_format)
    whole = scores(people[:3], people[3:], rules, programme_format=programme_format)
    assert np.array_equal(sum(parts.values()), whole)
    assert whole.min() >= 0
    assert whole.max() <= 10_000


@settings(max_examples=25)
@given(PEOPLE, WEIGHTS, st.sampled_from(FORMATS))
def test_a_pair_alone_scores_as_it_does_among_all(
    people: tuple[Profile, ...], weights: dict[str, int], programme_format: str
) -> None:
    rules = Rules(weights=Weights(**weights))
    whole = scores(people[:3], people[3:], rules, programme_format=programme_format)
    for (row, mentee), (column, mentor) in product(enumerate(people[:3]), enumerate(people[3:])):
        alone = explain(mentee, mentor, rules, programme_format=programme_format)
        assert sum(alone.values()) == whole[row, column]


@given(PEOPLE, WEIGHTS)
def test_peers_score_the_same_from_either_side(people: tuple[Profile, ...], weights: dict[str, int]) -> None:
    whole = scores(people, people, Rules(weights=Weights(**weights)), programme_format="peer")
    assert np.array_equal(whole, whole.T)


def test_the_perfect_pair_scores_ten_thousand() -> None:
    mentee = Profile(
        "E1", 3, 60, words(["en"]), words(["chess"]), words(["Python"]), frozenset(), words(["growth"]), ("E2",)
    )
    mentor = Profile("E2", 5, 60, words(["EN"]), words(["chess"]), frozenset(), words([" python"]), words(["growth"]))
    assert sum(explain(mentee, mentor, Rules(), programme_format="one_on_one").values()) == 10_000


def test_a_reverse_programme_turns_the_levels_round() -> None:
    junior, senior = Profile("E1", level=2), Profile("E2", level=4)
    forward = explain(junior, senior, Rules(), programme_format="one_on_one")["level"]
    reverse = explain(senior, junior, Rules(), programme_format="reverse")["level"]
    assert forward == reverse == DEFAULT_WEIGHTS["level"]


def test_a_first_wish_counts_more_than_a_second() -> None:
    mentee = Profile("E1", wishes=("E2", "E3"))
    first, second = (explain(mentee, Profile(name), Rules(), programme_format="one_on_one") for name in ("E2", "E3"))
    assert first["wish"] == 1000
    assert second["wish"] == 900


def may(mentee: Profile, mentor: Profile, rules: Rules | None = None, programme_format: str = "one_on_one") -> bool:
    return bool(allowed([mentee], [mentor], rules or Rules(), programme_format=programme_format)[0, 0])


def test_nobody_is_matched_within_their_own_reporting_line() -> None:
    boss, report, other = Profile("E1", line=(0, 3)), Profile("E2", line=(1, 2)), Profile("E3", line=(3, 4))
    assert not may(boss, report)
    assert not may(report, boss)
    assert not may(boss, boss)
    assert may(report, other)


def test_a_block_by_either_side_keeps_two_people_apart() -> None:
    one, other = Profile("E1", blocks=frozenset({"E2"}), line=(0, 1)), Profile("E2", line=(1, 2))
    assert not may(one, other)
    assert not may(other, one)


def test_a_programme_may_ask_for_a_language_hours_and_levels() -> None:
    one = Profile("E1", 2, 0, words(["de"]), line=(0, 1))
    assert not may(one, Profile("E2", 4, 0, words(["en"]), line=(1, 2)), Rules(shared_language=True))
    assert not may(one, Profile("E2", 4, 300, line=(1, 2)), Rules(shared_hours_min=4))
    assert may(one, Profile("E2", 4, 240, line=(1, 2)), Rules(shared_hours_min=4))
    assert not may(one, Profile("E2", 2, line=(1, 2)), Rules(level_gap_min=1))
    assert may(one, Profile("E2", 1, line=(1, 2)), Rules(level_gap_min=1), "reverse")


def test_the_offset_of_a_zone_is_that_of_the_day() -> None:
    assert offset_minutes("Europe/Berlin", "2026-01-15") == 60
    assert offset_minutes("Europe/Berlin", "2026-07-15") == 120
