"""Alembic's environment of this service."""

from chassis.migrate import run_env
from matching.adapters.db import metadata

run_env(metadata)
