"""`python -m notifications` runs the service."""

from chassis.service import run
from notifications.main import service

run(service)
