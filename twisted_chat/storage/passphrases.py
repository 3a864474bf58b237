"""The passphrase under which a closed group's conversation was held, noted so that it never goes on under another one.

Groups with one name and different passphrases have different members. The messages of the one are not for the other.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from hashlib import scrypt
from pathlib import Path

from twisted_chat.storage.errors import OTHER_PASSPHRASE, StorageError
from twisted_chat.storage.files import explained, write_whole

SALT_BYTES = 16


class PassphraseNote:
    """The file beside a database that tells its group's passphrase from others, without revealing it."""

    def __init__(self, database: Path, passphrase: str) -> None:
        """`passphrase` in its checked form; nothing is read or written yet."""
        self._path = database.with_name(f"{database.name}.passphrase")
        self._database = database
        self._passphrase = passphrase

    def check(self) -> None:
        """Raise `StorageError(OTHER_PASSPHRASE)` if another passphrase was noted. Takes some 50 ms."""
        with explained(self._path):
            noted = self._path.read_bytes() if self._path.exists() else b""
        if noted and not secrets.compare_digest(self._hash(_salt(noted)), noted):
            raise StorageError(OTHER_PASSPHRASE, self._database)

    def write(self) -> None:
        """Note the passphrase, once another peer has proven to know it: it is no typing error. Does nothing if one is noted."""
        with explained(self._path):
            if not self._path.exists():
                write_whole(self._path, self._hash(secrets.token_bytes(SALT_BYTES)))

    def _hash(self, salt: bytes) -> bytes:
        """Return `salt` and a hash that is slow to guess by."""
        return base64.b64encode(salt + scrypt(self._passphrase.encode(), salt=salt, n=1 << 14, r=8, p=1, dklen=32))


def _salt(noted: bytes) -> bytes:
    try:
        return base64.b64decode(noted)[:SALT_BYTES]
    except binascii.Error:  # whatever the passphrase, that is not its note
        return b""
