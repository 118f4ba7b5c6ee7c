import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.domain.encoding import Encoded, Shares, encode, some_rows
from matching.domain.engine.market import FORBIDDEN, Market
from matching.domain.engine.scoring import score_row
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules, Weights
from matching.domain.scoring import contributions, forbidden_by, score
from tests.matching.people import problems

Matrix = npt.NDArray[np.int64]


def evaluated(market: Market) -> Matrix:
    """Scores of all pairs, FORBIDDEN where they are, from the market's own definition."""
    found = np.zeros((market.rows, market.columns), np.int64)
    for row in range(market.rows):
        mine = [slice(*terms.start[row : row + 2]) for terms in (market.credits, market.values, market.gates)]
        for term, share in zip(market.credits.term[mine[0]], market.share[mine[0]], strict=True):
            found[row] += int(share) * market.credit[term].astype(np.int64) // 4
        found[row] += market.value[market.values.term[mine[1]]].sum(axis=0, dtype=np.int64)
        allowed = np.array(market.gate[market.gates.term[mine[2]]].all(axis=0), np.bool_)
        here = slice(*market.pairs.start[row : row + 2])
        assert (np.diff(market.pairs.term[here]) > 0).all()
        for column, points in zip(market.pairs.term[here], market.points[here], strict=True):
            if points == FORBIDDEN:
                allowed[column] = False
            found[row, column] += max(0, points)
        (enter, leave), line = market.row_line[row], market.column_line
        nested = (enter <= line[:, 0]) & (line[:, 0] < leave) | (line[:, 0] <= enter) & (enter < line[:, 1])
        found[row][~allowed | nested | (found[row] < market.floor)] = FORBIDDEN
    return found


def by_definition(problem: Problem) -> Matrix:
    """The same from the definition of one pair, in the order of the problem."""
    return np.array(
        [
            [
                FORBIDDEN
                if forbidden_by(problem, mentee, mentor)
                else score(mentee, mentor, problem.rules, problem.format, problem.taxonomy)
                for mentor in problem.columns
            ]
            for mentee in problem.mentees
        ],
        np.int64,
    ).reshape(len(problem.mentees), len(problem.columns))


def in_problem_order(encoded: Encoded, scores: Matrix) -> Matrix:
    found = np.empty_like(scores)
    found[np.ix_(encoded.row_order, encoded.column_order)] = scores
    return found


@settings(max_examples=300)
@given(problems())
def test_a_market_holds_exactly_what_the_definition_of_a_pair_says(problem: Problem) -> None:
    encoded = encode(problem)
    assert in_problem_order(encoded, evaluated(encoded.market)).tolist() == by_definition(problem).tolist()


@settings(max_examples=60)
@given(problems())
def test_the_compiled_scores_are_those_of_the_definition(problem: Problem) -> None:
    encoded = encode(problem)
    for row, place in enumerate(encoded.row_order):
        found = np.empty(encoded.market.columns, np.int64)
        found[encoded.column_order] = score_row(encoded.market, row)
        assert found.tolist() == by_definition(problem)[place].tolist()


@settings(max_examples=100)
@given(problems(), st.data())
def test_some_rows_of_a_market_score_as_they_do_among_all(problem: Problem, data: st.DataObject) -> None:
    market = encode(problem).market
    rows = np.array(data.draw(st.lists(st.sampled_from(range(market.rows)))) if market.rows else [], np.int32)
    assert (evaluated(some_rows(market, rows)) == evaluated(market)[rows]).all()


@settings(max_examples=100)
@given(problems("peer"))
def test_a_market_of_peers_is_the_same_from_either_side(problem: Problem) -> None:
    encoded = encode(problem)
    scores = evaluated(encoded.market)
    assert (encoded.row_order == encoded.column_order).all()
    assert (scores == scores.T).all()
    assert (np.diag(scores) == FORBIDDEN).all()
    assert (encoded.market.capacity <= 1).all()


@settings(max_examples=60)
@given(problems())
def test_every_term_of_a_market_is_named_and_used(problem: Problem) -> None:
    encoded = encode(problem)
    market = encoded.market
    for names, lines, terms in (
        (encoded.credit_names, market.credit, market.credits),
        (encoded.value_names, market.value, market.values),
        (encoded.gate_names, market.gate, market.gates),
    ):
        assert len(names) == len(lines)
        assert lines.shape[1] == market.columns
        assert lines.flags.c_contiguous
        assert terms.start[-1] == len(terms.term)
        assert terms.rows == market.rows


def test_the_same_people_in_another_order_give_the_same_market_up_to_ties() -> None:
    people = tuple(Profile(f"E{n}", offset_minutes=60 * n, skills_offered=frozenset({f"s{n}"})) for n in range(5))
    wanting = (Profile("W", skills_wanted=frozenset({"s1", "s3"})),)
    forward = encode(Problem("one_on_one", Rules(), wanting, people))
    backward = encode(Problem("one_on_one", Rules(), wanting, people[::-1]))
    assert (forward.market.credit == backward.market.credit).all()
    assert [people[n].employee_id for n in forward.column_order] == ["E0", "E1", "E2", "E3", "E4"]


def test_small_facts_share_a_line_and_what_decides_nothing_has_none() -> None:
    mentees = tuple(Profile(f"M{n}", level=n, offset_minutes=60 * n, languages=frozenset({"en"})) for n in range(3))
    mentors = tuple(Profile(f"N{n}", level=n, languages=frozenset({"en"})) for n in range(3))
    rules = Rules(weights=Weights(level=1, hours=1, goals=1), shared_language=True, shared_hours_min=4)
    encoded = encode(Problem("one_on_one", rules, mentees, mentors))
    assert {tuple(sorted(names)) for names in encoded.value_names} == {("hours", "level")}
    assert encoded.market.values.start.tolist() == [0, 1, 2, 3]
    assert not encoded.gate_names
    assert not encoded.credit_names


def test_a_circle_holds_no_more_than_the_programme_allows() -> None:
    mentors = (Profile("E1", capacity=9), Profile("E2", capacity=3))
    assert encode(Problem("group", Rules(circle_max=5), (), mentors)).market.capacity.tolist() == [5, 3]
    assert encode(Problem("one_on_one", Rules(circle_max=5), (), mentors)).market.capacity.tolist() == [9, 3]


@settings(max_examples=200)
@given(problem=problems().filter(lambda problem: problem.format != "peer"))
def test_the_contributions_of_many_pairs_are_those_of_each_pair(problem: Problem) -> None:
    if not problem.mentees or not problem.mentors:
        return
    encoded = encode(problem)
    rows, columns = encoded.people(problem)
    row, column = (part.ravel() for part in np.indices((len(rows), len(columns)), dtype=np.int32))
    scores = np.stack([score_row(encoded.market, number) for number in range(len(rows))]).ravel()
    row, column = row[scores >= 0], column[scores >= 0]
    found = Shares.of(problem, encoded).between(row, column)
    for place, (one, other) in enumerate(zip(row.tolist(), column.tolist(), strict=True)):
        expected = contributions(rows[one], columns[other], problem.rules, problem.format, problem.taxonomy)
        assert {name: int(points[place]) for name, points in found.items()} == expected
