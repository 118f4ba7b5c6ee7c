"""The inbox, preferences and one-click unsubscribing over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, StrictBool

from chassis.http import Body, Caller, Cursor, IfMatch, Missing, Page, Router, Transaction, allow, etag, public
from contracts.notifications import Channel
from notifications import handlers
from notifications.adapters.db import Preferences
from notifications.domain.kinds import RULES, Kind, Subject
from notifications.domain.messages import thing_id
from notifications.domain.preferences import effective

router = Router(tags=["messages"])
Employee = Annotated[Caller, allow("employee")]


class View(BaseModel):
    """What a caller is shown."""

    model_config = ConfigDict(frozen=True)


class AboutView(View):
    """What a message is about."""

    kind: Subject
    id: UUID


class MessageView(View):
    """A message in somebody's inbox, in their language and time zone."""

    message_id: UUID
    kind: Kind
    subject: str
    text: str
    about: AboutView
    created_at: datetime
    read_at: datetime | None


class ReadView(View):
    """When a message was first read."""

    message_id: UUID
    read_at: datetime


class PreferencesView(View):
    """Every kind and channel as it stands, and the channels that each kind always goes out on."""

    kinds: dict[Kind, dict[Channel, bool]]
    always: dict[Kind, list[Channel]]


class ChannelChoices(Body):
    """What is wanted of one kind; a channel that is not mentioned is as it is for everybody."""

    in_app: StrictBool | None = None
    email: StrictBool | None = None

    def chosen(self) -> dict[Channel, bool]:
        """The channels that were mentioned."""
        mentioned: dict[Channel, bool | None] = {"in_app": self.in_app, "email": self.email}
        return {channel: wanted for channel, wanted in mentioned.items() if wanted is not None}


class PreferencesBody(Body):
    """All of somebody's choices; a kind that is not mentioned is as it is for everybody."""

    kinds: dict[Kind, ChannelChoices]


@router.get("/me/messages")
async def my_messages(
    request: Request,
    tx: Transaction,
    caller: Employee,
    cursor: Cursor,
    unread: Annotated[bool, Query(description="Only what has not been read.")] = False,
) -> Page[MessageView]:
    """Give the caller's messages, newest first."""
    after = cursor.after(UUID)
    shown = await handlers.read_inbox(
        tx,
        request.app.state.writer,
        caller.subject,
        unread=unread,
        before=after[0] if after else None,
        limit=cursor.fetch,
    )
    return cursor.page(shown, key=lambda one: (one.message.message_id,), item=_message)


@router.post("/me/messages/{message_id}/read")
async def mark_message_read(message_id: UUID, tx: Transaction, caller: Employee) -> ReadView:
    """Note that the caller has read one of their messages; done twice, the first time stays."""
    return ReadView(message_id=message_id, read_at=await handlers.mark_read(tx, caller.subject, message_id))


@router.get("/me/preferences")
async def get_preferences(tx: Transaction, caller: Employee, response: Response) -> PreferencesView:
    """Give what the caller wants to hear, on which channel."""
    return _preferences(await handlers.choices_of(tx, caller.subject), response)


@router.put("/me/preferences")
async def put_preferences(
    body: PreferencesBody, tx: Transaction, caller: Employee, if_match: IfMatch, response: Response
) -> PreferencesView:
    """Replace what the caller wants to hear; what is listed under `always` cannot be turned off (422)."""
    choices = {kind: channels.chosen() for kind, channels in body.kinds.items()}
    return _preferences(await handlers.choose(tx, caller.subject, choices, if_match), response)


@router.get("/unsubscribe/{token}", dependencies=[public], response_class=HTMLResponse)
async def ask_to_unsubscribe(token: str, request: Request) -> HTMLResponse:
    """Ask, because mail scanners follow links: only the POST unsubscribes (RFC 8058)."""
    _signed(request, token)
    return HTMLResponse(request.app.state.writer.unsubscribing(done=False))


@router.post("/unsubscribe/{token}", dependencies=[public], response_class=HTMLResponse)
async def unsubscribe(token: str, request: Request, tx: Transaction) -> HTMLResponse:
    """Turn off one kind of mail for whoever the token was made for; mail programs call this with one click."""
    employee_id, kind = _signed(request, token)
    await handlers.unsubscribe(tx, employee_id, kind)
    return HTMLResponse(request.app.state.writer.unsubscribing(done=True))


def _signed(request: Request, token: str) -> tuple[str, Kind]:
    signer = request.app.state.signer
    said: tuple[str, Kind] | None = signer.read(token) if signer else None
    if said is None:
        raise Missing("This link is not one of ours.")
    return said


def _message(shown: handlers.Shown) -> MessageView:
    message = shown.message
    return MessageView(
        message_id=message.message_id,
        kind=message.kind,
        subject=shown.words.subject,
        text=shown.words.text,
        about=AboutView(kind=RULES[message.kind].about, id=thing_id(message.facts)),
        created_at=message.created_at,
        read_at=message.read_at,
    )


def _preferences(preferences: Preferences, response: Response) -> PreferencesView:
    response.headers["ETag"] = etag(preferences.version)
    return PreferencesView.model_validate(
        {
            "kinds": effective(preferences.choices),
            "always": {kind: sorted(rule.always) for kind, rule in RULES.items()},
        }
    )
