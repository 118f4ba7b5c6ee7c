"""What is the same data, however it was written down."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.digests import canonical, digest_of

OURS, ANOTHERS = "/mentorship/matching", "/hr"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("äb\\", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def _backwards(value: object) -> object:
    if isinstance(value, dict):
        return {key: _backwards(one) for key, one in reversed(value.items())}
    return [_backwards(one) for one in value] if isinstance(value, list) else value


@given(VALUES)
def test_another_order_blanks_and_escapes_are_the_same(value: object) -> None:
    written = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    otherwise = json.dumps(_backwards(value), indent=1).encode()
    assert digest_of(ANOTHERS, written) == digest_of(ANOTHERS, otherwise)
    assert len(digest_of(ANOTHERS, written)) == 16


@pytest.mark.parametrize(("one", "other"), [(b"[1,2]", b"[2,1]"), (b'{"a":1}', b'{"a":"1"}'), (b"1", b"1.0")])
def test_what_says_something_else_is_not_the_same(one: bytes, other: bytes) -> None:
    assert digest_of(ANOTHERS, one) != digest_of(ANOTHERS, other)


def test_what_we_wrote_is_taken_byte_by_byte() -> None:
    assert digest_of(OURS, b'{"a":1}') != digest_of(OURS, b'{"a": 1}')
    assert digest_of(OURS, b'{"a":1}') == digest_of(ANOTHERS, b'{"a": 1}')
    assert digest_of("/mentorships", b"[1]") == digest_of("/mentorships", b"[ 1 ]")


def test_letters_stay_letters() -> None:
    assert canonical(b'{"b": "\\u00e4", "a": [1]}') == '{"a":[1],"b":"ä"}'.encode()


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'"\\ud800"', b"[" * 100_000, b"[" * 1_000 + b"]" * 1_000])
def test_what_is_no_json_stays_as_it_is(data: bytes) -> None:
    assert canonical(data) == data
