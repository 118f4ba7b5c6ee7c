"""What a service hears and says, as an AsyncAPI 3 document made by FastStream and as a page for people."""

from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse, Response

from chassis.access import public
from chassis.subscription import Subscription
from contracts.event import EventClass


def document_of(
    service: str, version: str, subscriptions: Sequence[Subscription], publishes: Sequence[EventClass]
) -> dict[str, Any]:
    """The document of a service: one channel per handler and event it hears, one per event it publishes."""
    # FastStream generates the document from a broker that is never connected; importing it costs 20 MB, so it waits.
    from faststream.nats import NatsBroker  # noqa: PLC0415
    from faststream.specification import AsyncAPI  # noqa: PLC0415

    broker = NatsBroker("nats://nats:4222", logger=None)
    for subscription in subscriptions:
        for event in subscription.events:
            title = f"{service}-{subscription.name}.{event.subject}"
            broker.subscriber(event.subject, title=title, description=_sentence(subscription.handler))(
                _reader_of(event)
            )
    for event in publishes:
        broker.publisher(event.subject, title=event.subject, schema=event, description=_sentence(event))
    made = AsyncAPI(
        broker,
        title=service,
        version=version,
        description=f"Events of the {service} service: CloudEvents 1.0 in binary mode over NATS JetStream.",
    )
    return _tidied(made.to_specification().to_jsonable())


def _reader_of(event: EventClass) -> Any:
    async def read(event: Any) -> None:
        """Stands for the handler, whose own signature has a transaction in it."""

    read.__annotations__ = {"event": event, "return": None}
    return read


def _sentence(thing: Any) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]


def _tidied(document: dict[str, Any]) -> dict[str, Any]:
    """Say what FastStream cannot know: our headers, and names that the standard's own pattern allows."""
    renamed = {name: name.replace(":", ".") for name in document["components"]["messages"]}
    document["components"]["messages"] = {
        renamed[name]: _message(message) for name, message in document["components"]["messages"].items()
    }
    for channel in document["channels"].values():
        channel["bindings"]["nats"] = {"bindingVersion": "0.1.0"}
        for reference in channel["messages"].values():
            name = reference["$ref"].rpartition("/")[2]
            reference["$ref"] = f"#/components/messages/{renamed.get(name, name)}"
    document["servers"] = {
        "nats": {
            "host": "nats:4222",
            "protocol": "nats",
            "description": "NATS with JetStream; see MENTORSHIP_NATS_URL.",
        }
    }
    for channel in document["channels"].values():
        channel["servers"] = [{"$ref": "#/servers/nats"}]
    document["components"]["messageTraits"] = {"cloudevent": _CLOUDEVENT}
    return document


def _message(message: dict[str, Any]) -> dict[str, Any]:
    message.pop("correlationId", None)
    message["title"] = message["title"].replace(":", ".")
    return {**message, "traits": [{"$ref": "#/components/messageTraits/cloudevent"}]}


_CLOUDEVENT: dict[str, Any] = {
    "contentType": "application/json",
    "headers": {
        "type": "object",
        "required": ["ce-specversion", "ce-id", "ce-source", "ce-type"],
        "properties": {
            "ce-specversion": {"type": "string", "const": "1.0"},
            "ce-id": {"type": "string", "description": "Unique per source."},
            "ce-source": {"type": "string", "format": "uri-reference"},
            "ce-type": {"type": "string", "description": "Equal to the NATS subject."},
            "ce-subject": {"type": "string", "description": "Id of the thing the event is about."},
            "ce-time": {"type": "string", "format": "date-time"},
            "ce-entityversion": {"type": "string", "description": "Version of the thing after the event; this orders."},
            "ce-dataschema": {"type": "string", "format": "uri"},
            "traceparent": {"type": "string", "description": "W3C trace context."},
        },
    },
}


def routes(
    service: str, version: str, subscriptions: Sequence[Subscription], publishes: Sequence[EventClass]
) -> APIRouter:
    """The routes `/asyncapi.json` and `/asyncapi`, open to all; the document is made when first asked for."""
    router = APIRouter(tags=["docs"], dependencies=[public], include_in_schema=False)

    @cache
    def document() -> dict[str, Any]:
        return document_of(service, version, subscriptions, publishes)

    @router.get("/asyncapi.json")
    async def asyncapi_json() -> Response:
        return JSONResponse(document())

    @router.get("/asyncapi")
    async def asyncapi_page() -> Response:
        return HTMLResponse(page_of(document()))

    return router


def page_of(document: dict[str, Any]) -> str:
    """The document as one plain page that needs nothing from elsewhere."""
    title = escape(document["info"]["title"])
    parts = [f"<h1>{title}: events</h1><p>The same <a href='asyncapi.json'>as AsyncAPI 3</a>.</p>"]
    for action, heading in (("receive", "Hears"), ("send", "Says")):
        rows = [
            _row(document, name) for name, done in sorted(document["operations"].items()) if done["action"] == action
        ]
        parts.append(f"<h2>{heading}</h2><table><tr><th>Subject<th>What<th>Fields</tr>{''.join(rows)}</table>")
    style = "body{font:15px sans-serif;margin:2em}td,th{text-align:left;padding:.3em .8em;vertical-align:top}"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{style}</style>{''.join(parts)}"
    )


def _row(document: dict[str, Any], operation: str) -> str:
    channel = document["channels"][document["operations"][operation]["channel"]["$ref"].rpartition("/")[2]]
    message = next(iter(channel["messages"].values()))["$ref"].rpartition("/")[2]
    payload = document["components"]["messages"][message]["payload"]["$ref"].rpartition("/")[2]
    fields = document["components"]["schemas"].get(payload, {}).get("properties", {})
    what = escape(channel.get("description") or "")
    return f"<tr><td><code>{escape(channel['address'])}</code><td>{what}<td>{escape(', '.join(sorted(fields)))}</tr>"
