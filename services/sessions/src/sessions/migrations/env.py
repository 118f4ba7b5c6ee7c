"""Alembic's environment: the chassis migrates, this names the tables."""

from chassis.migrate import run_env
from sessions.adapters.db import metadata

run_env(metadata)
