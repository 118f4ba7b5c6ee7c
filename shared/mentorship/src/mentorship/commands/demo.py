"""`mentorship demo`: a small company goes through one programme."""

from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx
from rich.table import Table
from rich.text import Text

from mentorship import broker, terminal

if TYPE_CHECKING:
    from mentorship.demo import Ending

_COLOURS = {
    "HR": "blue",
    "matching": "cyan",
    "worker": "cyan",
    "sessions": "green",
    "notifications": "magenta",
    "analytics": "yellow",
}
_FIGURES = (
    ("Participants", "participants", "enrolled", "{:.0f}"),
    ("Matched", "matching", "matched", "{:.0f}"),
    ("Match rate", "matching", "match_rate", "{:.0%}"),
    ("Offers accepted", "offers", "accepted", "{:.0f}"),
    ("Offers declined", "offers", "declined", "{:.0f}"),
    ("Offers expired", "offers", "expired", "{:.0f}"),
    ("Acceptance", "offers", "acceptance_rate", "{:.0%}"),
    ("Sessions held", "sessions", "held", "{:.0f}"),
    ("Sessions missed", "sessions", "missed", "{:.0f}"),
    ("Sessions cancelled", "sessions", "cancelled", "{:.0f}"),
)


def demo(as_json: bool = terminal.Json) -> None:
    """Take a small company through one programme in about a minute: hires, a run, acceptances, sessions, a leaver.

    Deadlines and reminders of seconds are settings of that programme; everything goes through the services.
    The first time on a machine, the worker compiles its matching engine meanwhile, which takes a minute more.
    """
    from mentorship.local.home import running_platform

    platform = running_platform()
    began = monotonic()

    def tell(where: str, what: str) -> None:
        if not as_json:
            terminal.out.print(_line(monotonic() - began, where, what))

    async def work() -> "Ending":
        from mentorship.demo import Story
        from mentorship.demo.callers import Callers
        from mentorship.demo.cast import cast

        async with broker.connected(broker.access("hr", None, None)) as nats, httpx.AsyncClient() as client:
            return await Story(cast(), Callers(platform, client), nats, tell).run()

    ending = broker.run(work)
    if as_json:
        terminal.print_json(
            {
                "programme_id": ending.programme_id,
                "health": ending.health,
                "trace": ending.trace,
                "seconds": monotonic() - began,
            }
        )
    else:
        _tell(ending)


def _tell(ending: "Ending") -> None:
    terminal.say("")
    terminal.print_table("How the programme is doing", ("Figure", "Value"), _rows(ending.health))
    terminal.say("One acceptance, from the request to mails and figures:")
    terminal.say(f"  mentorship trace {ending.trace}")
    terminal.say("What people received:")
    terminal.say("  mentorship mail")


def _line(seconds: float, where: str, what: str) -> Table:
    """One line of the story; where the terminal is too narrow it goes on under its own words."""
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_row(Text(f"{seconds:5.1f} s", "dim"), Text(f"{where:13}", _COLOURS[where]), Text(what))
    return line


def _rows(health: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [(title, _shown(health[part][name], pattern)) for title, part, name, pattern in _FIGURES]
    for title, name in (("Usefulness of sessions, 1 to 5", "usefulness"), ("Fit of the pair, 1 to 5", "fit")):
        rows.append((title, _shown(health["feedback"][name]["average"], "{:.1f}")))
    return rows


def _shown(cell: dict[str, Any], pattern: str) -> str:
    return "hidden: fewer than five people" if cell["value"] is None else pattern.format(cell["value"])
