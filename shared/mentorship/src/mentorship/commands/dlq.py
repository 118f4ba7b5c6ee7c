"""`mentorship dlq`: what the services could not handle."""

from collections.abc import Callable, Coroutine
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mentorship import broker, terminal
from mentorship.problem import Problem
from mentorship.progress import progress

if TYPE_CHECKING:
    from mentorship.letters import Letter

app = typer.Typer(no_args_is_help=True, add_completion=False, help="List, show, replay and discard dead letters.")

Numbers = typer.Argument(None, metavar="[NUMBER]...", help="As `mentorship dlq list` shows them.")
Source = typer.Option(None, "--source", help="Only events of this CloudEvents source, such as /hr.")
Consumer = typer.Option(None, "--consumer", help="Only of this consumer, such as sessions-open-relationship.")
Reason = typer.Option(None, "--reason", help="Only of this class of reason, such as invalid_data.")
All = typer.Option(False, "--all", help="All that fit the options; without options, really all.")


@app.command("list")
def list_(
    source: str | None = Source,
    consumer: str | None = Consumer,
    reason: str | None = Reason,
    limit: int = typer.Option(50, "--limit", min=1, help="The newest that many."),
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """List dead letters, the newest first."""
    from mentorship.letters import Letter, Wanted, count, newest

    async def work(nc: Any) -> tuple[list[Letter], int]:
        found: list[Letter] = []
        async for letter in newest(nc, Wanted(source, consumer, reason)):
            found.append(letter)
            if len(found) == limit:
                break
        return found, await count(nc)

    found, total = _with_nats(nats, credentials, work)
    if as_json:
        terminal.print_json([{"number": one.number, "service": one.service, **asdict(one.letter)} for one in found])
    elif not total:
        terminal.say("No dead letters.")
    else:
        _list(found, total)


def _list(found: "list[Letter]", total: int) -> None:
    rows = [
        (
            one.number,
            one.letter.died_at[:19].replace("T", " "),
            one.letter.consumer,
            one.letter.reason,
            one.letter.source or None,
            f"{one.letter.stream}/{one.letter.sequence}",
        )
        for one in found
    ]
    columns = ("Number", "Died (UTC)", "Consumer", "Reason", "Source", "Original")
    terminal.print_table(f"Dead letters: {len(found)} of {total}", columns, rows)
    terminal.say("mentorship dlq show NUMBER shows one of them whole, with what is wrong with its data.")


@app.command()
def show(
    number: int = typer.Argument(..., min=1),
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """Show one dead letter with the original message, which may hold personal data."""
    from mentorship.letters import Letter, faults_of, one, original

    async def work(nc: Any) -> tuple[Letter, Any]:
        letter = await one(nc, number)
        if letter is None:
            raise Problem(f"There is no dead letter {number}: `mentorship dlq list` shows those there are.")
        return letter, await original(nc, letter.letter)

    letter, message = _with_nats(nats, credentials, work)
    body = None if message is None else (message.data or b"").decode(errors="replace")
    headers = None if message is None else message.headers or {}
    faults = [] if message is None else faults_of(letter.letter, message.data or b"")
    if as_json:
        found = None if message is None else {"headers": headers, "body": body}
        known = {"number": letter.number, "service": letter.service, **asdict(letter.letter)}
        terminal.print_json(known | {"faults": faults, "original": found})
        return
    _show(letter, headers, body)
    for fault in faults:
        terminal.out.print(terminal.harmless(f"! {fault}"), markup=False, soft_wrap=True)


def _show(letter: "Letter", headers: dict[str, str] | None, body: str | None) -> None:
    from mentorship.letters import UNREADABLE

    rows = [(name, value) for name, value in asdict(letter.letter).items() if value is not None]
    terminal.print_table(f"Dead letter {letter.number}", ("What", "Is"), rows)
    if letter.letter.reason == UNREADABLE:
        terminal.say("Nobody can read this letter: was it written by another version? It can be discarded.")
        return
    if headers is None or body is None:
        terminal.say("Its original is gone from the stream.")
        return
    terminal.print_table("Headers", ("Name", "Value"), list(headers.items()))
    terminal.out.print(terminal.harmless(body), markup=False, soft_wrap=True)


@app.command()
def replay(
    numbers: list[int] | None = Numbers,
    source: str | None = Source,
    consumer: str | None = Consumer,
    reason: str | None = Reason,
    every: bool = All,
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """Have the same handler try the originals again; exit code 1 where one is still not handled."""
    from mentorship.letters import Replayed, Wanted, chosen
    from mentorship.letters import replay as try_again

    wanted = Wanted(source, consumer, reason)
    _asked_for_something(numbers, wanted != Wanted(), every)

    async def work(nc: Any) -> list[Replayed]:
        letters = await chosen(nc, numbers or [], wanted, _missing)
        results = []
        with progress("replaying", len(letters)) as advance:
            for letter in letters:
                results.append(await try_again(nc, letter))
                advance(1)
        return results

    results = _with_nats(nats, credentials, work)
    if as_json:
        terminal.print_json([asdict(one) for one in results])
    else:
        rows = [(one.number, one.consumer, one.outcome, one.reason) for one in islice(results, 200)]
        terminal.print_table(f"Replayed: {len(results)}", ("Number", "Consumer", "Outcome", "Reason"), rows)
    if not all(one.closed for one in results):
        raise typer.Exit(1)


@app.command()
def discard(
    numbers: list[int] | None = Numbers,
    source: str | None = Source,
    consumer: str | None = Consumer,
    reason: str | None = Reason,
    every: bool = All,
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
) -> None:
    """Remove dead letters for good; the originals stay in their streams."""
    from mentorship.letters import Letter, Wanted, chosen
    from mentorship.letters import discard as remove

    wanted = Wanted(source, consumer, reason)
    _asked_for_something(numbers, wanted != Wanted(), every)

    async def find(nc: Any) -> list[Letter]:
        return await chosen(nc, numbers or [], wanted, _missing)

    letters = _with_nats(nats, credentials, find)
    if letters and not yes:
        typer.confirm(f"Remove {len(letters)} dead letters?", abort=True)

    async def work(nc: Any) -> None:
        for letter in letters:
            await remove(nc, letter.number)

    _with_nats(nats, credentials, work)
    terminal.say(f"{len(letters)} removed.")


def _with_nats(nats: str | None, credentials: Path | None, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    access = broker.access("operator", nats, credentials)

    async def signed_in() -> Any:
        async with broker.connected(access) as connection:
            return await work(connection)

    return broker.run(signed_in)


def _asked_for_something(numbers: list[int] | None, filtered: bool, every: bool) -> None:
    if not numbers and not every:
        raise Problem(f"Which ones? Name numbers, or say --all{' for all that fit' if filtered else ''}.", exit_code=2)


def _missing(number: int) -> None:
    terminal.err.print(f"There is no dead letter {number}.")
