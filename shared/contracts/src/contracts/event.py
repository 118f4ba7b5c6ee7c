"""What every event is: immutable public facts under one subject, about one thing."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

EVENTS: dict[str, "EventClass"] = {}


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An instant; whatever offset it arrives with, it is held and written in UTC."""

EmployeeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
"""The company's own id of an employee: letters, digits and `._:-`, never a mail address."""


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

    @property
    def thing_id(self) -> str:
        """The id of the thing this event is about, the CloudEvents `subject` attribute."""
        return str(getattr(self, self.about))


EventClass = type[Event]


def events_of(owner: str) -> list[EventClass]:
    """Every event class that `owner` (`hr`, `matching`, ...) publishes, by subject."""
    prefix = "hr." if owner == "hr" else f"mentorship.{owner}."
    return [EVENTS[subject] for subject in sorted(EVENTS) if subject.startswith(prefix)]
