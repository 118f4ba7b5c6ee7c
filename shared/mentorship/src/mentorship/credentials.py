"""Who may sign in to NATS: the operator's and the account's signing keys, users' credentials, and revocation.

The server is given public keys and signed statements only. A user's permissions stand in the user's own
credential, signed with the account's key, so a new user needs no change of the server.
"""

import base64
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentorship.nkey import KeyPair, Kind

ACCOUNT_NAME = "MENTORSHIP"
SYSTEM_USER = "system"
_UNLIMITED = -1
_ANSWER_WITHIN = 60 * 1_000_000_000
"""Nanoseconds in which a request may be answered."""


@dataclass(frozen=True)
class Permissions:
    """The subjects a user may publish to and subscribe to; everything else is refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    may_answer: bool = False
    """Whether the user may send one answer to each request it receives, wherever that is to go."""


EVERYTHING = Permissions(publish=(">",), subscribe=(">",))


class Authority:
    """The signing keys of one NATS installation in one folder, made on first use and kept from then on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _private_folder(folder)
        self._operator = self._key("operator", Kind.OPERATOR)
        self._account = self._key("account", Kind.ACCOUNT)
        self._system = self._key("system-account", Kind.ACCOUNT)

    @property
    def account_id(self) -> str:
        """The public key of the account that holds the streams."""
        return self._account.public

    @property
    def system_account_id(self) -> str:
        """The public key of the server's own account."""
        return self._system.public

    def operator_jwt(self) -> str:
        """The operator's statement about itself, which the server trusts."""
        nats = {"system_account": self._system.public, "type": "operator", "version": 2}
        return _signed(self._operator, self._operator.public, "mentorship", nats)

    def account_jwt(self) -> str:
        """The account of the platform: JetStream without limits of its own, and who is revoked."""
        storage = {"mem_storage": 0, "disk_storage": _UNLIMITED, "streams": _UNLIMITED, "consumer": _UNLIMITED}
        nats = _account_claims(storage) | {"revocations": self.revocations()}
        return _signed(self._operator, self._account.public, ACCOUNT_NAME, nats)

    def system_account_jwt(self) -> str:
        """The server's own account, which holds no streams."""
        return _signed(self._operator, self._system.public, "SYS", _account_claims({}))

    def credential_path(self, user: str) -> Path:
        """Where the credential of `user` stands, written or not."""
        return self.folder / "creds" / f"{user}.creds"

    def mint(self, user: str, permissions: Permissions) -> Path:
        """Write the credential of `user` with these permissions (0600) and give its path.

        The user's key stays the same from one call to the next, so the credential can be renewed in place.
        """
        return self._write_credential(user, self._account, permissions)

    def mint_system(self) -> Path:
        """Write the credential of the system user, which tells the server of revocations."""
        return self._write_credential(SYSTEM_USER, self._system, EVERYTHING)

    def revocations(self) -> dict[str, int]:
        """Public key of a revoked user -> epoch second up to which its credentials count for nothing."""
        path = self.folder / "revoked.json"
        if not path.exists():
            return {}
        revoked: dict[str, int] = json.loads(path.read_text())
        return revoked

    def revoke(self, user: str) -> None:
        """Note that every credential of `user` is void and forget its key; KeyError where there is none.

        The server learns of it from the next `account_jwt` it is given.
        """
        seed = self._seed_path(f"users/{user}")
        if not seed.exists():
            raise KeyError(user)
        revoked = self.revocations() | {KeyPair.from_seed(seed.read_text()).public: int(time.time())}
        write_private(self.folder / "revoked.json", json.dumps(revoked, indent=2) + "\n")
        seed.unlink()
        self.credential_path(user).unlink(missing_ok=True)

    def _write_credential(self, user: str, signer: KeyPair, permissions: Permissions) -> Path:
        key = self._key(f"users/{user}", Kind.USER)
        path = self.credential_path(user)
        _private_folder(path.parent)
        write_private(path, _credential(_signed(signer, key.public, user, _user_claims(permissions)), key.seed))
        return path

    def _seed_path(self, name: str) -> Path:
        return self.folder / f"{name}.seed"

    def _key(self, name: str, kind: Kind) -> KeyPair:
        path = self._seed_path(name)
        if path.exists():
            return KeyPair.from_seed(path.read_text())
        key = KeyPair.create(kind)
        _private_folder(path.parent)
        write_private(path, key.seed + "\n")
        return key


def write_private(path: Path, text: str) -> None:
    """Put `text` at `path` in one step, readable by the owner alone at every moment."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:  # mkstemp makes it 0600
        file.write(text)
    Path(name).replace(path)


def _private_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)


def _account_claims(storage: Mapping[str, int]) -> dict[str, Any]:
    counted = ("subs", "data", "payload", "imports", "exports", "conn", "leaf")
    limits: dict[str, Any] = dict.fromkeys(counted, _UNLIMITED)
    return {
        "limits": limits | {"wildcards": True} | dict(storage),
        "default_permissions": {"pub": {}, "sub": {}},
        "type": "account",
        "version": 2,
    }


def _user_claims(permissions: Permissions) -> dict[str, Any]:
    # A direction without any subject must still say "nothing": an empty list would mean "anything".
    def rule(allowed: tuple[str, ...]) -> dict[str, list[str]]:
        return {"allow": sorted(allowed)} if allowed else {"deny": [">"]}

    answering = {"resp": {"max": 1, "ttl": _ANSWER_WITHIN}} if permissions.may_answer else {}
    return {
        **answering,
        "pub": rule(permissions.publish),
        "sub": rule(permissions.subscribe),
        "subs": _UNLIMITED,
        "data": _UNLIMITED,
        "payload": _UNLIMITED,
        "type": "user",
        "version": 2,
    }


def _signed(issuer: KeyPair, subject: str, name: str, nats: Mapping[str, Any]) -> str:
    claims = {"iat": int(time.time()), "iss": issuer.public, "name": name, "sub": subject, "nats": dict(nats)}
    digest = hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).digest()
    claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
    body = f"{_part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_part(claims)}"
    return f"{body}.{_base64(issuer.sign(body.encode()))}"


def _part(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _credential(jwt: str, seed: str) -> str:
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\n"
        "This file is a secret: whoever holds it is this user.\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n\n"
        "*************************************************************\n"
    )
