"""What a service's `api.py` needs, in one place."""

from chassis.access import Caller, allow, policies, public
from chassis.errors import Conflict, Forbidden, Invalid, Missing, PreconditionFailed, Problem, Refusal
from chassis.pages import Cursor, Page
from chassis.preconditions import IfMatch, etag
from chassis.routing import Body, Router, Transaction

__all__ = [
    "Body",
    "Caller",
    "Conflict",
    "Cursor",
    "Forbidden",
    "IfMatch",
    "Invalid",
    "Missing",
    "Page",
    "PreconditionFailed",
    "Problem",
    "Refusal",
    "Router",
    "Transaction",
    "allow",
    "etag",
    "policies",
    "public",
]
