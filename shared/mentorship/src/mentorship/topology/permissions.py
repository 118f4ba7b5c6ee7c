"""Who may do what, derived from the topology: one NATS user per service, publisher and reader, and the operator."""

from pathlib import Path

from mentorship.credentials import Authority, Permissions, write_private
from mentorship.topology.model import Consumer, Topology

OPERATOR = "operator"
DECLARED_PUBLISHERS = "publishers.json"

_ADVISORIES = ("MAX_DELIVERIES", "MSG_TERMINATED")


def users(topology: Topology) -> tuple[str, ...]:
    """Every user of the account, the operator first."""
    return (OPERATOR, *topology.services, *topology.publishers, *topology.readers)


def permissions(topology: Topology, user: str) -> Permissions:
    """The subjects `user` may publish and subscribe to; KeyError for a stranger."""
    inbox = f"_INBOX_{user}.>"
    if user == OPERATOR:
        return Permissions(publish=("$JS.API.>", "mentorship.replay.>"), subscribe=(inbox, "$JS.EVENT.>"))
    if user in topology.publishers:
        return Permissions(publish=topology.publishers[user].subjects, subscribe=(inbox,))
    own = [durable for durable in topology.durables() if durable.owner == user]
    consuming = {subject for durable in own for subject in _consuming(durable)}
    if user in topology.readers:
        return Permissions(publish=tuple(sorted(consuming)), subscribe=(inbox,))
    service = topology.services[user]
    publishing = {*service.publishes, f"mentorship.dlq.{user}.>", *service.administers}
    looking = {f"$JS.API.STREAM.INFO.{name}" for name in _streams_of(topology, user)}
    advisories = {f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.{d.stream}.{d.name}" for d in own for kind in _ADVISORIES}
    hearing = {inbox, f"mentorship.replay.{user}.>", *advisories}
    return Permissions(
        publish=tuple(sorted(publishing | looking | consuming)), subscribe=tuple(sorted(hearing)), may_answer=True
    )


def mint_users(authority: Authority, topology: Topology) -> dict[str, Path]:
    """Write every user's credential with the permissions of this topology and give their paths by name."""
    authority.mint_system()
    declare_publishers(authority, topology)
    return {user: authority.mint(user, permissions(topology, user)) for user in users(topology)}


def declare_publishers(authority: Authority, topology: Topology) -> Path:
    """Write who may publish as which source, beside the keys; matching reads it, also anew while it runs."""
    path = authority.folder / DECLARED_PUBLISHERS
    write_private(path, topology.declared_publishers())
    return path


def _consuming(durable: Consumer) -> tuple[str, ...]:
    place = f"{durable.stream}.{durable.name}"
    return (f"$JS.API.CONSUMER.MSG.NEXT.{place}", f"$JS.API.CONSUMER.INFO.{place}", f"$JS.ACK.{place}.>")


def _streams_of(topology: Topology, service: str) -> set[str]:
    """The streams a service hears and those that take what it publishes."""
    heard = {consumer.stream for consumer in topology.consumers if consumer.owner == service}
    published = topology.services[service].publishes
    told = {name for name, stream in topology.streams.items() if set(stream.subjects) & set(published)}
    return heard | told
