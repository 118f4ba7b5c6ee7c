"""Alembic's environment of this service."""

from analytics.adapters.db import metadata
from chassis.migrate import run_env

run_env(metadata)
