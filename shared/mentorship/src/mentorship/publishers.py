"""The publishers of HR events that this machine knows: those of the topology file and those added here."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from mentorship.credentials import write_private
from mentorship.local.home import Home
from mentorship.problem import Problem
from mentorship.topology import Publisher, Topology, load


def known(topology: Path | None = None) -> Topology:
    """The topology with this machine's own publishers."""
    return load(topology, local_publishers=Home.find().publishers_file)


def source_of(name: str) -> str:
    """The CloudEvents source of a publisher; a Problem where nobody declared it."""
    publishers = known().publishers
    if name not in publishers:
        raise Problem(f"There is no publisher {name}: there are {', '.join(sorted(publishers))}.")
    return publishers[name].source


def added_here(path: Path) -> dict[str, Publisher]:
    """The publishers that were added on this machine."""
    content = yaml.safe_load(path.read_text()) if path.exists() else None
    return {name: Publisher.model_validate(value) for name, value in (content or {}).items()}


def write(path: Path, publishers: Mapping[str, Publisher]) -> None:
    """Keep the publishers of this machine."""
    rows = {
        name: publisher.model_dump(mode="json", exclude_none=True) for name, publisher in sorted(publishers.items())
    }
    write_private(path, yaml.safe_dump(rows, sort_keys=False))
