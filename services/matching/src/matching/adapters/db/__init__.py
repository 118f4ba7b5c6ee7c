"""Matching's own PostgreSQL database: the tables, and every question that is asked of them."""

from matching.adapters.db import run_tables
from matching.adapters.db.directory import is_departed
from matching.adapters.db.tables import metadata

__all__ = ["is_departed", "metadata", "run_tables"]
