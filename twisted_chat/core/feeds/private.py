"""Private messages. The author's feed carries them like everything else; only the author and the recipient can read them.

Each is sealed twice, for the recipient and for the author, with HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256),
HKDF-SHA256, ChaCha20-Poly1305. The batch's signature proves the author. A member's X25519 key is its Ed25519 key in the other
form, so everybody who knows a member can write to it, here or away. The group, the author and the recipient go into HPKE's
`info`, so a sealed message copied elsewhere opens for nobody.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from nacl.bindings import crypto_sign_ed25519_pk_to_curve25519
from nacl.exceptions import CryptoError

from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.records import Private
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.writing.text import check_text

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_CONTEXT = b"tcpchat/1 private\0"


class PrivateBox:
    """PrivateBox for others, and opens what is for this peer, in one group."""

    def __init__(self, identity: Identity, group: Group) -> None:
        self._identity = identity
        self._group = group
        self._key = X25519PrivateKey.from_private_bytes(identity.exchange_key)

    def seal(self, to: bytes, text: str) -> Private:
        """Return `text` sealed for the member `to`. Raises `BadText` if it can't be a message, or `to` can't have a key."""
        author = self._identity.id
        info = self._info(author, to)
        content = check_text(text).encode()
        return Private(to, _seal(content, to, info), _seal(content, author, info))

    def open(self, author: bytes, record: Private) -> str | None:
        """Return the text of a private message by `author`; None if it is not for us, or was not sealed as it should be."""
        if self._identity.id not in (author, record.to):
            return None
        sealed = record.copy if self._identity.id == author else record.sealed
        try:
            return check_text(_SUITE.decrypt(sealed, self._key, self._info(author, record.to)).decode())
        except (InvalidTag, ValueError, BadText):
            return None

    def _info(self, author: bytes, to: bytes) -> bytes:
        return _CONTEXT + self._group.context + author + to


def _seal(content: bytes, to: bytes, info: bytes) -> bytes:
    try:
        key = X25519PublicKey.from_public_bytes(crypto_sign_ed25519_pk_to_curve25519(to))
        return _SUITE.encrypt(content, key, info)
    except (CryptoError, ValueError):
        raise BadText("private-key") from None
