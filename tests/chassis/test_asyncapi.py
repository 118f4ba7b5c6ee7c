"""What a service hears and says, as a document."""

import re
from typing import Any

import httpx
import pytest

from chassis.asyncapi import document_of, page_of
from chassis.subscription import on
from contracts.event import events_of
from contracts.hr import EmployeeErased
from contracts.matching import MatchActivated, MatchEnded


async def open_relationship(tx: object, received: object) -> None:
    """Open a relationship for <a pair>."""


SUBSCRIPTIONS = (on(MatchActivated, MatchEnded, EmployeeErased, do=open_relationship),)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return document_of("sessions", "1", SUBSCRIPTIONS, events_of("matching"))


def test_every_event_heard_and_said_is_in_it(document: dict[str, Any]) -> None:
    found = {(operation["action"], _address(document, operation)) for operation in document["operations"].values()}
    heard = {("receive", event.subject) for event in SUBSCRIPTIONS[0].events}
    assert found == heard | {("send", event.subject) for event in events_of("matching")}
    assert document["asyncapi"].startswith("3.")


def test_every_reference_leads_somewhere_and_every_name_is_allowed(document: dict[str, Any]) -> None:
    for reference in re.findall(r"'\$ref': '#/([^']+)'", str(document)):
        at: Any = document
        for part in reference.split("/"):
            at = at[part]
    for kind in ("messages", "schemas", "messageTraits"):
        assert all(re.fullmatch(r"[\w.\-]+", name) for name in document["components"][kind])


def test_messages_have_the_headers_of_cloudevents(document: dict[str, Any]) -> None:
    for message in document["components"]["messages"].values():
        assert message["traits"] == [{"$ref": "#/components/messageTraits/cloudevent"}]
        assert "correlationId" not in message
    trait = document["components"]["messageTraits"]["cloudevent"]
    assert {"ce-id", "ce-source", "ce-type"} <= trait["headers"]["properties"].keys()


def test_the_page_shows_each_subject_and_escapes_what_it_shows(document: dict[str, Any]) -> None:
    page = page_of(document)
    assert all(event.subject in page for event in (*SUBSCRIPTIONS[0].events, *events_of("matching")))
    assert "&lt;a pair&gt;" in page
    assert "http" not in page


async def test_a_service_serves_both(client: httpx.AsyncClient) -> None:
    assert (await client.get("/asyncapi.json")).json()["info"]["title"] == "notebook"
    assert (await client.get("/asyncapi")).headers["content-type"].startswith("text/html")


def _address(document: dict[str, Any], operation: dict[str, Any]) -> str:
    channel = operation["channel"]["$ref"].rpartition("/")[2]
    address: str = document["channels"][channel]["address"]
    return address
