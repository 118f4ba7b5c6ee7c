"""What one request may cost."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Malformed, TooMany
from chassis.limits import JSON_DEPTH, RateLimit, check_json, depth_over

STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(STORABLE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(STORABLE), inner, max_size=4),
)


def depth_of(document: Any) -> int:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(DOCUMENTS, st.booleans(), st.integers(0, 6))
def test_depth_is_told_without_parsing(document: Any, ascii_only: bool, limit: int) -> None:
    content = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert depth_over(content, limit) == (depth_of(document) > limit)


@given(DOCUMENTS, st.booleans())
def test_what_can_be_stored_passes(document: Any, ascii_only: bool) -> None:
    check_json(json.dumps(document, ensure_ascii=ascii_only).encode())


@given(st.text(STORABLE), st.sampled_from(["\x00", "\ud800", "\udfff"]), st.text(STORABLE))
def test_what_no_text_may_hold_does_not_pass(before: str, odd: str, after: str) -> None:
    with pytest.raises(Malformed):
        check_json(json.dumps({"words": before + odd + after}).encode())
    with pytest.raises(Malformed):
        check_json(json.dumps({before + odd + after: 1}).encode())


def test_brackets_in_texts_do_not_nest() -> None:
    check_json(json.dumps({"words": "[" * 1000 + '\\"' + "{" * 1000}).encode())


@pytest.mark.parametrize("end", [b"", b"\\"])
def test_a_text_that_never_ends_is_told_in_no_time(end: bytes) -> None:
    began = time.perf_counter()
    assert depth_over(b"[" * 40 + b'"' + b'\\"' * 130_000 + end, JSON_DEPTH)
    assert not depth_over(b'"' + b"[" * 40 + b'\\"' * 130_000 + end, JSON_DEPTH)
    assert time.perf_counter() - began < 5


def test_the_deepest_document_that_passes() -> None:
    check_json(b"[" * JSON_DEPTH + b"]" * JSON_DEPTH)
    with pytest.raises(Malformed):
        check_json(b"[" * (JSON_DEPTH + 1) + b"]" * (JSON_DEPTH + 1))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_up_again_and_not_beyond_its_burst() -> None:
    clock = Clock()
    limit = RateLimit(2.0, 3.0, clock=clock)
    for _ in range(3):
        limit.check("E1")
    with pytest.raises(TooMany) as refused:
        limit.check("E1")
    assert refused.value.headers == {"Retry-After": "1"}
    clock.now = 1.0
    limit.check("E1")
    limit.check("E1")
    with pytest.raises(TooMany):
        limit.check("E1")
    clock.now = 1000.0
    for _ in range(3):
        limit.check("E1")
    with pytest.raises(TooMany):
        limit.check("E1")


def test_one_callers_haste_is_not_anothers() -> None:
    limit = RateLimit(1.0, 1.0, clock=Clock())
    limit.check("E1")
    limit.check("E2")
    with pytest.raises(TooMany):
        limit.check("E1")


def test_callers_that_are_long_gone_are_forgotten() -> None:
    limit = RateLimit(1.0, 1.0, callers=2, clock=Clock())
    for caller in ("E1", "E2", "E3"):
        limit.check(caller)
    limit.check("E1")


def test_zero_is_no_limit() -> None:
    limit = RateLimit(0)
    for _ in range(10_000):
        limit.check("E1")
