"""Private words under AES-256-GCM: a data key per author and relationship, wrapped by a key from a file."""

import json
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.transaction import Tx
from sessions.adapters import db

_NONCE_BYTES = 12
_KEY_BYTES = 32


class KeysUnusable(Exception):
    """The key file cannot be used, or lacks a key that is needed; says why, never a key."""


class NoteTampered(Exception):
    """A ciphertext is not the one that was written for this row: changed, or moved from another."""


@dataclass(frozen=True)
class Place:
    """Where words stand; they open nowhere else."""

    relationship_id: UUID
    author_id: str
    kind: str
    row_id: UUID

    def bound(self) -> bytes:
        """The associated data of the words' ciphertext."""
        return _bound("note", str(self.relationship_id), self.author_id, self.kind, str(self.row_id))


class KeyRing:
    """The wrapping keys of a file: a JSON list of `{"id", "key"}`, newest first, 32 bytes each in base64."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = _keys_in(path)

    @property
    def newest(self) -> str:
        """The id of the key that wraps what is written now."""
        return next(iter(self._keys))

    def wrap(self, data_key: bytes, relationship_id: UUID, author_id: str) -> tuple[str, bytes]:
        """The id of the newest key, and the data key under it."""
        # Read anew, since data keys are made rarely: a key put first since this process started counts from now on,
        # so that after a rotation nothing more is wrapped by a key that is about to be taken away.
        self._keys = _keys_in(self._path)
        newest = self.newest
        return newest, _encrypt(self._keys[newest], data_key, _key_bound(relationship_id, author_id, newest))

    def unwrap(self, wrapping_key_id: str, wrapped: bytes, relationship_id: UUID, author_id: str) -> bytes:
        """The data key; raises `NoteTampered` when it is another author's or was changed."""
        if wrapping_key_id not in self._keys:
            self._keys = _keys_in(self._path)  # the keys may have been rotated since this process started
        if wrapping_key_id not in self._keys:
            raise KeysUnusable(
                f"{self._path} has no key {wrapping_key_id!r}, which wraps data keys: put it back at the end"
            )
        return _decrypt(self._keys[wrapping_key_id], wrapped, _key_bound(relationship_id, author_id, wrapping_key_id))


class Notes:
    """Seals words before they reach the database, and opens them for those who may read them."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def seal(self, tx: Tx, place: Place, words: str | None) -> bytes | None:
        """The ciphertext of `words` for that place."""
        if words is None:
            return None
        key = await self._data_key(tx, place)
        if key is None:
            made = self._ring.wrap(secrets.token_bytes(_KEY_BYTES), place.relationship_id, place.author_id)
            await db.add_data_key(tx, place.relationship_id, place.author_id, *made)
            key = await self._data_key(tx, place)  # another request's, if it was quicker
        if key is None:
            raise KeysUnusable("the author's data key was deleted meanwhile")
        return _encrypt(key, words.encode(), place.bound())

    async def open(self, tx: Tx, place: Place, sealed: bytes | None) -> str | None:
        """The words at that place; raises `NoteTampered` unless they were sealed for it."""
        if sealed is None:
            return None
        key = await self._data_key(tx, place)
        return None if key is None else _decrypt(key, sealed, place.bound()).decode()

    async def rewrap_some(self, tx: Tx, limit: int = 500) -> int:
        """Wrap up to that many data keys by the newest key that another wraps now; how many there were."""
        stale = await db.lock_keys_not_under(tx, self._ring.newest, limit)
        for relationship_id, author_id, wrapping_key_id, wrapped in stale:
            key = self._ring.unwrap(wrapping_key_id, wrapped, relationship_id, author_id)
            await db.replace_data_key(tx, relationship_id, author_id, *self._ring.wrap(key, relationship_id, author_id))
        return len(stale)

    async def _data_key(self, tx: Tx, place: Place) -> bytes | None:
        found = await db.data_key_of(tx, place.relationship_id, place.author_id)
        return None if found is None else self._ring.unwrap(*found, place.relationship_id, place.author_id)


def _keys_in(path: Path) -> dict[str, bytes]:
    try:
        entries = json.loads(path.read_bytes())
        keys = {str(entry["id"]): b64decode(entry["key"], validate=True) for entry in entries}
    except OSError as error:
        raise KeysUnusable(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, Base64Error):
        raise KeysUnusable(
            f'{path} must be a JSON list of {{"id": "...", "key": "32 bytes in base64"}}, newest first'
        ) from None
    if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
        raise KeysUnusable(f"{path} needs at least one key, and {_KEY_BYTES} bytes in each")
    if len(keys) < len(entries):
        raise KeysUnusable(f"{path} has two keys of one id: give the newer one an id of its own")
    return keys


def _key_bound(relationship_id: UUID, author_id: str, wrapping_key_id: str) -> bytes:
    return _bound("data-key", str(relationship_id), author_id, wrapping_key_id)


def _bound(*parts: str) -> bytes:
    # as JSON no two lists of parts look the same
    return json.dumps(["mentorship.sessions.v1", *parts]).encode()


def _encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise NoteTampered("these words were not written for this place") from None
