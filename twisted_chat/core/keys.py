"""Ed25519: who a peer is, and the proof that it said something."""

from __future__ import annotations

import base64
import re
import unicodedata
from hashlib import sha256

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

SEED_BYTES = 32
KEY_BYTES = 32
SIGNATURE_BYTES = 64
SPOKEN_DIGITS = 40
"""Digits of a key as it is read aloud."""

_SPOKEN = b"tcpchat/1 id\0"
_HEX = re.compile("[0-9a-f]+")


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


def signature_holds(author: bytes, signature: bytes, message: bytes) -> bool:
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


def spoken_digits(text: str) -> str:
    """Return the digits of a key that somebody wrote down, typed or copied from what `spoken` returns; none if it is no key.

    Case, spaces, line breaks and signs don't count, nor does what stands before a colon: whose key it is. Digits that are too
    few or too many are returned too.
    """
    whole, last = (letters(part) for part in (text, text.rpartition(":")[2]))
    if len(whole) == SPOKEN_DIGITS and _HEX.fullmatch(whole):
        return whole
    return last if _HEX.fullmatch(last) else ""


def letters(text: str) -> str:
    """Return the letters and digits of `text`, in lower case, without what stands between them."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
