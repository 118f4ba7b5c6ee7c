"""Settings of matching alone, beside those that all services share."""

from chassis.settings import ServiceSettings


class MatchingSettings(ServiceSettings):
    """Settings of the service and of its worker."""

    lease_seconds: float = 15.0
    """How long a run stays with a worker that gives no sign of life."""
    erase_seconds: float = 2.0
    """How often messages of erased people are looked for that are still in the stream."""
