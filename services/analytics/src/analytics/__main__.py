"""`python -m analytics`: the service's process."""

from analytics.main import service
from chassis.service import run

run(service)
