"""The HTTP interface of sessions: for members of relationships, each to their own."""

from chassis.http import Router
from sessions.api import meetings, notes, relationships

ROUTERS: tuple[Router, ...] = (relationships.router, meetings.router, notes.router)
