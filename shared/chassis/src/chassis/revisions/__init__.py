"""What migrations of services made of the chassis tables, version by version; and which is the newest of a service.

A version is history: it is never changed, however the model in `chassis.tables` changes. A change of the model
comes with a new module here, and with a migration in each service that calls it.
"""

from importlib.resources import files


def head_of(service: str) -> str:
    """The newest revision that a service's code knows, by the names of its migrations: to load Alembic takes 0.1 s."""
    names = (file.name for file in (files(service) / "migrations" / "versions").iterdir())
    return max(name[:4] for name in names if name[:4].isdigit())
