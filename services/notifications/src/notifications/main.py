"""Puts the service together."""

from chassis.service import Service
from notifications import api
from notifications.adapters import db
from notifications.adapters.letters import Letters
from notifications.adapters.smtp import Server, Transport
from notifications.adapters.words import Writer
from notifications.domain.decisions import RetryPolicy
from notifications.domain.unsubscribing import Signer
from notifications.handlers import Postroom, Sender
from notifications.settings import NotificationsSettings
from notifications.subscribers import SUBSCRIPTIONS, TIMERS


def service(settings: NotificationsSettings | None = None) -> Service:
    """The notifications service."""
    settings = settings or NotificationsSettings()
    key = settings.unsubscribe_key.get_secret_value()
    writer, signer = Writer(), Signer(key.encode()) if key else None
    letters = Letters(writer, settings.mail_from, settings.public_url, signer)
    server = _server(settings)
    policy = RetryPolicy(settings.mail_attempts, settings.mail_hours, base=5 * settings.retry_base_seconds)

    def sender() -> Sender:
        return Sender(letters, Transport(server, settings.mail_seconds), policy)

    return Service(
        name="notifications",
        settings=settings,
        routers=[api.router],
        subscriptions=SUBSCRIPTIONS,
        timers=TIMERS,
        background=[Postroom(settings.mail_senders, sender)],
        is_departed=db.departed,
        state={"writer": writer, "signer": signer},
    )


def _server(settings: NotificationsSettings) -> Server:
    try:
        return Server.of(settings.smtp_url.get_secret_value())
    except ValueError as error:
        raise SystemExit(f"MENTORSHIP_SMTP_URL: {error}.") from None
