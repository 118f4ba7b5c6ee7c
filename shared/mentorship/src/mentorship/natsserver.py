"""The configuration of nats-server: whom it trusts, where it stores, and that it syncs before it acknowledges."""

import json
from dataclasses import dataclass
from pathlib import Path

from mentorship.credentials import Authority

MAX_PAYLOAD = 640 * 1024
"""Bytes of headers and body that the server takes at all. Above what any stream takes (a dead letter at most
528 KiB), so that an oversized event meets the stream's clear refusal and not a cut connection."""


MAX_CONTROL_LINE = 64 * 1024
"""Bytes of one line of the protocol."""


@dataclass(frozen=True)
class ServerSettings:
    """What differs from one nats-server to the next."""

    store: Path
    max_file_store: int
    """Bytes of all streams together; a stream reserves its max_bytes out of it."""
    host: str = "127.0.0.1"
    port: int = 4222
    monitor_port: int = 8222
    sync_always: bool = True
    """False is for measuring what syncing costs: the server then loses acknowledged messages in a power cut."""


def server_config(authority: Authority, settings: ServerSettings) -> str:
    """The text of nats-server.conf; it holds public keys and signed statements, no secret."""
    sync = "always" if settings.sync_always else "2m"
    return f"""# Written by the mentorship command; changes are overwritten.
server_name: mentorship
listen: {json.dumps(f"{settings.host}:{settings.port}")}
http: {json.dumps(f"{settings.host}:{settings.monitor_port}")}
max_payload: {MAX_PAYLOAD}
# A user signs in with one line that holds all its permissions; 4 KiB, the default, is too short for many durables.
max_control_line: {MAX_CONTROL_LINE}
jetstream {{
  store_dir: {json.dumps(str(settings.store))}
  max_memory_store: 0
  max_file_store: {settings.max_file_store}
  sync_interval: {sync}
}}
{trust(authority)}"""


def trust(authority: Authority) -> str:
    """The part of nats-server.conf that says whose credentials count, revocations included."""
    return f"""operator: {authority.operator_jwt()}
system_account: {authority.system_account_id}
resolver: MEMORY
resolver_preload: {{
  {authority.system_account_id}: {authority.system_account_jwt()}
  {authority.account_id}: {authority.account_jwt()}
}}
"""
