"""Reading what publishers send: whatever it is, it is an event or a reason why not, never a failure of the reader."""

import json
from typing import Any
from unittest.mock import Mock

import pytest
from nats.aio.msg import Msg

from chassis.cloudevents import MAX_EVENT_BYTES, CloudEvent, Undecodable, decode, header_lines_of, size_of
from chassis.delivery import read_at
from chassis.outbox import EventTooLarge, row_of_foreign
from contracts.event import EVENTS

SUBJECT = "hr.employee.left.v1"
DATA = {"employee_id": "e1", "version": 5, "left_on": "2026-01-31"}
WIDEST = "\U0001f9d1" * 512


def whole(**attributes: Any) -> bytes:
    event = {"specversion": "1.0", "id": "1", "source": "/hr", "type": SUBJECT, "data": DATA}
    return json.dumps(event | attributes).encode()


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_a_version_beyond_all_numbers_is_malformed(number: str) -> None:
    body = whole(entityversion="here").replace(b'"here"', number.encode())
    with pytest.raises(Undecodable, match="malformed_envelope"):
        decode(SUBJECT, None, body)


def test_a_reader_that_fails_costs_only_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.delivery.decode", Mock(side_effect=ArithmeticError))
    message = Msg(_client=None, subject=SUBJECT, data=whole())  # type: ignore[arg-type]
    delivery = read_at(message, EVENTS, "HR", 7, 1, 0.0)
    assert delivery.refused == "unreadable"
    assert delivery.identity.int != 0


@pytest.mark.parametrize("attribute", ["traceparent", "causationid"])
@pytest.mark.parametrize("value", ["a\r\nNats-Rollup: all", "a" * 300_000])
def test_what_cannot_be_a_header_is_not_passed_on(attribute: str, value: str) -> None:
    event = decode(SUBJECT, None, whole(**{attribute: value}))
    assert event.traceparent is None
    assert event.cause is None


def test_an_event_that_passes_the_outbox_is_one_that_the_stream_takes() -> None:
    event = decode(SUBJECT, None, whole(id=WIDEST, source=WIDEST, subject=WIDEST, causationid=f"{WIDEST}/{WIDEST}"))
    envelope = size_of(header_lines_of(event), b"")

    def padded(length: int) -> CloudEvent:
        event.data = b"x" * length
        return event

    row_of_foreign(padded(MAX_EVENT_BYTES - envelope - 200))
    with pytest.raises(EventTooLarge):
        row_of_foreign(padded(MAX_EVENT_BYTES - envelope + 1))
