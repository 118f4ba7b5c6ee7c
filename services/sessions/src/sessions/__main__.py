"""`python -m sessions`: run the service."""

from chassis.service import run
from sessions.main import service

run(service)
