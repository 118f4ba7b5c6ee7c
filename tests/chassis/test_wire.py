"""NATS's protocol read and written by ourselves: the same messages as nats-py's, however the bytes arrive."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.msg import Msg
from nats.errors import BadHeaderError, ProtocolError

from chassis.cloudevents import Undecodable, decode, decode_as_written, header_lines_of, headers_of
from chassis.wire import Outgoing, QuickParser, command_of, header_lines, parse_header_lines
from tests.bench.consumer import an_event

OURS, OTHERS = 7, 8


class Connection:
    """Notes what a parser tells it."""

    def __init__(self) -> None:
        self.stats = {"in_msgs": 0, "in_bytes": 0}
        self.told: list[Any] = []

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        self.told.append((sid, subject, reply, data, headers))

    async def _process_ping(self) -> None:
        self.told.append("ping")

    def take(self, message: Msg) -> None:
        self.told.append((message.sid, message.subject, message.reply, message.data, message.headers))


def _parser() -> tuple[QuickParser, Connection]:
    connection = Connection()
    parser = QuickParser(connection)  # type: ignore[arg-type]
    parser.diverted[OURS] = connection.take
    return parser, connection


BEAT = b"NATS/1.0 100 Idle Heartbeat\r\n\r\n"
PLAIN = an_event(1)


def block_of(lines: str) -> bytes:
    return f"NATS/1.0\r\n{lines}\r\n".encode()


BLOCK = block_of(header_lines({"ce-id": "1", "traceparent": "00-a"}))
STREAM = b"".join(
    (
        f"HMSG a.b {OURS} $JS.ACK.x {len(BLOCK)} {len(BLOCK) + 5}\r\n".encode() + BLOCK + b"body\n\r\n",
        b"PING\r\n",
        f"MSG a.c {OTHERS} 4\r\nMSG \r\n".encode(),
        f"MSG a.d {OURS} $JS.ACK.y 0\r\n\r\n".encode(),
        f"HMSG a.e {OURS} {len(BEAT)} {len(BEAT)}\r\n".encode() + BEAT + b"\r\n",
        b"+OK\r\n",
        f"HMSG a.f {OTHERS} r {len(BLOCK)} {len(BLOCK) + 2}\r\n".encode() + BLOCK + b"\r\n\r\n",
    )
)
TOLD = [
    (OURS, "a.b", "$JS.ACK.x", b"body\n", {"ce-id": "1", "traceparent": "00-a"}),
    "ping",
    (OTHERS, b"a.c", b"", b"MSG ", None),
    (OURS, "a.d", "$JS.ACK.y", b"", {}),
    (OURS, b"a.e", b"", b"", BEAT),
    (OTHERS, b"a.f", b"r", b"\r\n", BLOCK),
]


@given(cuts=st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=12))
async def test_messages_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    parser, connection = _parser()
    at = 0
    for cut in [*sorted(cuts), len(STREAM)]:
        await parser.parse(STREAM[at:cut])
        at = max(at, cut)
    assert connection.told == TOLD
    assert parser.buf == b""


@pytest.mark.parametrize("line", [b"MSG a.b\r\n", b"HMSG a.b 7 r x y\r\n", b"MSG a.b 7 -1x\r\n", b"what is this\r\n"])
async def test_what_is_no_protocol_is_said_to_be_none(line: bytes) -> None:
    parser, _ = _parser()
    with pytest.raises(ProtocolError):
        await parser.parse(line)


def test_headers_that_are_written_are_read_again() -> None:
    headers = headers_of(PLAIN) | {"Nats-Batch-Id": "x", "X-Other": "a: b"}
    lines = header_lines(headers)
    assert parse_header_lines(lines.encode()) == headers
    assert header_lines(headers_of(PLAIN)) == header_lines_of(PLAIN)
    block = block_of(lines)
    command = command_of(
        Outgoing("a.b", header_lines(headers_of(PLAIN)), b"body"), "reply", "Nats-Batch-Id: x\r\nX-Other: a: b\r\n"
    )
    assert command == f"HPUB a.b reply {len(block)} {len(block) + 4}\r\n".encode() + block + b"body\r\n"


def test_no_header_ends_another_or_has_a_name_that_is_none() -> None:
    assert header_lines({"ce-id": "1\r\nce-source: forged"}) == "ce-id: 1 ce-source: forged\r\n"
    with pytest.raises(BadHeaderError):
        header_lines({"ce id": "1"})
    forged = replace(PLAIN, id="1\r\na: b", source="\n", subject="\r", cause="\r\n", traceparent="00-\r\nc: d")
    assert len(header_lines_of(forged).splitlines()) == len(
        header_lines_of(replace(PLAIN, cause="x", traceparent=None)).splitlines()
    )


WRITTEN = block_of(header_lines_of(replace(PLAIN, cause="/hr/7")) + "Nats-Batch-Id: x\r\nNats-Batch-Sequence: 2\r\n")


def _read(block: bytes) -> object:
    try:
        return decode(PLAIN.type, parse_header_lines(block[10:]), PLAIN.data)
    except Undecodable as refused:
        return refused


def test_what_we_write_ourselves_is_read_in_one_go() -> None:
    assert decode_as_written(PLAIN.type, WRITTEN, PLAIN.data) == replace(PLAIN, cause="/hr/7") == _read(WRITTEN)
    assert decode_as_written("another.type", WRITTEN, PLAIN.data) is None


@given(
    texts=st.lists(st.text('a/%" \u00e9\r\n\t~', max_size=4), min_size=4, max_size=4),
    trace=st.none() | st.text("0-%\u00e9 ", max_size=4),
)
def test_envelopes_are_read_in_one_go_as_at_length(texts: list[str], trace: str | None) -> None:
    id_, source, subject, cause = texts
    event = replace(PLAIN, id=id_, source=source, subject=subject, cause=cause, traceparent=trace)
    block = block_of(header_lines_of(event))
    found = decode_as_written(PLAIN.type, block, PLAIN.data)
    assert found is None or found == _read(block)


@given(
    at=st.integers(min_value=0, max_value=len(WRITTEN) - 1),
    instead=st.sampled_from(
        [b"", b"\r\n", b"\n", b"\r", b" ", b"%41", b"\xff", b"9", b"-", b": ", b"\r\nce-id: 2", b"\r\ntraceparent: 3"]
    ),
    width=st.integers(min_value=0, max_value=40),
)
def test_headers_that_were_tampered_with_are_read_in_one_go_as_at_length(at: int, instead: bytes, width: int) -> None:
    block = WRITTEN[:at] + instead + WRITTEN[at + width :]
    found = decode_as_written(PLAIN.type, block, PLAIN.data)
    assert found is None or found == _read(block)


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        (rb"ce-time: [^\r]*", b"ce-time: 2026-01-31T12:00:00"),
        (rb"ce-time: [^\r]*", b"ce-time: yesterday"),
        (rb"ce-entityversion: [^\r]*", b"ce-entityversion: -1"),
        (rb"ce-entityversion: [^\r]*", b"ce-entityversion: 9223372036854775808"),
        (rb"ce-specversion: 1.0", b"ce-specversion: 1.1"),
        (rb"ce-id: [^\r]*", b"ce-id: " + b"1" * 513),
        (rb"ce-subject: [^\r]*", b"ce-subject: " + b"1" * 513),
    ],
)
def test_what_must_be_refused_is_left_to_the_reader_that_says_why(ours: bytes, other: bytes) -> None:
    block = re.sub(ours, other, WRITTEN)
    assert decode_as_written(PLAIN.type, block, PLAIN.data) is None
    assert isinstance(_read(block), Undecodable)
