"""The taxonomies of skills that are files: the one that comes with the service, and an organisation's own."""

from functools import lru_cache
from importlib import resources
from io import StringIO
from pathlib import Path

from chassis.transaction import Tx
from matching.domain.refusal import BadValue
from matching.domain.skill_tables import read_esco, read_taxonomy
from matching.domain.skills import Taxonomy

BROADER = "broaderRelationsSkillPillar_en.csv"
"""ESCO's table of what is broader than what; taken along where it lies beside its table of skills."""


@lru_cache(maxsize=1)
def own_taxonomy() -> Taxonomy:
    """The workplace skills that come with the service."""
    text = resources.files("matching.domain").joinpath("data/skills.csv").read_text(encoding="utf-8")
    return read_taxonomy(text.splitlines(keepends=True))


def taxonomy_in(tx: Tx) -> Taxonomy:
    """The organisation's own taxonomy, if its process was started with one."""
    found: Taxonomy | None = tx.state.get("taxonomy")
    return own_taxonomy() if found is None else found


def load_taxonomy(path: Path) -> Taxonomy:
    """A taxonomy from an organisation's table, or from ESCO's `skills_en.csv`: the header tells which."""
    lines = _lines(path)
    if lines and "conceptUri" in lines[0]:
        beside = path.with_name(BROADER)
        return read_esco(lines, _lines(beside) if beside.exists() else ())
    return read_taxonomy(lines, table=path.stem)


def _lines(path: Path) -> list[str]:
    content = path.read_bytes()
    try:
        return list(StringIO(content.decode("utf-8-sig"), newline=""))
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise BadValue(f"{path.name} line {number}, any", "is not UTF-8 text") from error
