"""Showing members that one is known to them, and nobody else anything, before either has said who it is.

Two members that know each other's ids share a secret without ever having agreed on one: X25519 of one's key and the other's.
Who shows a MAC by it is known, and need not be counted among those who guess at a passphrase. To everybody else it is noise.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import islice

from nacl.bindings import crypto_scalarmult, crypto_sign_ed25519_pk_to_curve25519
from nacl.exceptions import CryptoError

from twisted_chat.core.group import MAX_AUTHORS, Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import MAX_KNOWN

PROOF_BYTES = 16
MAX_NEW = 32
"""Secrets worked out at a time, lest who waits meanwhile wait long."""
MAX_SECRETS = 2 * MAX_AUTHORS
"""Secrets remembered; with more all are worked out anew, for most are those of members that nobody knows any more."""

_CONTEXT = b"tcpchat/1 known\0"


class Acquaintances:
    """The members that this peer knows, and that may know it. `channel` is what a connection's two ends have in common."""

    def __init__(self, identity: Identity, group: Group, members: Callable[[], Iterable[bytes]]) -> None:
        """`members` returns the ids of others, those first of which most is to be expected."""
        self._key = identity.exchange_key
        self._context = _CONTEXT + group.context
        self._members = members
        self._secrets: dict[bytes, bytes] = {}

    def shown(self, role: str, channel: bytes) -> bytes:
        """Return proofs for the first members, as many whoever they are: how many are known is nobody's business."""
        proofs = [self.proof(member, role, channel) for member in islice(self._known(), MAX_KNOWN // PROOF_BYTES)]
        proofs += [secrets.token_bytes(PROOF_BYTES) for _ in range(MAX_KNOWN // PROOF_BYTES - len(proofs))]
        return b"".join(proofs)

    def proof(self, member: bytes, role: str, channel: bytes) -> bytes:
        """Return the proof that this peer, in its `role`, is known to `member`; nobody else can make it or tell it from noise."""
        return hmac.digest(self._secrets[member], self._context + role.encode() + b"\0" + channel, "sha256")[
            :PROOF_BYTES
        ]

    def recognised(self, shown: bytes, role: str, channel: bytes) -> bytes | None:
        """Return the id of the member at the other end, whose `role` it is, if it has shown the proof of one."""
        proofs = {shown[start : start + PROOF_BYTES] for start in range(0, len(shown), PROOF_BYTES)}
        if not shown:
            return None
        return next((member for member in self._known() if self.proof(member, role, channel) in proofs), None)

    def _known(self) -> Iterable[bytes]:
        """Yield the members that there is a secret with, working out a few of those that are missing."""
        missing = MAX_NEW
        if len(self._secrets) > MAX_SECRETS:
            self._secrets.clear()
        for member in self._members():
            if member not in self._secrets and missing:
                missing -= 1
                self._secrets[member] = self._secret(member)
            if self._secrets.get(member):
                yield member

    def _secret(self, member: bytes) -> bytes:
        """Return what is shared with a member; nothing, if its key is none with which that can be."""
        try:
            shared = crypto_scalarmult(self._key, crypto_sign_ed25519_pk_to_curve25519(member))
        except (CryptoError, ValueError):
            return b""
        return sha256(self._context + shared).digest()
