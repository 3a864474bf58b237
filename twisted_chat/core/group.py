"""Groups: who may take part. Nothing that is signed or sealed for one group holds in another."""

from __future__ import annotations

from twisted_chat.core.keys import Identity, signature_holds

MAX_AUTHORS = 800
"""Members of a group who said something, whose messages are kept."""
_BATCH = b"tcpchat/1 batch\0"


class Group:
    """A group's name, and whether a passphrase guards it."""

    def __init__(self, name: str = "chat", closed: bool = False) -> None:
        """`name` as for people; `closed` if a passphrase guards it."""
        self.name = name
        self.closed = closed
        self.context = (b"closed" if closed else b"open") + b"\0" + name.encode() + b"\0"
        """A part of everything that is signed or sealed for this group."""

    def sign(self, identity: Identity, digest: bytes) -> bytes:
        """Sign the batch whose body has this SHA-256 for this group: Ed25519 takes longer for all of the body."""
        return identity.sign(_BATCH + self.context + digest)

    def signature_holds(self, author: bytes, signature: bytes, digest: bytes) -> bool:
        """Return whether `author` signed the batch whose body has this SHA-256 for this group."""
        return signature_holds(author, signature, _BATCH + self.context + digest)
