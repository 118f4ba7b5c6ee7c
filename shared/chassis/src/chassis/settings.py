"""What every service is told from outside, by environment variables or by files of the same name."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.errors import sentence


class ServiceSettings(BaseSettings):
    """Settings that all services share; prefix `MENTORSHIP_`.

    Each may also stand in a file of the folder `$MENTORSHIP_SECRETS_DIR`, named in lower case with the
    prefix (`mentorship_database_url`), as Kubernetes and Compose mount secrets. The environment wins.
    One that is missing or wrong ends the process with a sentence that names it.
    """

    model_config = SettingsConfigDict(env_prefix="MENTORSHIP_", frozen=True, extra="ignore")

    database_url: SecretStr
    """PostgreSQL of this service alone, `postgresql://role:password@host:port/database`."""
    database_pool: int = Field(default=10, ge=1)
    """Connections at most, beside the relay's one."""

    nats_url: str = "nats://127.0.0.1:4222"
    """One server or several, separated by commas."""
    nats_credentials: Path | None = None
    """The `.creds` file of this service's NATS user."""

    issuer: str = "http://127.0.0.1:8080"
    audience: str = "mentorship"
    jwks_url: str = "http://127.0.0.1:8080/.well-known/jwks.json"
    subject_claim: str = "sub"
    roles_claim: str = "roles"

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where a process without an HTTP side of its own shows its metrics; 0 is nowhere."""

    requests_per_second: float = Field(default=200.0, ge=0)
    """Rate at which one caller may go on asking; 0 is without limit."""
    request_seconds: float = Field(default=30.0, gt=0)
    """Time limit of one HTTP request."""

    retry_base_seconds: float = Field(default=1.0, gt=0)
    """Delay before the first retry of a message; doubled each time, with jitter, up to 300 s."""
    handler_seconds: float = Field(default=20.0, gt=0)
    """Time limit of one message in a handler."""
    batch_size: int = Field(default=500, ge=1)
    """Messages that a consumer handles in one transaction at most."""
    shutdown_delay_seconds: float = Field(default=0.0, ge=0)
    """How long to go on serving, not ready, after SIGTERM: 5 in Kubernetes, so that no new traffic comes."""

    def __init__(self, **values: Any) -> None:
        folder = os.environ.get("MENTORSHIP_SECRETS_DIR")
        try:
            super().__init__(_secrets_dir=folder or None, **values)
        except ValidationError as error:
            # Not as it is: its text shows what was given, passwords among it.
            raise SystemExit("\n".join(map(_complaint, error.errors(include_url=False)))) from None


def _complaint(fault: Mapping[str, Any]) -> str:
    return f"MENTORSHIP_{'.'.join(map(str, fault['loc'])).upper()}: {sentence(fault)}."
