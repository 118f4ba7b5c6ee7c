"""The topology file as objects: streams, services, publishers, readers, and the durables generated beside it."""

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from chassis.errors import sentence
from mentorship.problem import Problem

Profile = Literal["home", "production"]

_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_CLOSED_TO_READERS = frozenset({"HR", "DLQ"})
_RESERVED = frozenset({"operator", "system"})


def _bytes(value: Any) -> Any:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+)\s*([KMGT]iB|B)", value)):
        return int(found[1]) * _UNITS[found[2]]
    return value


Size = Annotated[int, Field(gt=0), BeforeValidator(_bytes)]
"""A number of bytes, also written as `2 GiB`."""

Subject = Annotated[str, Field(pattern=r"^[A-Za-z0-9$_.*-]+(\.>)?$")]
NAME = r"^[a-z][a-z0-9-]{0,31}$"
UserName = Annotated[str, Field(pattern=NAME)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProfileSettings(_Part):
    """What differs between one server at home and a cluster."""

    replicas: Annotated[int, Field(ge=1, le=5)]


class Stream(_Part):
    """A stream and its limits; `max_message` counts headers and body."""

    subjects: tuple[Subject, ...]
    max_bytes: dict[Profile, Size]
    max_message: Size
    max_age_days: Annotated[int, Field(gt=0)] | None = None


class Service(_Part):
    """What one of our services publishes, and what it may ask of JetStream beyond its own durables."""

    publishes: tuple[Subject, ...]
    administers: tuple[str, ...] = ()


class Publisher(_Part):
    """A system of the company that publishes HR events under one CloudEvents source.

    `caller` is the subject (`sub`) of its access tokens where it publishes over HTTP; its name unless given.
    """

    source: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
    caller: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] | None = None
    subjects: tuple[Annotated[str, Field(pattern=r"^hr\.employee\.[a-z0-9.>*-]+$")], ...]


class Reader(_Part):
    """Another team's application: the streams it hears and which subjects of each."""

    streams: dict[str, tuple[Subject, ...]]


class Consumer(_Part):
    """A durable. `tables` are what a replay empties; a handler with effects has none and is not replayed."""

    stream: str
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    owner: str
    filter_subjects: tuple[Subject, ...]
    tables: tuple[str, ...] = ()


class Topology(_Part):
    """Everything that is declared about NATS, checked for contradictions."""

    profiles: dict[Profile, ProfileSettings]
    streams: dict[str, Stream]
    services: dict[UserName, Service]
    publishers: dict[UserName, Publisher] = {}
    readers: dict[UserName, Reader] = {}
    consumers: tuple[Consumer, ...] = ()

    @model_validator(mode="after")
    def _names_are_one_persons(self) -> "Topology":
        names = [*_RESERVED, *self.services, *self.publishers, *self.readers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"these user names are taken twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _sources_are_one_publishers(self) -> "Topology":
        sources = [one.source for one in self.publishers.values()]
        callers = [one.caller or name for name, one in self.publishers.items()]
        twice = sorted({one for known in (sources, callers) for one in known if known.count(one) > 1})
        if twice:
            raise ValueError(f"these belong to two publishers: {', '.join(twice)}")
        if ours := sorted(one for one in sources if one.startswith("/mentorship/")):
            raise ValueError(f"these sources are the platform's own: {', '.join(ours)}")
        return self

    @model_validator(mode="after")
    def _readers_hear_what_is_open(self) -> "Topology":
        for name, reader in self.readers.items():
            for stream in reader.streams:
                if stream in _CLOSED_TO_READERS or stream not in self.streams:
                    raise ValueError(f"reader {name} may not read stream {stream}")
        return self

    @model_validator(mode="after")
    def _consumers_belong_to_somebody(self) -> "Topology":
        for consumer in self.consumers:
            if consumer.stream not in self.streams or consumer.owner not in self.services:
                raise ValueError(f"consumer {consumer.name} names an unknown stream or service")
        return self

    def durables(self) -> tuple[Consumer, ...]:
        """The durables of services and of readers."""
        outside = [
            Consumer(stream=stream, name=f"{name}-{stream.lower()}", owner=name, filter_subjects=subjects)
            for name, reader in sorted(self.readers.items())
            for stream, subjects in sorted(reader.streams.items())
        ]
        return (*self.consumers, *outside)

    def declared_publishers(self) -> str:
        """Who may publish as which source, as JSON for the service that holds them to it."""
        rows = {
            name: {"source": one.source, "caller": one.caller or name, "subjects": list(one.subjects)}
            for name, one in sorted(self.publishers.items())
        }
        return json.dumps(rows, indent=2) + "\n"

    def stored_bytes(self, profile: Profile) -> int:
        """What the server must allow: all our streams full, and a quarter more for streams that others add."""
        return sum(stream.max_bytes[profile] for stream in self.streams.values()) * 5 // 4


def default_path() -> Path:
    """The topology file: $MENTORSHIP_TOPOLOGY, or deploy/nats/topology.yaml of the checkout we stand or live in."""
    if named := os.environ.get("MENTORSHIP_TOPOLOGY"):
        return Path(named)
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            found = folder / "deploy" / "nats" / "topology.yaml"
            if found.is_file():
                return found
    raise Problem("There is no deploy/nats/topology.yaml here: name the topology file with --topology.")


def load(path: Path | None = None, *, local_publishers: Path | None = None) -> Topology:
    """Read the topology file and consumers.yaml beside it, with this machine's own publishers where there are any."""
    path = path or default_path()
    declared = _yaml(path)
    generated = path.with_name("consumers.yaml")
    if generated.exists():
        declared["consumers"] = _yaml(generated).get("consumers", [])
    if local_publishers is not None and local_publishers.exists():
        declared["publishers"] = (declared.get("publishers") or {}) | _yaml(local_publishers)
    try:
        return Topology.model_validate(declared)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Problem(f"{path} is not a topology: {where + ': ' if where else ''}{sentence(first)}") from None


def _yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise Problem(f"{path} is not YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise Problem(f"{path} must be a mapping of names.")
    return content
