"""What may be shown of small groups (S12)."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.domain.cells import FEWEST, HIDDEN, Cell, Count, average, parted, rate, share, shown


def people(number: int) -> Count:
    return Count(number, number)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_figure_about_fewer_than_five_people_is_hidden(number: int) -> None:
    assert shown(people(number)) == HIDDEN
    assert shown(Count(100, number)) == HIDDEN
    assert average(400, Count(100, number)) == HIDDEN


def test_a_figure_about_five_people_or_about_nothing_is_shown() -> None:
    assert shown(people(5)) == Cell(5)
    assert shown(people(0)) == Cell(0)
    assert average(23, people(5)) == Cell(4.6)
    assert average(0, people(0)) == Cell(None)


def test_things_whose_people_were_all_forgotten_are_hidden() -> None:
    assert shown(Count(3, 0)) == HIDDEN


def test_one_small_cell_takes_a_large_one_with_it() -> None:
    cells = parted({"sales": people(20), "legal": people(2), "research": people(9), "none": people(0)})
    assert cells == {"sales": Cell(20), "legal": HIDDEN, "research": HIDDEN, "none": Cell(0)}


def test_without_enough_to_hide_behind_nothing_is_told() -> None:
    assert parted({"a": people(5), "b": people(2), "c": people(0)}) == {"a": HIDDEN, "b": HIDDEN, "c": HIDDEN}


def test_large_cells_are_hidden_by_name_until_what_is_hidden_is_worth_two_groups_and_no_longer() -> None:
    seven = {"a": people(5), "b": people(2), "c": people(20), "d": people(9)}
    assert parted(seven) == {"a": HIDDEN, "b": HIDDEN, "c": HIDDEN, "d": Cell(9)}
    ten = {"a": people(8), "b": people(2), "c": people(20)}
    assert parted(ten) == {"a": HIDDEN, "b": HIDDEN, "c": Cell(20)}


def test_many_small_cells_take_one_large_one_with_them_or_else_all() -> None:
    small = {"b": people(4), "c": people(4), "d": people(4)}
    assert parted({"a": people(20), **small, "e": people(30)}) == {
        **dict.fromkeys(("a", "b", "c", "d"), HIDDEN),
        "e": Cell(30),
    }
    assert set(parted({**small, "none": people(0)}).values()) == {HIDDEN}


def test_a_part_is_hidden_when_the_rest_is_small() -> None:
    assert share(people(18), people(20)) == HIDDEN
    assert share(people(2), people(20)) == HIDDEN
    assert share(people(20), people(20)) == Cell(20)
    assert share(people(10), people(20)) == Cell(10)


def test_a_rate_is_hidden_when_it_would_give_the_one_hidden_cell_away() -> None:
    counts = {"matched": people(20), "unmatched": people(2)}
    cells = {"matched": Cell(20), "unmatched": HIDDEN}
    assert rate("matched", counts, cells) == HIDDEN
    assert rate(
        "matched", {"matched": people(15), "unmatched": people(5)}, {"matched": Cell(15), "unmatched": Cell(5)}
    ) == (Cell(0.75))
    assert rate("matched", {"matched": people(0)}, {"matched": Cell(0)}) == Cell(None)


def test_a_rate_of_few_people_or_of_a_hidden_part_is_hidden() -> None:
    assert rate("a", {"a": people(4), "b": people(0)}, {"a": Cell(4), "b": Cell(0)}) == HIDDEN
    assert rate("a", {"a": people(5), "b": people(0)}, {"a": Cell(5), "b": Cell(0)}) == Cell(1.0)
    counts = {"a": people(20), "b": people(2), "c": people(3)}
    assert rate("b", counts, {"a": Cell(20), "b": HIDDEN, "c": HIDDEN}) == HIDDEN


def test_figures_are_rounded() -> None:
    assert rate("a", {"a": people(6), "b": people(12)}, {"a": Cell(6), "b": Cell(12)}) == Cell(0.33)
    assert average(70, people(6)) == Cell(11.7)


def _breakdowns(total: int, cells: int) -> Iterator[tuple[int, ...]]:
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in _breakdowns(total - first, cells - 1))


@pytest.mark.parametrize("cells", [2, 3, 4])
@pytest.mark.parametrize("total", range(FEWEST, 25))
def test_no_reader_who_knows_the_total_and_the_rule_can_compute_a_small_cell(cells: int, total: int) -> None:
    alike: dict[tuple[float | None, ...], list[tuple[int, ...]]] = defaultdict(list)
    for sizes in _breakdowns(total, cells):
        seen = parted({str(number): people(size) for number, size in enumerate(sizes)})
        alike[tuple(cell.value for cell in seen.values())].append(sizes)
    for possible in alike.values():
        for values in (set(column) for column in zip(*possible, strict=True)):
            assert len(values) > 1 or not values & set(range(1, FEWEST)), possible


@given(st.dictionaries(st.text(max_size=3), st.builds(Count, st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_no_breakdown_shows_a_small_cell_nor_hides_a_single_one_beside_large_ones(counts: dict[str, Count]) -> None:
    cells = parted(counts)
    hidden = [name for name, cell in cells.items() if cell.hidden]
    assert all(counts[name].value == cell.value for name, cell in cells.items() if not cell.hidden)
    assert not any(counts[name].is_small for name in counts.keys() - set(hidden))
    assert not (len(hidden) == 1 and len(counts) > 1)
