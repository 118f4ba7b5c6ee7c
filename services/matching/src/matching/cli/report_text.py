"""The report for the terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from matching.cli.outcome import Outcome

BAR = 32
GROUPS_SHOWN, PAIRS_SHOWN, REFUSED_SHOWN = 12, 10, 10


def show(outcome: Outcome, console: Console) -> None:
    """Everything that one wants to know first, and where the rest is."""
    console.print(f"\n[bold]{outcome.headline}[/bold] in {outcome.seconds:.1f} s.")
    console.print(f"{outcome.points}.")
    console.print(f"{outcome.proof}\n")
    _reasons(outcome, console)
    _scores(outcome.fairness["scores"], console)
    if outcome.problem.format != "peer":
        _load(outcome.fairness["load"], console)
    for grouping, groups in outcome.fairness["coverage"].items():
        _coverage(grouping, groups, outcome, console)
    _compared(outcome, console)
    _pairs(outcome, console)
    _refused(outcome, console)


def _reasons(outcome: Outcome, console: Console) -> None:
    rows = [(f"{count:,}", words) for count, words in outcome.reasons()]
    if rows:
        lonely = sum(count for count, _ in outcome.reasons())
        _table(console, f"{lonely:,} {'has' if lonely == 1 else 'have'} nobody", ("people", "because"), rows)


def _scores(spread: dict[str, Any], console: Console) -> None:
    if not spread["deciles"]:
        return
    most = max(spread["histogram"])
    highest = [*range(999, 9_000, 1_000), 10_000]
    rows = [
        (f"{1000 * place:,} to {highest[place]:,}", f"{count:,}", _bar(count / most))
        for place, count in enumerate(spread["histogram"])
        if count
    ]
    title = f"Scores of the pairs: mean {spread['mean']:,}, median {spread['deciles'][5]:,}, worst {spread['worst']:,}"
    _table(console, title, ("points of 10,000", "pairs", ""), rows)


def _load(load: dict[str, Any], console: Console) -> None:
    people = load["people_by_load"]
    most = max(people.values(), default=1)
    rows = [(many, f"{count:,}", _bar(count / most)) for many, count in people.items()]
    title = f"Mentors' load: mean {load['mean']:.2f}, most {load['max']:,}, Gini coefficient {load['gini']:.2f}"
    _table(console, title, ("mentees", "mentors", ""), rows)


def _coverage(grouping: str, groups: list[dict[str, Any]], outcome: Outcome, console: Console) -> None:
    if len(groups) < 2:
        return
    worst = sorted(groups, key=lambda group: (group["share"], group["group"]))
    rows = [
        (
            escape(group["group"]),
            f"{group['matched']:,} of {group['people']:,}",
            f"{group['share']:.0%}",
            _bar(group["share"]),
        )
        for group in worst[:GROUPS_SHOWN]
    ]
    hidden = len(groups) - len(rows)
    more = f", the {GROUPS_SHOWN} least reached of {len(groups):,}" if hidden else ""
    _table(console, f"Reached by {grouping}{more}", (grouping, outcome.who, "share", ""), rows)


def _compared(outcome: Outcome, console: Console) -> None:
    ours, theirs = outcome.fairness, outcome.fairness["first_come_first_served"]
    rows = [
        ("pairs", f"{len(outcome.solution.pairs):,}", f"{theirs['pairs']:,}"),
        ("total score", f"{sum(pair.score for pair in outcome.solution.pairs):,}", f"{theirs['total_score']:,}"),
        ("worst pair", f"{ours['scores']['worst']:,}", f"{theirs['worst_score']:,}"),
        ("Gini coefficient of the load", f"{ours['load']['gini']:.2f}", f"{theirs['gini']:.2f}"),
    ]
    _table(console, "Beside first come, first served (the order of the file)", ("", "this run", "in order"), rows)
    count = ours["blocking_pairs"]
    console.print(f"{count:,} {'pair' if count == 1 else 'pairs'} of people would both rather have each other.\n")


def _pairs(outcome: Outcome, console: Console) -> None:
    pairs = outcome.solution.pairs
    rows = []
    for pair in pairs[:PAIRS_SHOWN]:
        best = sorted(pair.contributions.items(), key=lambda part: -part[1])[:3]
        why = ", ".join(f"{name} {points:,}" for name, points in best if points)
        rows.append((escape(pair.mentee), escape(pair.mentor), f"{pair.score:,}", why))
    if rows:
        more = f" (the first {PAIRS_SHOWN} of {len(pairs):,}; --out writes all)" if len(pairs) > PAIRS_SHOWN else ""
        sides = ("one", "other") if outcome.problem.format == "peer" else ("mentee", "mentor")
        _table(console, f"Pairs{more}", (*sides, "score", "mostly for"), rows)


def _refused(outcome: Outcome, console: Console) -> None:
    if outcome.refused:
        rows = [(f"{row.line:,}", escape(row.reason)) for row in outcome.refused[:REFUSED_SHOWN]]
        _table(console, f"Rows left out: {len(outcome.refused):,}", ("line", "reason"), rows)


def _table(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(header_style="dim", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place in {0, len(columns) - 1} else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(f"[bold]{title}[/bold]")
    console.print(table)
    console.print()


def _bar(share: float) -> str:
    """A bar in eighths of a character."""
    eighths = round(share * BAR * 8)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
