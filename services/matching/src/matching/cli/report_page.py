"""The report as one page of HTML that needs no network: plots, figures and pairs, for screens and paper."""

from html import escape
from importlib import resources
from typing import Any

from matching.cli.outcome import OBJECTIVES, Outcome
from matching.cli.plots import Bar, beside, columns, rows

GROUPS_SHOWN, PAIRS_SHOWN = 15, 500
STEP = 500
"""Points that one bar of the histogram spans."""


def page(outcome: Outcome, *, title: str) -> str:
    """The whole page."""
    style = resources.files("matching.cli").joinpath("report.css").read_text(encoding="utf-8")
    sections = [
        _scores(outcome),
        _compared(outcome),
        _load(outcome),
        *(_coverage(grouping, outcome) for grouping in ("department", "level", "site")),
        _unmatched(outcome),
        _pairs(outcome),
        _inputs(outcome),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>Matching: {escape(title)}</title><style>{style}</style></head>"
        f"<body><header><p class='kind'>{escape(_KINDS[outcome.problem.format])}</p><h1>{escape(title)}</h1>"
        f"<p class='lead'>{escape(outcome.headline)}.</p>{_proof(outcome)}{_tiles(outcome)}</header>"
        f"<main>{''.join(sections)}</main></body></html>\n"
    )


_KINDS = {
    "one_on_one": "One-on-one mentoring",
    "reverse": "Reverse mentoring",
    "group": "Mentoring circles",
    "peer": "Peers",
}


def _proof(outcome: Outcome) -> str:
    certificate = outcome.solution.certificate
    proven = certificate is not None and certificate.proves_optimal
    return f"<p class='proof {'proven' if proven else 'open'}'>{escape(f'{outcome.points}. {outcome.proof}')}</p>"


def _tiles(outcome: Outcome) -> str:
    spread, load = outcome.fairness["scores"], outcome.fairness["load"]
    median = spread["deciles"][5] if spread["deciles"] else 0
    tiles = [
        (f"{outcome.matched:,}", f"{outcome.who} matched"),
        (f"{len(outcome.solution.unmatched):,}", "without anybody"),
        (f"{median:,}", "median score of 10,000"),
        (f"{spread['worst']:,}", "worst pair"),
    ]
    if outcome.problem.format != "peer":
        tiles.append((f"{load['gini']:.2f}", "Gini of mentors' load"))
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for value, name in tiles)
    return f"<dl class='tiles'>{cells}</dl>"


def _section(title: str, words: str, body: str, kind: str = "") -> str:
    return f"<section class='{kind}'><h2>{escape(title)}</h2><p>{escape(words)}</p>{body}</section>"


def _scores(outcome: Outcome) -> str:
    spread, values = outcome.fairness["scores"], [pair.score for pair in outcome.solution.pairs]
    if not values:
        return _section("Scores", "There are no pairs.", "")
    first, last = min(values) // STEP, max(values) // STEP
    counts = [0] * (last - first + 1)
    for value in values:
        counts[value // STEP - first] += 1
    bars = [
        Bar(f"{(first + place) * STEP / 1000:g}", count, f"{count:,}" if count else "")
        for place, count in enumerate(counts)
    ]
    words = (
        f"How many pairs have so many thousand of 10,000 points, or up to {STEP} more. The mean is {spread['mean']:,}; "
        f"nine in ten have {spread['deciles'][1]:,} or more."
    )
    return _section("Scores", words, columns(bars, title="Pairs by score", axis="from thousand points"))


def _compared(outcome: Outcome) -> str:
    ours, theirs = outcome.fairness, outcome.fairness["first_come_first_served"]
    total = sum(pair.score for pair in outcome.solution.pairs)
    figures: list[tuple[str, float, float, str]] = [
        ("pairs", len(outcome.solution.pairs), theirs["pairs"], ",.0f"),
        ("total score", total, theirs["total_score"], ",.0f"),
        ("worst pair", ours["scores"]["worst"], theirs["worst_score"], ",.0f"),
    ]
    if outcome.problem.format != "peer":
        figures.append(("Gini of the load", ours["load"]["gini"], theirs["gini"], ".2f"))
    pairs = [
        (Bar(name, one, format(one, how)), Bar(name, other, format(other, how))) for name, one, other, how in figures
    ]
    legend = (
        "<ul class='legend' aria-hidden='true'><li class='ours'>this run</li>"
        "<li class='theirs'>first come, first served</li></ul>"
    )
    names = ("this run", "first come, first served")
    words = (
        "First come, first served takes everybody in the order of the file, and gives each the best who is still free. "
        f"In this run {ours['blocking_pairs']:,} pairs of people would both rather have each other."
    )
    plot = beside(pairs, names=names, title="This run beside first come, first served")
    return _section("Beside first come, first served", words, legend + plot)


def _load(outcome: Outcome) -> str:
    if outcome.problem.format == "peer":
        return ""
    load = outcome.fairness["load"]
    bars = [Bar(many, count, f"{count:,}") for many, count in load["people_by_load"].items()]
    words = f"How many mentors have how many mentees: {load['mean']:.2f} on average, {load['max']:,} at most."
    return _section("Mentors' load", words, columns(bars, title="Mentors by load", axis="mentees"))


def _coverage(grouping: str, outcome: Outcome) -> str:
    groups = outcome.fairness["coverage"][grouping]
    if len(groups) < 2:
        return ""
    order = sorted(groups, key=lambda group: (group["share"], group["group"]))
    if grouping == "level":
        order = sorted(groups, key=lambda group: (not group["group"].lstrip("-").isdigit(), _number(group["group"])))
    shown = order[:GROUPS_SHOWN]
    bars = [Bar(group["group"], group["share"], f"{group['share']:.0%} of {group['people']:,}") for group in shown]
    more = f" The {GROUPS_SHOWN} least reached of {len(groups):,}." if len(groups) > len(shown) else ""
    words = f"How many of each {grouping} have somebody. Groups of fewer than five people are shown together.{more}"
    plot = rows(bars, title=f"Share matched by {grouping}", axis=grouping, most=1.0)
    return _section(f"Reached, by {grouping}", words, plot)


def _number(text: str) -> int:
    return int(text) if text.lstrip("-").isdigit() else 0


def _unmatched(outcome: Outcome) -> str:
    counted = outcome.reasons()
    if not counted:
        return ""
    bars = [Bar(_SHORT.get(words, words), count, f"{count:,}") for count, words in counted]
    listed = "".join(f"<li>{count:,}: {escape(words)}</li>" for count, words in counted)
    plot = rows(bars, title="People without anybody, by reason", axis="reason") if len(bars) > 1 else ""
    return _section("Without anybody", "Why somebody has nobody.", f"<ul>{listed}</ul>{plot}", "wide")


_SHORT = {
    "nobody may be matched with them under the rules": "rules allow nobody",
    "everybody who may is below the lowest score allowed": "scores too low",
    "everybody who suits is full": "all full",
}


def _pairs(outcome: Outcome) -> str:
    pairs = outcome.solution.pairs
    if not pairs:
        return ""
    sides = ("One", "Other") if outcome.problem.format == "peer" else ("Mentee", "Mentor")
    body = "".join(_pair(pair.mentee, pair.mentor, pair.score, pair.contributions) for pair in pairs[:PAIRS_SHOWN])
    words = "Every pair with its score and what it is made of."
    if len(pairs) > PAIRS_SHOWN:
        words = f"The first {PAIRS_SHOWN} of {len(pairs):,} pairs, with their scores and what these are made of."
    table = (
        f"<details class='pairs'><summary>Show the pairs</summary><table><thead><tr><th scope='col'>{sides[0]}</th>"
        f"<th scope='col'>{sides[1]}</th><th scope='col' class='number'>Score</th><th scope='col'>Made of</th></tr>"
        f"</thead><tbody>{body}</tbody></table></details>"
    )
    return _section("Pairs", words, table, "wide")


def _pair(mentee: str, mentor: str, score: int, parts: dict[str, int]) -> str:
    made_of = ", ".join(
        f"{escape(name)} {points:,}" for name, points in sorted(parts.items(), key=lambda part: -part[1]) if points
    )
    names = f"<td>{escape(mentee)}</td><td>{escape(mentor)}</td>"
    return f"<tr>{names}<td class='number'>{score:,}</td><td>{made_of}</td></tr>"


def _inputs(outcome: Outcome) -> str:
    solution, rules = outcome.solution, outcome.problem.rules
    weights = {name: points for name, points in rules.weights.scaled().items() if points}
    facts: list[tuple[str, Any]] = [
        ("Objective", OBJECTIVES[rules.objective]),
        ("Weights", ", ".join(f"{name} {points:,}" for name, points in weights.items())),
        *([("Load charge", f"{rules.load_charge:,}")] if rules.load_charge else []),
        ("Hard rules", _hard_rules(outcome) or "reporting lines and blocks only"),
        ("Rows left out", f"{len(outcome.refused):,}"),
        ("Engine", solution.report["engine"]),
        ("Digest of the inputs", solution.inputs_digest),
    ]
    cells = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in facts
    )
    return _section(
        "What was asked", "Rules, and what proves that the inputs were these.", f"<table>{cells}</table>", "wide"
    )


def _hard_rules(outcome: Outcome) -> str:
    rules = outcome.problem.rules
    said = {
        f"{rules.shared_hours_min} shared working hours": rules.shared_hours_min > 0,
        "a shared language": rules.shared_language,
        f"level gap from {rules.level_gap_min}": rules.level_gap_min is not None,
        f"level gap to {rules.level_gap_max}": rules.level_gap_max is not None,
        **{
            f"{getattr(rules, name)} {name}": getattr(rules, name) != "any"
            for name in ("department", "site", "country")
        },
        f"tenure of {rules.tenure_days_min} days": rules.tenure_days_min > 0,
        "training done": rules.training_required,
        f"score of {rules.score_min:,} at least": rules.score_min > 0,
    }
    return ", ".join(words for words, holds in said.items() if holds)
