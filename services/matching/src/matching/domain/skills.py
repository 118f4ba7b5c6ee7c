"""Skills that are the same under several names, and skills that are near each other.

A taxonomy is read from text: our own table, an organisation's, or ESCO's. A skill that no taxonomy knows is a skill
all the same: it meets itself, however it is written, and nothing else.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256

EQUAL, NEAR, APART = 4, 2, 0
"""Quarters of credit: for the skill itself, for a broader, narrower or related one, for any other."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill with its other names and its neighbours, by code."""

    code: str
    label: str
    synonyms: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


@lru_cache(maxsize=100_000)
def plain(name: str) -> str:
    """A name without regard to case, blanks and punctuation, but for the signs that tell C, C++ and C# apart."""
    text = unicodedata.normalize("NFKC", name).casefold().replace("&", "and")
    kept = "".join(sign for sign in text if sign in "+#" or unicodedata.category(sign)[0] in "LMN").lstrip("#")
    return kept or text.strip()


@dataclass(frozen=True)
class Taxonomy:
    """Skills by name, and which are near which."""

    skills: tuple[Skill, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Code by plain name."""

    @cached_property
    def by_code(self) -> dict[str, Skill]:
        """Each skill under its code."""
        return {skill.code: skill for skill in self.skills}

    @cached_property
    def neighbours(self) -> dict[str, frozenset[str]]:
        """Codes one step away, in either direction: broader, narrower, related."""
        found: dict[str, set[str]] = {}
        for skill in self.skills:
            for other in (*skill.broader, *skill.related):
                found.setdefault(skill.code, set()).add(other)
                found.setdefault(other, set()).add(skill.code)
        return {code: frozenset(near) for code, near in found.items()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the whole taxonomy."""
        return sha256(repr((self.skills, sorted(self.names.items()))).encode()).hexdigest()

    def find(self, name: str) -> Skill | None:
        """The skill of that name, if there is one."""
        code = self.names.get(plain(name))
        return None if code is None else self.by_code[code]

    def key(self, name: str) -> str:
        """What all names of a skill have in common; for an unknown one its plain name, which no code begins like."""
        text = plain(name)
        return self.names.get(text, f"?{text}")

    def keys(self, names: Iterable[str]) -> tuple[str, ...]:
        """The different keys among these names, in ascending order."""
        return tuple(sorted({self.key(name) for name in names}))

    def label(self, key: str) -> str:
        """What a key is called in front of people."""
        skill = self.by_code.get(key)
        return key.removeprefix("?") if skill is None else skill.label

    def excerpt(self, names: Iterable[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
        """The key of each of these names, and under each key the others among them that meet it by half; sorted."""
        keys = {name: self.key(name) for name in sorted(set(names))}
        known = set(keys.values())
        near = {key: sorted(self.neighbours.get(key, frozenset()) & known) for key in sorted(known)}
        return keys, {key: others for key, others in near.items() if others}

    def quarters(self, wanted: str, offered: Iterable[str]) -> int:
        """How far somebody who offers these (keys) meets a wanted one: 4 quarters, 2 or none."""
        has = frozenset(offered)
        if wanted in has:
            return EQUAL
        return NEAR if has & self.neighbours.get(wanted, frozenset()) else APART


NO_TAXONOMY = Taxonomy()
"""Knows nothing: every skill meets itself alone."""


def taxonomy_of(skills: Iterable[Skill]) -> Taxonomy:
    """Skills under all their names; a name that several skills share as a synonym belongs to none of them."""
    listed = tuple(skills)
    names: dict[str, str] = {}
    for skill in listed:
        names.setdefault(plain(skill.label), skill.code)
    claims: dict[str, set[str]] = {}
    for skill in listed:
        for name in skill.synonyms:
            claims.setdefault(plain(name), set()).add(skill.code)
    for name, codes in claims.items():
        if name not in names and len(codes) == 1:
            names[name] = next(iter(codes))
    return Taxonomy(listed, names)
