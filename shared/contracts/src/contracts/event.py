"""What every event is: immutable public facts under one subject, about one thing."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

EVENTS: dict[str, "EventClass"] = {}

SCHEMA_BASE = "https://schemas.mentorship.example/"
"""Where the JSON Schemas of all events live, by subject: the CloudEvents attribute `dataschema`."""


class Event(BaseModel):
    """One thing that happened, with the full public state of the thing after it.

    A subclass names its NATS subject (which is also its CloudEvents type) and the field that holds
    the id of the thing it is about:

        class MatchProposed(Event, subject="mentorship.matching.match.proposed.v1", about="match_id"): ...

    Unknown fields are ignored, so that a newer publisher does not break an older reader.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: ClassVar[str] = ""
    about: ClassVar[str] = ""

    def __init_subclass__(cls, subject: str = "", about: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, subject: str = "", about: str = "", **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not subject:
            return
        if subject in EVENTS:
            raise TypeError(f"{subject} is defined twice")
        if about not in cls.model_fields:
            raise TypeError(f"{cls.__name__} has no field {about!r} to be about")
        cls.subject = subject
        cls.about = about
        EVENTS[subject] = cls

    @classmethod
    def dataschema(cls) -> str:
        """The URL that names this event's JSON Schema."""
        return f"{SCHEMA_BASE}{cls.subject}.json"

    @property
    def thing_id(self) -> str:
        """The id of the thing this event is about, the CloudEvents `subject` attribute."""
        return str(getattr(self, self.about))


EventClass = type[Event]


def events_of(owner: str) -> list[EventClass]:
    """Every event class that `owner` (`hr`, `matching`, ...) publishes, by subject."""
    prefix = "hr." if owner == "hr" else f"mentorship.{owner}."
    return [EVENTS[subject] for subject in sorted(EVENTS) if subject.startswith(prefix)]
