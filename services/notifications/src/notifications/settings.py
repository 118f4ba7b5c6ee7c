"""What this service is told from outside."""

from email.utils import parseaddr

from pydantic import Field, SecretStr, field_validator

from chassis.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """Settings of notifications, beside those that all services share."""

    smtp_url: SecretStr = SecretStr("smtp://127.0.0.1:1025")
    """Where mail is handed over: `smtp[s]://[user:password@]host[:port][?starttls=required|offered|never]`."""
    mail_from: str = "Mentorship <mentorship@localhost.localdomain>"
    """The platform's own address: sender of every mail, organizer of every calendar entry."""
    mail_senders: int = Field(default=2, ge=1, le=32)
    """Mails that one process sends at the same time, each over its own connection."""
    mail_seconds: float = Field(default=20.0, gt=0, le=25)
    """Time limit of handing over one mail."""
    mail_attempts: int = Field(default=30, ge=1)
    """How often one mail is tried at most."""
    mail_hours: float = Field(default=24.0, gt=0)
    """How long one mail is tried at most."""
    public_url: str = ""
    """Where employees reach this service; with `unsubscribe_key`, optional mails carry one-click unsubscribing."""
    unsubscribe_key: SecretStr = SecretStr("")
    """Signs unsubscribe links; at least 32 characters. Links of an old key no longer work."""

    @field_validator("mail_from")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if "@" not in parseaddr(value)[1]:
            raise ValueError("must be a mail address, such as Mentorship <mentorship@company.example>")
        return value

    @field_validator("unsubscribe_key")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters, or none to leave unsubscribing out")
        return value
