"""Fixtures of the command's tests."""

from tests.secured_nats import secured_nats

__all__ = ["secured_nats"]
