"""`python -m matching`: the service's process."""

from chassis.service import run
from matching.main import service

if __name__ == "__main__":
    run(service)
