"""Matching over HTTP, under `/v1`."""

from matching.api import employees, matches, participants, programmes, runs

ROUTERS = (employees.router, programmes.router, participants.router, runs.router, matches.router)
