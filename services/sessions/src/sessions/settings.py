"""What the sessions service is told from outside."""

from pathlib import Path

from pydantic import Field

from chassis.settings import ServiceSettings


class SessionsSettings(ServiceSettings):
    """The settings of every service, and those of sessions alone."""

    note_keys_file: Path
    """JSON list of wrapping keys, newest first: `[{"id": "...", "key": "<32 bytes in base64>"}]`."""
    missed_grace_minutes: float = Field(default=1440, ge=0, le=43200)
    """How long after a session's end its members have to say that it was held."""
