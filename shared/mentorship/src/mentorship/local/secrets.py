"""The platform's generated secrets, each a file that only its owner reads. `python -m mentorship.local.secrets DIR`."""

import base64
import json
import secrets
import sys
from pathlib import Path

from mentorship.credentials import write_private
from mentorship.local.databases import SERVICES, owner_of
from mentorship.local.issuer import Issuer


class Secrets:
    """A folder of secrets; what is asked for and not there is made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def password(self, role: str) -> str:
        """The password of a PostgreSQL role."""
        return self._kept(f"{role}.password", secrets.token_urlsafe(24))

    def database_passwords(self) -> dict[str, str]:
        """The passwords of every role that the services and their migrations have."""
        return {role: self.password(role) for service in SERVICES for role in (service, owner_of(service))}

    @property
    def note_keys(self) -> Path:
        """The file with the keys that wrap the data keys of private notes, the newest first."""
        key = {"id": "k1", "key": base64.b64encode(secrets.token_bytes(32)).decode()}
        self._kept("note-keys.json", json.dumps([key]))
        return self.folder / "note-keys.json"

    @property
    def unsubscribe_key(self) -> str:
        """What signs the unsubscribe links in mails."""
        return self._kept("unsubscribe.key", secrets.token_urlsafe(32))

    def make_all(self) -> None:
        """Make every secret that is not there yet."""
        self.password("postgres")
        self.database_passwords()
        _ = self.note_keys, self.unsubscribe_key
        Issuer(self.folder, "")

    def _kept(self, name: str, new: str) -> str:
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, new)
        return path.read_text().strip()


if __name__ == "__main__":
    Secrets(Path(sys.argv[1])).make_all()
