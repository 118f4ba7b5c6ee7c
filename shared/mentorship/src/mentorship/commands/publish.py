"""`mentorship publish`: one HR event from the command line."""

import json
import secrets
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import typer

from mentorship import broker, terminal
from mentorship.problem import Problem

Kind = Literal["hired", "changed", "left", "erased"]


def publish(
    kind: Kind = typer.Argument(..., help="What happened to the employee."),
    employee: str = typer.Option(..., "--employee", "-e", help="The company's id of the employee."),
    name: str | None = typer.Option(None, "--name", help="hired, changed: display name."),
    email: str | None = typer.Option(None, "--email", help="hired, changed."),
    manager: str | None = typer.Option(None, "--manager", help="hired, changed: id of the manager."),
    department: str | None = typer.Option(None, "--department", help="hired, changed."),
    title: str | None = typer.Option(None, "--title", help="hired, changed: job title."),
    level: int | None = typer.Option(None, "--level", help="hired, changed: seniority."),
    location: str | None = typer.Option(None, "--location", help="hired, changed: city."),
    timezone: str | None = typer.Option(None, "--timezone", help="hired, changed: IANA, such as Europe/Berlin."),
    language: list[str] | None = typer.Option(None, "--language", help="hired, changed: repeat for several."),
    skill: list[str] | None = typer.Option(None, "--skill", help="hired, changed: repeat for several."),
    interest: list[str] | None = typer.Option(None, "--interest", help="hired, changed: repeat for several."),
    effective_on: datetime | None = typer.Option(None, "--effective-on", formats=["%Y-%m-%d"], help="hired, changed."),
    on: datetime | None = typer.Option(
        None, "--on", formats=["%Y-%m-%d"], help="left: gone from the start of this day; else today."
    ),
    reason: str | None = typer.Option(None, "--reason", help="left: voluntary, involuntary or unknown."),
    version: int | None = typer.Option(None, "--version", min=0, help="Epoch milliseconds; else now."),
    data: Path | None = typer.Option(
        None, "--data", exists=True, allow_dash=True, help="JSON object with more fields; - reads stdin."
    ),
    publisher: str = typer.Option("hr", "--publisher", help="Sign in to NATS as this publisher."),
    source: str | None = typer.Option(None, "--source", help="CloudEvents source; else the publisher's own."),
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """Publish one HR event and return when the stream has it.

    hired and changed carry the whole record: what is not given is empty afterwards.
    """
    given: dict[str, Any] = {
        "display_name": name,
        "email": email,
        "manager_id": manager,
        "department": department,
        "job_title": title,
        "level": level,
        "location": location,
        "timezone": timezone,
        "languages": language,
        "skills": skill,
        "interests": interest,
        "effective_on": effective_on and effective_on.date(),
        "left_on": on and on.date(),
        "reason": reason,
    }
    fields = _read(data) | {key: value for key, value in given.items() if value not in (None, [])}
    fields |= {"employee_id": employee, "version": int(time.time() * 1000) if version is None else version}
    _publish(kind, fields, publisher, source, broker.access(publisher, nats, credentials), as_json)


def _publish(
    kind: Kind, fields: dict[str, Any], publisher: str, source: str | None, access: broker.Access, as_json: bool
) -> None:
    from mentorship.importing import envelope, outgoing, send_one
    from mentorship.publishers import source_of

    event = _event(kind, fields)
    trace = secrets.token_hex(16)
    traceparent = f"00-{trace}-{secrets.token_hex(8)}-01"
    stamped = envelope(event, fields["version"], source or source_of(publisher), traceparent)

    async def work() -> bool:
        async with broker.connected(access) as connection:
            return await send_one(connection, outgoing(stamped))

    new = broker.run(work)
    told = {"subject": event.subject, "id": stamped.id, "source": stamped.source, "version": stamped.version}
    if as_json:
        terminal.print_json(told | {"new": new, "trace": trace})
        return
    terminal.say(f"{event.subject} is {'published' if new else 'in the stream already'} as version {stamped.version}.")
    if new:
        terminal.say(f"See where it goes: mentorship trace {trace}")


def _event(kind: Kind, fields: dict[str, Any]) -> Any:
    from datetime import date

    from pydantic import ValidationError

    from chassis.cloudevents import describe_invalid
    from contracts import EVENTS

    event_class = EVENTS[f"hr.employee.{kind}.v1"]
    if kind == "left":
        fields = {"left_on": date.today()} | fields  # noqa: DTZ011  a last day is a day where the person at the keyboard is
    if foreign := sorted(fields.keys() - event_class.model_fields.keys()):
        raise Problem(f"{kind} has no {', '.join(foreign)}.")
    try:
        return event_class.model_validate(fields)
    except ValidationError as error:
        faults = [f"{fault['pointer'].strip('/')}: {fault['detail']}" for fault in describe_invalid(error)]
        raise Problem(f"This is no {kind} event. {'; '.join(faults)}") from None


def _read(data: Path | None) -> dict[str, Any]:
    if data is None:
        return {}
    try:
        content = json.loads(typer.get_text_stream("stdin").read() if str(data) == "-" else data.read_text())
    except (OSError, ValueError):
        raise Problem(f"{data} holds no JSON.") from None
    if not isinstance(content, dict):
        raise Problem(f"{data} holds no JSON object.")
    return content
