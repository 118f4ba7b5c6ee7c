"""What analytics is told from outside: nothing beyond what every service is."""

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of analytics."""
