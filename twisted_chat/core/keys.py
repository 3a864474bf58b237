"""Ed25519: who a peer is, and the proof that it said something."""

from __future__ import annotations

import base64
from hashlib import sha256

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

SEED_BYTES = 32
KEY_BYTES = 32
SIGNATURE_BYTES = 64
SPOKEN_DIGITS = 40

_SPOKEN = b"tcpchat/1 id\0"


class Identity:
    """A private key; its public half, 32 bytes, is the peer's id."""

    def __init__(self, seed: bytes) -> None:
        """`seed` is 32 secret bytes, from `secrets.token_bytes` or the key file."""
        self._key = SigningKey(seed)
        self.id = bytes(self._key.verify_key)

    @property
    def exchange_key(self) -> bytes:
        """The same secret as an X25519 key, for what is sealed for this peer."""
        return bytes(self._key.to_curve25519_private_key())

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`."""
        return self._key.sign(message).signature


def verified(author: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is `author`'s over `message`. Keys of small order verify nothing."""
    if len(author) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:  # libsodium is told no lengths
        return False
    try:
        crypto_sign_open(signature + message, author)
    except (BadSignatureError, ValueError):
        return False
    return True


def fingerprint(member: bytes, groups: int = 1) -> str:
    """Return four characters (times `groups`) that tell `member` from others of the same name; no proof of anything."""
    return base64.b16encode(member[: 2 * groups]).decode().lower()


def spoken(member: bytes) -> str:
    """Return a member's id in ten groups of four, to be compared aloud: 160 bits of a SHA-256."""
    digits = sha256(_SPOKEN + member).hexdigest()[:SPOKEN_DIGITS]
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
