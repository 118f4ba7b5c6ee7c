"""The `mentorship` command: a table of commands, each imported only when it runs.

To add a command, write a function with typer annotations (or a `typer.Typer` for a group) in
`mentorship/commands/` and a row in `COMMANDS`. A service adds its own under the entry point group
`mentorship.commands`.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import cleandoc
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from mentorship.problem import Problem


class Row(NamedTuple):
    """Where a command lives and what the list of commands says about it."""

    target: str
    summary: str


COMMANDS: dict[str, Row] = {
    "up": Row("mentorship.commands.up:up", "Start the whole platform on this machine."),
    "down": Row("mentorship.commands.down:down", "Stop it; its data stays."),
    "reset": Row("mentorship.commands.down:reset", "Stop it and forget its data."),
    "status": Row("mentorship.commands.status:status", "Show what runs and what waits."),
    "logs": Row("mentorship.commands.logs:logs", "Show what the processes wrote."),
    "token": Row("mentorship.commands.token:token", "Print a signed access token of the local issuer."),
    "mail": Row("mentorship.commands.mail:mail", "Show the mails that the local sink received."),
    "trace": Row("mentorship.commands.trace:trace", "Draw one trace in the terminal."),
    "demo": Row("mentorship.commands.demo:demo", "Take a small company through one programme."),
    "publish": Row("mentorship.commands.publish:publish", "Publish one HR event."),
    "import": Row("mentorship.commands.imports:import_file", "Publish employees from CSV or JSON Lines."),
    "publisher": Row("mentorship.commands.publisher:app", "Manage who may publish HR events."),
    "company": Row("mentorship.commands.company:company", "Write a made-up company to a file."),
    "events": Row("mentorship.commands.events:events", "List every event, who says it and who hears it."),
    "topology": Row("mentorship.commands.topology:app", "Plan, apply and compare NATS streams and consumers."),
    "outbox": Row("mentorship.commands.outbox:app", "Look into and republish the outboxes."),
    "directory": Row("mentorship.commands.directory:app", "Republish employees from matching's directory."),
    "dlq": Row("mentorship.commands.dlq:app", "List, show, replay and discard dead letters."),
    "replay": Row("mentorship.commands.replay:replay", "Rebuild a projection from the stream."),
}


def _command_of(name: str, target: Any, summary: str | None) -> Any:
    if isinstance(target, typer.Typer):
        return typer.main.get_command(target)
    single = typer.Typer(add_completion=False)
    single.command(name=name, help=_flowing(target.__doc__ or summary or ""))(target)
    return typer.main.get_command(single)


def _flowing(text: str) -> str:
    """Its paragraphs without the line ends of the source: a terminal has a width of its own."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in cleandoc(text).split("\n\n"))


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="mentorship.commands")}


class _Table(TyperGroup):
    """Lists commands from the table and loads the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is typer's
        return [*COMMANDS, *sorted(_plugins())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """A command that knows its summary only, enough for the list; `resolve_command` loads it."""
        if cmd_name in COMMANDS:
            return _command_of(cmd_name, lambda: None, COMMANDS[cmd_name].summary)
        return _load(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        loaded = _load(args[0])
        if loaded is None:
            # So that it can say which one was meant.
            self.commands = {name: self.get_command(ctx, name) for name in COMMANDS}
            return super().resolve_command(ctx, args)
        return args[0], loaded, args[1:]


def _load(name: str) -> Any:
    if name in COMMANDS:
        module, _, attribute = COMMANDS[name].target.partition(":")
        return _command_of(name, getattr(import_module(module), attribute), COMMANDS[name].summary)
    plugin = _plugins().get(name)
    return None if plugin is None else _command_of(name, plugin.load(), None)


app = typer.Typer(
    cls=_Table,
    name="mentorship",
    help="Run the mentorship platform on one machine, and operate it anywhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Run one command; a `Problem` becomes its sentence on stderr and its exit code."""
    sys.exit(guarded(lambda: app(args=arguments, prog_name="mentorship")))


def guarded(call: Callable[[], Any]) -> int:
    """Call and turn what it raises into an exit code."""
    try:
        call()
    except Problem as problem:
        sys.stderr.write(f"mentorship: {problem.sentence}\n")
        return problem.exit_code
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stdout = None
        return 0
    except OSError as error:
        sys.stderr.write(f"mentorship: {error.strerror or error}{f' ({error.filename})' if error.filename else ''}.\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    main()
