"""What NATS holds and who may do what: read from the topology file, compared with a server, made so."""

from mentorship.topology.model import Consumer, Publisher, Reader, Service, Stream, Topology, load
from mentorship.topology.permissions import (
    DECLARED_PUBLISHERS,
    OPERATOR,
    declare_publishers,
    mint_users,
    permissions,
    users,
)
from mentorship.topology.provision import Change, apply, plan

__all__ = [
    "DECLARED_PUBLISHERS",
    "OPERATOR",
    "Change",
    "Consumer",
    "Publisher",
    "Reader",
    "Service",
    "Stream",
    "Topology",
    "apply",
    "declare_publishers",
    "load",
    "mint_users",
    "permissions",
    "plan",
    "users",
]
