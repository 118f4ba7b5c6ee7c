"""`mentorship mail`: what the local mail sink received."""

from email import message_from_string, policy
from typing import Any

import typer

from mentorship.local.front import ask
from mentorship.problem import Problem
from mentorship.terminal import Json, harmless, print_json, print_table, say


def mail(
    number: int = typer.Argument(0, show_default=False, help="Show this mail whole; the list if not given."),
    to: str = typer.Option("", "--to", metavar="ADDRESS", help="Only what was sent to this address."),
    limit: int = typer.Option(20, "--limit", "-n", min=1, max=1000, help="How many, the newest first."),
    json: bool = Json,
) -> None:
    """Show the mails that the local sink received; none of them was delivered to anybody."""
    mails: list[dict[str, Any]] = ask("/mail", limit=1000 if number else limit, to=to)
    if number:
        _show(mails, number, json)
    elif json:
        print_json(mails)
    elif not mails:
        say("No mail yet.")
    else:
        rows = [(one["number"], one["received_at"][11:19], ", ".join(one["to"]), one["subject"]) for one in mails]
        print_table("Mails received, the newest first", ("no.", "UTC", "to", "subject"), rows)
        say("[dim]mentorship mail NO. shows one of them whole.[/dim]")


def _show(mails: list[dict[str, Any]], number: int, json: bool) -> None:
    found = next((one for one in mails if one["number"] == number), None)
    if found is None:
        raise Problem(f"There is no mail {number} among the last 1,000: `mentorship mail` lists them.")
    if json:
        print_json(found)
        return
    message = message_from_string(found["raw"].replace("\r\n", "\n"), policy=policy.default)
    for name in ("From", "To", "Date", "Subject", "Message-ID"):
        typer.echo(harmless(f"{name}: {message.get(name, '')}"))
    for part in message.walk():
        if part.get_content_maintype() == "text":
            typer.echo(f"\n--- {part.get_content_type()} {part.get_filename() or ''}".rstrip())
            typer.echo(harmless(part.get_content()))
