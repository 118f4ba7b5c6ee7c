import json
from typing import Any

from contracts.event import Event
from tests.builders import hired
from tests.matching.conftest import House

HR = ("workday", "publisher")


def whole(event: Event, event_id: str = "a1", **attributes: Any) -> dict[str, Any]:
    """A CloudEvent in structured mode."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/workday",
        "type": event.subject,
        "subject": event.thing_id,
        "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json",
        "data": json.loads(event.model_dump_json()),
    } | attributes


async def post(
    house: House, content: Any, kind: str, who: tuple[str, str] = HR, headers: dict[str, str] | None = None
) -> Any:
    given = {"Content-Type": kind} | (headers or {})
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return await house.call("POST", "/employees/events", *who, content=body, headers=given)


async def test_an_event_in_binary_mode_reaches_the_directory_as_it_was_given(house: House) -> None:
    event = hired("E1", display_name="Zoë Ångström")
    response = await post(
        house,
        event.model_dump_json().encode(),
        "application/json",
        headers={
            "ce-specversion": "1.0",
            "ce-id": "one%20two",
            "ce-source": "/workday",
            "ce-type": event.subject,
            "ce-time": "2026-01-02T03:04:05Z",
        },
    )
    assert response.status_code == 202
    assert response.json()["results"] == [{"index": 0, "id": "one two", "status": "accepted", "problem": None}]
    assert await house.said("employee.activated", at_least=1) == [{"employee_id": "E1"}]
    (message,) = await house.bus.messages("hr.employee.hired.v1")
    headers = message.headers or {}
    kept = {name: headers[name] for name in ("ce-id", "ce-source", "ce-time")}
    assert kept == {"ce-id": "one%20two", "ce-source": "/workday", "ce-time": "2026-01-02T03:04:05+00:00"}


async def test_an_event_in_structured_mode_is_taken(house: House) -> None:
    response = await post(house, whole(hired("E1")), "application/cloudevents+json; charset=utf-8")
    assert (response.status_code, response.json()["accepted"]) == (202, 1)
    assert await house.said("employee.activated", at_least=1) == [{"employee_id": "E1"}]


async def test_of_a_batch_the_good_ones_go_on_and_the_others_have_a_problem_with_their_index(house: House) -> None:
    bad = whole(hired("E9"), "b1")
    batch = [
        whole(hired("E1"), "g1"),
        bad | {"data": bad["data"] | {"email": "nobody"}},
        bad | {"id": "b2", "type": "hr.employee.promoted.v1"},
        bad | {"id": "b3", "subject": "E8"},
        bad | {"id": "b4", "entityversion": 7},
        {"id": "b5"},
        "nonsense",
        {key: value for key, value in bad.items() if key != "source"},
        bad | {"id": "b6", "time": "yesterday"},
        whole(hired("E2"), "g2"),
    ]
    response = await post(house, batch, "application/cloudevents-batch+json")
    found = response.json()
    assert (response.status_code, found["accepted"], found["refused"]) == (202, 2, 8)
    codes = {result["index"]: result["problem"]["code"] for result in found["results"] if result["problem"]}
    assert codes == {
        1: "invalid_data",
        2: "unknown_type",
        3: "another_subject",
        4: "version_differs",
        5: "no_cloudevent",
        6: "no_cloudevent",
        7: "incomplete_envelope",
        8: "malformed_envelope",
    }
    problem = found["results"][1]["problem"]
    assert (problem["index"], problem["errors"][0]["field"]) == (1, "/email")
    assert "nobody" not in response.text
    said = await house.said("employee.activated", at_least=2)
    assert sorted(one["employee_id"] for one in said) == ["E1", "E2"]


async def test_the_same_event_again_is_taken_once_and_another_under_its_id_is_refused(house: House) -> None:
    event = whole(hired("E1"))
    for _ in range(2):
        response = await post(house, event, "application/cloudevents+json")
        assert response.json()["accepted"] == 1
    response = await post(house, whole(hired("E2")), "application/cloudevents+json")
    assert response.json()["results"][0]["problem"]["code"] == "identity_reused"
    await house.said("employee.activated", at_least=1)
    assert len(await house.bus.messages("hr.employee.>")) == 1


async def test_the_same_event_in_the_other_mode_is_taken_as_the_same(house: House) -> None:
    event = whole(hired("E1"))
    names = {f"ce-{name}": event[name] for name in ("specversion", "id", "source", "type", "time")}
    written_otherwise = json.dumps(dict(reversed(event["data"].items())), indent=1).encode()
    for content, kind, headers in (
        (written_otherwise, "application/json", names),
        (event, "application/cloudevents+json", None),
    ):
        response = await post(house, content, kind, headers=headers)
        assert response.json()["accepted"] == 1, response.text
    await house.said("employee.activated", at_least=1)
    await house.bus.settled()
    assert await house.bus.data("mentorship.dlq.>") == []


async def test_an_event_over_the_limit_of_the_bus_is_refused_by_itself(house: House) -> None:
    event = whole(hired("E1"))
    big = event | {"data": event["data"] | {"ignored": "x" * 300_000}}
    response = await post(house, [big, whole(hired("E2"), "a2")], "application/cloudevents-batch+json")
    found = response.json()["results"]
    assert (found[0]["problem"]["code"], found[1]["status"]) == ("too_large", "accepted")


async def test_what_cannot_be_read_at_all_is_refused_whole(house: House) -> None:
    structured, batch = "application/cloudevents+json", "application/cloudevents-batch+json"
    for content, kind, status in (
        (b"{", structured, 400),
        (b"\xff", structured, 400),
        (b"{}", batch, 400),
        (b"[" * 100_000, batch, 400),
        (b"{}", "application/json", 415),
        (b"{}", "text/plain", 415),
        (b"[" + b"{}," * 1000 + b"{}]", batch, 413),
    ):
        response = await post(house, content, kind)
        assert (content[:20], response.status_code) == (content[:20], status)
        assert response.headers["content-type"] == "application/problem+json"


async def test_only_publishers_hand_in_events(house: House) -> None:
    for who in (("E1", "employee"), ("E1", "programme-manager"), ("E1", "platform-admin"), ("E1", "operator")):
        assert (await post(house, whole(hired("E1")), "application/cloudevents+json", who)).status_code == 403


async def test_a_publisher_speaks_only_as_the_source_that_is_its_own(house: House) -> None:
    batch = [whole(hired("E1"), "g1"), whole(hired("E2"), "b1", source="/payroll")]
    response = await post(house, batch, "application/cloudevents-batch+json")
    found = response.json()
    assert (response.status_code, found["accepted"], found["refused"]) == (202, 1, 1)
    problem = found["results"][1]["problem"]
    assert (problem["status"], problem["code"], problem["index"]) == (403, "foreign_source", 1)
    assert [error["field"] for error in problem["errors"]] == ["/source"]
    assert "/workday" in problem["errors"][0]["detail"]
    assert await house.said("employee.activated", at_least=1) == [{"employee_id": "E1"}]
