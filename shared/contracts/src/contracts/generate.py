"""`python -m contracts.generate [--check]`: write the schemas of all events, or say what is stale.

A released schema is never overwritten by an incompatible one: that change is a new class on a new version's subject.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from contracts import analytics, hr, matching, notifications, sessions
from contracts.compatibility import breaks
from contracts.event import EVENTS, EventClass
from contracts.schema import SCHEMAS, committed, schema_of, schema_text

OWNERS = (hr, matching, sessions, notifications, analytics)
"""The modules of all owners; to import them is to know every event."""


def incompatible(events: Mapping[str, EventClass], folder: Path = SCHEMAS) -> list[str]:
    """What of the released schemas the classes of today break."""
    found = [
        f"{file.stem}: removed, though it was released"
        for file in sorted(folder.glob("*.json"))
        if file.stem not in events
    ]
    for subject, event in sorted(events.items()):
        released = committed(subject, folder)
        if released is not None:
            found += [f"{subject} {reason}" for reason in breaks(released, schema_of(event))]
    return found


def stale(events: Mapping[str, EventClass], folder: Path = SCHEMAS) -> list[str]:
    """The subjects whose committed file is not what the classes say."""
    return [
        subject
        for subject, event in sorted(events.items())
        if not (folder / f"{subject}.json").exists()
        or (folder / f"{subject}.json").read_text(encoding="utf-8") != schema_text(event)
    ]


def main(arguments: list[str] | None = None, folder: Path = SCHEMAS) -> int:
    """Exit 0 when all is well, 1 when something is stale or incompatible."""
    parser = argparse.ArgumentParser(prog="python -m contracts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a schema is stale")
    check: bool = parser.parse_args(arguments).check
    broken = incompatible(EVENTS, folder)
    for line in broken:
        sys.stderr.write(f"incompatible: {line}\n")
    if broken:
        sys.stderr.write("A change like that is a new event class on a .v2 subject, beside the old one.\n")
        return 1
    outdated = stale(EVENTS, folder)
    for subject in outdated:
        if not check:
            folder.mkdir(exist_ok=True)
            (folder / f"{subject}.json").write_text(schema_text(EVENTS[subject]), encoding="utf-8")
        sys.stderr.write(f"{'stale' if check else 'written'}: {subject}\n")
    return 1 if check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
