"""Settings of matching alone, beside those that all services share."""

from pathlib import Path

from pydantic import Field, FilePath

from chassis.settings import ServiceSettings


class MatchingSettings(ServiceSettings):
    """Settings of the service and of its worker."""

    publishers_file: FilePath | None = None
    """JSON that says which publisher may use which source, as `mentorship topology credentials` writes it."""
    taxonomy_file: Path | None = None
    """The organisation's own skills as CSV, or ESCO's `skills_en.csv`; none: those that come with the service."""
    boards_in_child: bool = True
    """Whether what recommendations need is worked out in a process of its own."""
    lease_seconds: float = Field(default=15.0, gt=0)
    """How long a run stays with a worker that gives no sign of life."""
    erase_seconds: float = Field(default=2.0, gt=0)
    """How often messages of erased people are looked for that are still in the stream."""
