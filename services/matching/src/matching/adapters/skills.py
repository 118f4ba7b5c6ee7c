"""The taxonomies of skills that are files: the one that comes with the service, and an organisation's own."""

from functools import lru_cache
from importlib import resources
from pathlib import Path

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


def load_taxonomy(path: Path) -> Taxonomy:
    """A taxonomy from an organisation's table, or from ESCO's `skills_en.csv`: the header tells which."""
    lines = _lines(path)
    if lines and "conceptUri" in lines[0]:
        beside = path.with_name(BROADER)
        return read_esco(lines, _lines(beside) if beside.exists() else ())
    return read_taxonomy(lines, table=path.stem)


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(file)
    except UnicodeDecodeError as error:
        raise BadValue(path.name, "is not UTF-8 text") from error
