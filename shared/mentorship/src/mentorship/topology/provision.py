"""Compares a server with the topology and makes it so. What others added is left alone and is no drift."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from nats.aio.client import Client

from mentorship.problem import Problem
from mentorship.topology import jetstream
from mentorship.topology.jetstream import Config
from mentorship.topology.model import Consumer, Profile, Stream, Topology

_SECOND = 1_000_000_000
_FIXED_ONCE_MADE = frozenset({"storage", "retention", "deliver_policy", "ack_policy", "replay_policy"})


@dataclass(frozen=True)
class Change:
    """One thing to do: `fields` holds (what it is, what it should be); `recreate` cannot be done in place."""

    kind: Literal["stream", "consumer"]
    name: str
    action: Literal["create", "update", "recreate"]
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class _Step:
    change: Change
    stream: str
    config: Config


async def plan(nc: Client, topology: Topology, profile: Profile) -> list[Change]:
    """What `apply` would do now; empty where the server is as declared."""
    return [step.change for step in await _steps(nc, topology, profile)]


async def apply(nc: Client, topology: Topology, profile: Profile) -> list[Change]:
    """Make the server as declared and say what was done; nothing is ever deleted.

    A Problem, before anything is touched, where something differs that cannot be changed in place.
    """
    steps = await _steps(nc, topology, profile)
    stuck = [f"{step.change.kind} {step.change.name}" for step in steps if step.change.action == "recreate"]
    if stuck:
        raise Problem(f"Cannot be changed in place, delete and recreate by hand: {', '.join(stuck)}.")
    for step in steps:
        try:
            await _do(nc, step)
        except jetstream.Refusal as refusal:
            raise Problem(f"NATS refused {step.change.kind} {step.change.name}: {refusal.description}.") from None
    return [step.change for step in steps]


def stream_wanted(name: str, stream: Stream, topology: Topology, profile: Profile) -> Config:
    """The fields of a stream's configuration that we insist on."""
    return {
        "name": name,
        "subjects": list(stream.subjects),
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "max_bytes": stream.max_bytes[profile],
        "max_msgs": -1,
        "max_age": (stream.max_age_days or 0) * 86_400 * _SECOND,
        "max_msg_size": stream.max_message,
        "duplicate_window": 20 * 60 * _SECOND,
        "num_replicas": topology.profiles[profile].replicas,
        "allow_atomic": True,
    }


def consumer_wanted(consumer: Consumer) -> Config:
    """The fields of a durable's configuration that we insist on."""
    return {
        "name": consumer.name,
        "durable_name": consumer.name,
        "filter_subjects": list(consumer.filter_subjects),
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "replay_policy": "instant",
        "ack_wait": 60 * _SECOND,
        "max_deliver": -1,  # a reached limit would skip the message in silence; the services count and dead-letter
        "max_ack_pending": 10_000,
    }


async def _steps(nc: Client, topology: Topology, profile: Profile) -> list[_Step]:
    steps: list[_Step] = []
    for name, stream in topology.streams.items():
        wanted = stream_wanted(name, stream, topology, profile)
        steps += _step("stream", name, name, await jetstream.stream_config(nc, name), wanted)
    for consumer in topology.durables():
        info = await jetstream.consumer_info(nc, consumer.stream, consumer.name)
        actual = None if info is None else _with_filters(info["config"])
        name = f"{consumer.stream}/{consumer.name}"
        steps += _step("consumer", name, consumer.stream, actual, consumer_wanted(consumer))
    return steps


def _step(
    kind: Literal["stream", "consumer"], name: str, stream: str, actual: Config | None, wanted: Config
) -> Iterator[_Step]:
    if actual is None:
        yield _Step(Change(kind, name, "create", {}), stream, wanted)
        return
    fields = {key: (actual.get(key), value) for key, value in wanted.items() if not _same(actual.get(key), value)}
    if fields:
        action: Literal["update", "recreate"] = "recreate" if fields.keys() & _FIXED_ONCE_MADE else "update"
        yield _Step(Change(kind, name, action, fields), stream, actual | wanted)


async def _do(nc: Client, step: _Step) -> None:
    change = step.change
    if change.kind == "consumer":
        await jetstream.create_consumer(nc, step.stream, step.config, action=change.action)
    else:
        await jetstream.call(nc, f"STREAM.{change.action.upper()}.{step.stream}", step.config)


def _with_filters(config: Config) -> Config:
    """A durable with one filter is stored in an older field of its own; both read the same here."""
    single = config.get("filter_subject")
    rest = {key: value for key, value in config.items() if key != "filter_subject"}
    return rest | {"filter_subjects": [single]} if single else rest


def _same(actual: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return sorted(actual or []) == sorted(wanted)
    # The server leaves out what is zero or false.
    return bool(actual == wanted or (actual is None and not wanted))
