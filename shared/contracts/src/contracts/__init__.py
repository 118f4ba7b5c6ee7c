"""The language: every event that the services and the rest of the company exchange, each defined once."""

from contracts.event import EVENTS, SCHEMA_BASE, Event, EventClass, events_of

__all__ = ["EVENTS", "SCHEMA_BASE", "Event", "EventClass", "events_of"]
