"""The language: every event that the services and the rest of the company exchange, each defined once."""

from contracts.event import EVENTS, Event, EventClass, events_of

__all__ = ["EVENTS", "Event", "EventClass", "events_of"]
