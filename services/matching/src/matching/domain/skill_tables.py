"""Reads taxonomies of skills from the lines of CSV tables; what is wrong is named by line and column."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from matching.domain.refusal import BadValue
from matching.domain.skills import Skill, Taxonomy, plain, taxonomy_of

COLUMNS = ("code", "label", "synonyms", "broader", "related")
"""Of an organisation's own table; the last three may be missing. Several values in a cell stand apart by `|`."""
LARGEST = 50_000
"""Skills of one taxonomy."""
_LONGEST = 500
"""Characters of a code or a name."""

Row = tuple[int, dict[str, str]]
"""A line of a table, with its number."""


def read_taxonomy(lines: Iterable[str], table: str = "skills") -> Taxonomy:
    """A taxonomy from a table with the columns `code`, `label`, `synonyms`, `broader`, `related`."""
    rows = list(_rows(lines, table, COLUMNS[:2]))
    skills = [_skill(row, number, table) for number, row in rows]
    _check_names(rows, skills, table)
    _check_links(rows, skills, table)
    _check_circles(rows, skills, table)
    return taxonomy_of(skills)


def read_esco(lines: Iterable[str], broader: Iterable[str] = ()) -> Taxonomy:
    """ESCO's `skills_en.csv`, and if given its `broaderRelationsSkillPillar_en.csv`.

    What is broader than a skill and no skill itself (ESCO's groups) is left out, and so is what is not released. A
    name that several skills have as an alternative label belongs to none of them.
    """
    table = "skills_en"
    found: dict[str, Skill] = {}
    above = _esco_broader(broader)
    released = [
        (number, row)
        for number, row in _rows(lines, table, ("conceptUri", "preferredLabel", "altLabels"))
        if row.get("status", "released") in {"", "released"}
    ]
    known = {row["conceptUri"] for _, row in released}
    for number, row in released:
        code, label = row["conceptUri"], row["preferredLabel"]
        _must_be_text(code, number, "conceptUri", table)
        _must_be_text(label, number, "preferredLabel", table)
        others = (*_several(row["altLabels"]), *_several(row.get("hiddenLabels", "")))
        parents = tuple(uri for uri in above.get(code, ()) if uri in known and uri != code)
        found[code] = Skill(code, label, others, parents)
    return taxonomy_of(found.values())


def _esco_broader(lines: Iterable[str]) -> dict[str, list[str]]:
    above: dict[str, list[str]] = {}
    for _, row in _rows(lines, "broaderRelationsSkillPillar_en", ("conceptUri", "broaderUri"), may_be_empty=True):
        above.setdefault(row["conceptUri"], []).append(row["broaderUri"])
    return above


def _rows(lines: Iterable[str], table: str, needed: Sequence[str], *, may_be_empty: bool = False) -> Iterator[Row]:
    """The lines of a table by their columns, without surrounding blanks."""
    numbered = iter(lines)
    header = next(numbered, "").removeprefix("\ufeff")
    if not header and may_be_empty:
        return
    reader = csv.reader(_chained(header, numbered), delimiter=";" if header.count(";") > header.count(",") else ",")
    number = 1
    try:
        columns = [name.strip() for name in next(reader, [])]
        _check_header(columns, needed, table)
        for count, cells in enumerate(_filled(reader)):
            number = reader.line_num
            if len(cells) != len(columns):
                raise _wrong(table, number, columns[-1], f"has {len(cells)} cells, not {len(columns)}")
            if count == LARGEST:
                raise _wrong(table, number, columns[0], f"is one skill too many: {LARGEST} at most")
            yield number, {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    except csv.Error as error:
        raise _wrong(table, number + 1, "any", f"cannot be read: {error}") from error
    if number == 1 and not may_be_empty:
        raise _wrong(table, 1, needed[0], "there is no skill below the header")


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _filled(cells: Iterable[list[str]]) -> Iterator[list[str]]:
    return (line for line in cells if any(cell.strip() for cell in line))


def _check_header(columns: Sequence[str], needed: Sequence[str], table: str) -> None:
    for name in needed:
        if name not in columns:
            raise _wrong(table, 1, name, "the column is missing")
    for name in columns:
        if columns.count(name) > 1:
            raise _wrong(table, 1, name, "the column stands there twice")


def _skill(row: dict[str, str], number: int, table: str) -> Skill:
    for name in ("code", "label"):
        _must_be_text(row[name], number, name, table)
    if row["code"].startswith("?"):
        raise _wrong(table, number, "code", "must not begin with a question mark")
    synonyms, broader, related = (_several(row.get(name, "")) for name in COLUMNS[2:])
    for name in synonyms:
        _must_be_text(name, number, "synonyms", table)
    return Skill(row["code"], row["label"], synonyms, broader, related)


def _several(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in cell.replace("\n", "|").split("|") if part.strip()))


def _must_be_text(value: str, number: int, column: str, table: str) -> None:
    if not value or len(value) > _LONGEST or not value.isprintable():
        raise _wrong(table, number, column, f"must be one printable line of 1 to {_LONGEST} characters")


def _check_names(rows: Sequence[Row], skills: Sequence[Skill], table: str) -> None:
    """Each code once, and each name for one skill alone."""
    codes: dict[str, int] = {}
    owners: dict[str, tuple[str, int]] = {}
    for (number, _), skill in zip(rows, skills, strict=True):
        if skill.code in codes:
            raise _wrong(table, number, "code", f"{skill.code} stands on line {codes[skill.code]} already")
        codes[skill.code] = number
        for column, name in (("label", skill.label), *(("synonyms", name) for name in skill.synonyms)):
            code, line = owners.setdefault(plain(name), (skill.code, number))
            if code != skill.code:
                raise _wrong(table, number, column, f"{name} is a name of {code} on line {line} already")


def _check_links(rows: Sequence[Row], skills: Sequence[Skill], table: str) -> None:
    codes = {skill.code for skill in skills}
    for (number, _), skill in zip(rows, skills, strict=True):
        for column, linked in (("broader", skill.broader), ("related", skill.related)):
            for code in linked:
                if code not in codes:
                    raise _wrong(table, number, column, f"there is no skill with the code {code}")
                if code == skill.code:
                    raise _wrong(table, number, column, "names the skill itself")


def _check_circles(rows: Sequence[Row], skills: Sequence[Skill], table: str) -> None:
    """No skill is broader than itself, over however many steps."""
    above = {skill.code: skill.broader for skill in skills}
    narrower_left = dict.fromkeys(above, 0)
    for broader in above.values():
        for code in broader:
            narrower_left[code] += 1
    free = [code for code, count in narrower_left.items() if count == 0]
    while free:
        for code in above[free.pop()]:
            narrower_left[code] -= 1
            if narrower_left[code] == 0:
                free.append(code)
    for (number, _), skill in zip(rows, skills, strict=True):
        if narrower_left[skill.code]:
            raise _wrong(table, number, "broader", f"{skill.code} is, over some steps, broader than itself")


def _wrong(table: str, line: int, column: str, detail: str) -> BadValue:
    return BadValue(f"{table} line {line}, {column}", detail)
