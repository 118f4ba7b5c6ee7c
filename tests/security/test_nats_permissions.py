"""Each service publishes to its own subjects, reads its own durables, and administers nothing."""

from itertools import product

import pytest

from mentorship.topology import Topology, load
from tests.secured_nats import SecuredNats, Violations, secured_nats

__all__ = ["secured_nats"]

TOPOLOGY = load()
SERVICES = tuple(TOPOLOGY.services)
OTHERS = ("operator", "hr")

ADMINISTRATION = (
    *("INFO", "STREAM.NAMES", "STREAM.LIST", "ACCOUNT.PURGE.X", "META.LEADER.STEPDOWN", "SERVER.REMOVE"),
    *(
        f"{call}.{stream}"
        for stream in (*TOPOLOGY.streams, "NEW")
        for call in (
            *("STREAM.CREATE", "STREAM.UPDATE", "STREAM.DELETE", "STREAM.PURGE", "STREAM.SNAPSHOT", "STREAM.RESTORE"),
            *("STREAM.MSG.GET", "STREAM.MSG.DELETE", "STREAM.PEER.REMOVE", "STREAM.LEADER.STEPDOWN", "DIRECT.GET"),
            *("CONSUMER.CREATE", "CONSUMER.NAMES", "CONSUMER.LIST"),
        )
    ),
    *(
        f"{call}.{durable.stream}.{durable.name}"
        for durable in TOPOLOGY.durables()
        for call in (
            "CONSUMER.CREATE",
            "CONSUMER.DURABLE.CREATE",
            "CONSUMER.DELETE",
            "CONSUMER.PAUSE",
            "CONSUMER.RESET",
        )
    ),
)
ERASURE = "STREAM.MSG.DELETE.HR"


def owner_of(stream: str) -> str:
    return "hr" if stream == "HR" else stream.lower()


def published_subjects(topology: Topology) -> dict[str, set[str]]:
    """A subject of every stream and dead-letter box -> the users that may publish there."""
    own = {f"mentorship.{service}.thing.happened.v1": {service} for service in topology.services}
    letters = {f"mentorship.dlq.{service}.handler": {service} for service in topology.services}
    replays = {f"mentorship.replay.{service}.handler": {"operator"} for service in topology.services}
    return own | letters | replays | {"hr.employee.hired.v1": {"matching", "hr"}, "hr.payroll.paid.v1": set()}


def consuming_subjects(topology: Topology) -> dict[str, set[str]]:
    calls = ("$JS.API.CONSUMER.MSG.NEXT.{0}", "$JS.API.CONSUMER.INFO.{0}", "$JS.ACK.{0}.1.1.1.1.0")
    return {
        call.format(f"{durable.stream}.{durable.name}"): {durable.owner, *(["operator"] if "API" in call else [])}
        for durable, call in product(topology.durables(), calls)
    }


async def refused(nats: SecuredNats, user: str, publishing: set[str], hearing: set[str]) -> tuple[set[str], set[str]]:
    """Try everything as `user` on one connection and give what the server would not have."""
    violations = Violations()
    async with nats.signed_in(user, violations) as connection:
        for subject in sorted(publishing):
            await connection.publish(subject, b"", reply=f"_INBOX_{user}.probe")
        for subject in sorted(hearing):
            await connection.subscribe(subject)
        await violations.all_told(connection)
    return (
        {subject for subject in publishing if violations.of("publish to", subject)},
        {subject for subject in hearing if violations.of("subscription to", subject)},
    )


@pytest.mark.parametrize("user", [*SERVICES, "hr"])
async def test_a_user_administers_nothing(secured_nats: SecuredNats, user: str) -> None:
    calls = {f"$JS.API.{call}" for call in ADMINISTRATION}
    allowed = {f"$JS.API.{ERASURE}"} if user == "matching" else set()
    publish, _ = await refused(secured_nats, user, calls, set())
    assert calls - publish == allowed


@pytest.mark.parametrize("user", [*SERVICES, *OTHERS])
async def test_a_user_publishes_to_its_own_subjects_only(secured_nats: SecuredNats, user: str) -> None:
    owners = published_subjects(secured_nats.topology)
    publish, _ = await refused(secured_nats, user, set(owners), set())
    assert set(owners) - publish == {subject for subject, allowed in owners.items() if user in allowed}


@pytest.mark.parametrize("user", [*SERVICES, "hr"])
async def test_a_user_reads_and_settles_its_own_durables_only(secured_nats: SecuredNats, user: str) -> None:
    owners = consuming_subjects(secured_nats.topology)
    assert owners, "the services' durables are missing from consumers.yaml"
    publish, _ = await refused(secured_nats, user, set(owners), set())
    assert set(owners) - publish == {subject for subject, allowed in owners.items() if user in allowed}


@pytest.mark.parametrize("user", [*SERVICES, "hr"])
async def test_a_user_looks_at_the_streams_it_uses_only(secured_nats: SecuredNats, user: str) -> None:
    topology = secured_nats.topology
    heard = {durable.stream for durable in topology.durables() if durable.owner == user}
    told = {stream for stream in topology.streams if owner_of(stream) == user and user != "hr"}
    used = heard | told | ({"HR"} if user == "matching" else set())
    calls = {f"$JS.API.STREAM.INFO.{stream}": stream for stream in (*topology.streams, "NEW")}
    publish, _ = await refused(secured_nats, user, set(calls), set())
    assert {calls[subject] for subject in set(calls) - publish} == used


@pytest.mark.parametrize("user", [*SERVICES, *OTHERS])
async def test_a_user_hears_its_own_inbox_and_nobody_elses_traffic(secured_nats: SecuredNats, user: str) -> None:
    inboxes = {f"_INBOX_{name}.>" for name in (*SERVICES, *OTHERS)}
    traffic = {
        ">",
        "*",
        "_INBOX.>",
        "hr.>",
        "hr.employee.>",
        "mentorship.>",
        "$JS.>",
        "$JS.API.>",
        "$JS.ACK.>",
        "$SYS.>",
    }
    traffic |= {f"mentorship.{name}.>" for name in (*SERVICES, "dlq")}
    replays = {f"mentorship.replay.{name}.>" for name in SERVICES}
    _, subscribe = await refused(secured_nats, user, set(), inboxes | traffic | replays)
    own = {f"_INBOX_{user}.>"} | ({f"mentorship.replay.{user}.>"} if user in SERVICES else set())
    assert (inboxes | traffic | replays) - subscribe == own


async def test_a_service_answers_a_request_but_writes_to_no_other_inbox(secured_nats: SecuredNats) -> None:
    violations = Violations()
    async with (
        secured_nats.signed_in("sessions", violations) as service,
        secured_nats.signed_in("operator") as operator,
    ):
        requests = await service.subscribe("mentorship.replay.sessions.>")
        await service.flush()
        inbox = await operator.subscribe("_INBOX_operator.answer")
        await operator.publish("mentorship.replay.sessions.handler", b"?", reply="_INBOX_operator.answer")
        request = await requests.next_msg(timeout=2)
        await service.publish(request.reply, b"!")
        await service.publish(request.reply, b"once more")
        await service.publish("_INBOX_operator.unasked", b"!")
        await violations.all_told(service)
        assert (await inbox.next_msg(timeout=2)).data == b"!"
    assert violations.of("publish to", "_INBOX_operator.unasked")
    assert violations.of("publish to", "_INBOX_operator.answer"), "the second answer"
