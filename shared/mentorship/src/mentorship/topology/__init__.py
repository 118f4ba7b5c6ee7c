"""What NATS holds and who may do what: read from the topology file, compared with a server, made so."""

from mentorship.topology.model import Consumer, Publisher, Reader, Service, Stream, Topology, load
from mentorship.topology.permissions import OPERATOR, mint_users, permissions, users
from mentorship.topology.provision import Change, apply, plan

__all__ = [
    "OPERATOR",
    "Change",
    "Consumer",
    "Publisher",
    "Reader",
    "Service",
    "Stream",
    "Topology",
    "apply",
    "load",
    "mint_users",
    "permissions",
    "plan",
    "users",
]
