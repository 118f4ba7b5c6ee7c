"""Criteria that go by lists of words: skills, goals, interests. What one wants, the other may have, fully or half."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from matching.domain.encoding.terms import Entries, Numbers
from matching.domain.engine.market import Bytes, Points
from matching.domain.skills import EQUAL, NEAR

Neighbours = Callable[[str], Collection[str]]


@dataclass(frozen=True, slots=True)
class Wants:
    """Who wants which words: pairs of a person and a word, in order, each word with its share of the weight."""

    words: list[str]
    """Keys in ascending order; words are numbered by their place here."""
    person: Numbers
    word: Numbers
    share: Numbers


@dataclass(frozen=True, slots=True)
class Meetings:
    """Who meets which wanted words: person, word and quarters of credit, each pair of person and word once."""

    person: Numbers
    word: Numbers
    quarters: Numbers


def wants(people: Sequence[Collection[str]], weight: int, key: Callable[[str], str] = str) -> Wants:
    """What each of the people wants, names of one thing taken together."""
    words, person, word = _numbered(people, key)
    count = np.bincount(person, minlength=len(people))
    place = np.arange(len(person)) - (np.cumsum(count) - count)[person]
    of = count[person]
    share = weight * (place + 1) // of - weight * place // of
    return Wants(words, person, word, np.asarray(share, np.int64))


def meetings(
    people: Sequence[Collection[str]],
    wanted: Sequence[str],
    key: Callable[[str], str] = str,
    neighbours: Neighbours = lambda _: (),
) -> Meetings:
    """How far what the people have meets the wanted words: fully by the word itself, half by a neighbour."""
    number = {word: place for place, word in enumerate(wanted)}
    words, person, word = _numbered(people, key)
    met = [
        [
            (number[other], EQUAL if other == own else NEAR)
            for other in (own, *sorted(neighbours(own)))
            if other in number
        ]
        for own in words
    ]
    count = np.array([len(pairs) for pairs in met], np.int64)
    start = np.cumsum(count) - count
    flat = np.array([*chain.from_iterable(met)], np.int64).reshape(-1, 2)
    times = count[word]
    entry = np.repeat(start[word] - (np.cumsum(times) - times), times) + np.arange(times.sum())
    return _highest(np.repeat(person, times), flat[entry, 0], flat[entry, 1], len(wanted))


def credit_lines(met: Meetings, used: Numbers, columns: int, words: int) -> Bytes:
    """Quarters of every column for each used word: shape (used words, columns)."""
    line = _place_of(used, words)
    found = np.zeros((len(used), columns), np.uint8)
    found[line[met.word], met.person] = met.quarters
    return found


def credit_entries(wanted: Wants, used: Numbers) -> Entries:
    """The terms of each row: words that it wants and that anybody meets."""
    line = _place_of(used, len(wanted.words))[wanted.word]
    there = line >= 0
    return Entries.of(wanted.person[there], line[there], wanted.share[there])


def returned(wanted: Wants, met: Meetings, people: int) -> tuple[Points, Entries]:
    """The way back among peers: lines of what each column gains from a row that meets a word, fully or half.

    Each row is pointed to the lines of the words that it meets.
    """
    order = np.argsort(wanted.word, kind="stable")
    bounds = np.searchsorted(wanted.word[order], np.arange(len(wanted.words) + 1))
    kinds, line = np.unique(met.word * (EQUAL + 1) + met.quarters, return_inverse=True)
    found = np.zeros((len(kinds), people), np.int16)
    for place, kind in enumerate(kinds.tolist()):
        word, quarters = divmod(kind, EQUAL + 1)
        who = order[bounds[word] : bounds[word + 1]]
        found[place, wanted.person[who]] = wanted.share[who] * quarters // EQUAL
    return found, Entries.of(met.person, line)


def _numbered(people: Sequence[Collection[str]], key: Callable[[str], str]) -> tuple[list[str], Numbers, Numbers]:
    """Keys in ascending order, and pairs of a person and a key's number, in order, each once."""
    size = np.fromiter(map(len, people), np.int64, len(people))
    flat = list(chain.from_iterable(people))
    keyed = {word: key(word) for word in dict.fromkeys(flat)}
    words = sorted(set(keyed.values()))
    place = {word: number for number, word in enumerate(words)}
    number = {word: place[own] for word, own in keyed.items()}
    word = np.fromiter(map(number.__getitem__, flat), np.int64, len(flat))
    pairs = np.sort(np.repeat(np.arange(len(people)), size) * max(1, len(words)) + word)
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    return words, pairs // max(1, len(words)), pairs % max(1, len(words))


def _highest(person: Numbers, word: Numbers, quarters: Numbers, words: int) -> Meetings:
    """Each pair of person and word once, with the most quarters."""
    order = np.argsort((person * max(1, words) + word) * (EQUAL + 1) + quarters)
    person, word, quarters = person[order], word[order], quarters[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = (person[1:] != person[:-1]) | (word[1:] != word[:-1])
    return Meetings(person[last], word[last], quarters[last])


def _place_of(used: Numbers, words: int) -> npt.NDArray[np.int64]:
    line = np.full(words, -1, np.int64)
    line[used] = np.arange(len(used))
    return line
