import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.matching.test_cli import HEADER, ROWS, run, table

VOID = {"meta", "rect", "line"}


class _Page(HTMLParser):
    """Which elements there are, whether each is closed, and the words between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def people(folder: Path) -> Path:
    """Enough of each department and level that groups are shown."""
    rows = [f"E{n:02},mentee,,{n % 2},,en,Python,,,," + ("it" if n % 3 else "<hr>") for n in range(30)]
    rows += [f"F{n:02},mentor,,6,,en,,Python,2,,it" for n in range(12)]
    return table(folder, *rows, header=f"{HEADER},department")


@pytest.fixture
def report(tmp_path: Path) -> str:
    path = tmp_path / "report.html"
    assert run("match", people(tmp_path), "--html", path) == 0
    return path.read_text(encoding="utf-8")


def test_the_report_is_one_file_that_asks_for_nothing_else(report: str) -> None:
    page = _Page(report)
    assert not page.open
    assert not {tag for tag, _ in page.found} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not [name for _, given in page.found for name in given if name in {"src", "href", "srcset"}]
    assert not re.findall(r"https?:|url\(|@import", report)


def test_the_report_shows_what_was_found(report: str) -> None:
    words = _Page(report).words
    for said in (
        "24 of 30 mentees matched (80.0%)",
        "no other choice of pairs is better",
        "Beside first come, first served",
        "Mentors' load",
        "Reached, by department",
        "Reached, by level",
        "everybody who suits is full",
        "Digest of the inputs",
    ):
        assert said in words


def test_what_people_wrote_stays_text(report: str) -> None:
    assert "<hr>" not in report
    assert "&lt;hr&gt;" in report


def test_every_plot_can_be_read_aloud_and_as_a_table(report: str) -> None:
    page = _Page(report)
    plots = [given for tag, given in page.found if tag == "svg"]
    assert len(plots) >= 5
    assert all(given["role"] == "img" and given["aria-label"] for given in plots)
    assert sum(tag == "caption" for tag, _ in page.found) == len(plots)
    assert next(given for tag, given in page.found if tag == "html")["lang"] == "en"
    headings = [tag for tag, _ in page.found if tag in {"h1", "h2", "h3"}]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1


def test_the_report_is_made_for_light_dark_and_paper(report: str) -> None:
    assert "prefers-color-scheme: dark" in report
    assert "@media print" in report


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_their_ground(report: str, theme: str) -> None:
    blocks = re.findall(r":root \{([^}]*)\}", report)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0 if theme == "light" else 1]))
    for ink, ground in (
        ("ink", "paper"), ("soft", "paper"), ("soft", "card"), ("good", "good-card"), ("warn", "warn-card"),
    ):  # fmt: skip
        assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for bar in ("bar", "other"):
        assert _contrast(colours[bar], colours["paper"]) >= 3


def _contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("programme_format", ["peer", "group", "reverse"])
def test_every_format_has_its_report(programme_format: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    rows = [row.replace(",mentee,", ",peer,").replace(",mentor,", ",peer,") for row in ROWS]
    given = table(tmp_path, *(rows if programme_format == "peer" else ROWS))
    assert run("match", given, "--format", programme_format, "--html", path) == 0
    words = _Page(path.read_text(encoding="utf-8")).words
    assert ("Mentors' load" in words) == (programme_format != "peer")


def test_a_report_without_any_pair_says_so(tmp_path: Path) -> None:
    path, rules = tmp_path / "report.html", tmp_path / "rules.json"
    rules.write_text('{"score_min": 10000}', encoding="utf-8")
    assert run("match", table(tmp_path), "--rules", rules, "--html", path) == 0
    assert "There are no pairs." in _Page(path.read_text(encoding="utf-8")).words
