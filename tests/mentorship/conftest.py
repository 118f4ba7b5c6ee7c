"""Fixtures of the command's tests."""

from tests.fixtures.probing import probe_url, rows
from tests.secured_nats import secured_nats

__all__ = ["probe_url", "rows", "secured_nats"]
