"""Log lines: JSON, with ids of traces, without the texts of exceptions."""

import asyncio
import json
import logging

import pytest
import structlog

from chassis import logs
from chassis.telemetry import tracer


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(autouse=True)
def configured() -> None:
    logs.configure("notebook")


def test_our_own_and_foreign_records_have_one_form(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().info("ours", match_id="M1")
    logging.getLogger("somebody.else").info("theirs %s", "x")
    ours, theirs = lines(capsys)
    assert (ours["event"], ours["match_id"], ours["level"]) == ("ours", "M1", "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("theirs x", "somebody.else", "info")
    assert ours["service"] == theirs["service"] == "notebook"


def test_configuring_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("notebook")
    logging.getLogger("elsewhere").warning("once")
    assert len(lines(capsys)) == 1


def test_a_line_in_a_span_carries_its_ids(capsys: pytest.CaptureFixture[str]) -> None:
    with tracer.start_as_current_span("work") as span:
        structlog.get_logger().info("inside")
    (line,) = lines(capsys)
    context = span.get_span_context()
    if context.is_valid:
        assert (line["trace_id"], line["span_id"]) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")


@pytest.mark.parametrize("logger", ["ours", "theirs"])
def test_an_exception_is_told_by_class_and_place(capsys: pytest.CaptureFixture[str], logger: str) -> None:
    try:
        try:
            raise KeyError("canary")
        except KeyError as error:
            raise ValueError("canary") from error
    except ValueError:
        if logger == "ours":
            structlog.get_logger().exception("failed")
        else:
            logging.getLogger("elsewhere").exception("failed")
    (line,) = lines(capsys)
    assert (line["error"], line["cause"]) == ("ValueError", "KeyError")
    assert "chassis/test_logs.py" in str(line["at"])
    assert "canary" not in str(line)


async def test_a_task_that_nobody_waited_for_is_told_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    async def fail() -> None:
        raise ValueError("canary")

    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    context = {"message": "Task exception was never retrieved", "exception": task.exception(), "future": task}
    asyncio.get_running_loop().default_exception_handler(context)
    (line,) = lines(capsys)
    assert line["event"] == "Task exception was never retrieved"
    assert "canary" not in str(line)


def test_addresses_of_requests_are_not_logged() -> None:
    assert logging.getLogger("uvicorn.access").disabled
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
