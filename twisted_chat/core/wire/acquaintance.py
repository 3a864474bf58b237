"""Members show each other that they are known, and show nobody else anything, before either has said who it is.

Two members that know each other's ids share a secret that they never agreed on: X25519 of one's key and the other's. A peer
that shows a MAC by this secret is known. Its guesses at the passphrase need not be counted. To everybody else the MAC is
noise.
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
"""Secrets worked out at a time; more would let others wait long."""
MAX_SECRETS = 2 * MAX_AUTHORS
"""Secrets remembered. With more, all are worked out anew: most are those of members that nobody knows any more."""

_CONTEXT = b"tcpchat/1 known\0"


class Acquaintances:
    """The members that this peer knows, and that may know it. `channel` is what a connection's two ends have in common."""

    def __init__(self, identity: Identity, group: Group, members: Callable[[], Iterable[bytes]]) -> None:
        """`members` returns the ids of others. Those that are most likely to be met come first."""
        self._key = identity.exchange_key
        self._context = _CONTEXT + group.context
        self._members = members
        self._secrets: dict[bytes, bytes] = {}

    def shown(self, role: str, channel: bytes) -> bytes:
        """Return proofs for the first members. Their number is always the same, so that it does not tell how many are known."""
        proofs = [self.proof(member, role, channel) for member in islice(self._known(), MAX_KNOWN // PROOF_BYTES)]
        proofs += [secrets.token_bytes(PROOF_BYTES) for _ in range(MAX_KNOWN // PROOF_BYTES - len(proofs))]
        return b"".join(proofs)

    def proof(self, member: bytes, role: str, channel: bytes) -> bytes:
        """Return the proof that this peer, in its `role`, is known to `member`. Nobody else can make it or tell it from noise."""
        return hmac.digest(self._secrets[member], self._context + role.encode() + b"\0" + channel, "sha256")[
            :PROOF_BYTES
        ]

    def recognised(self, shown: bytes, role: str, channel: bytes) -> bytes | None:
        """Return the id of the member at the other end, which has the role `role`; None if it shows no proof that we know."""
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
        """Return the secret shared with a member; nothing, if its key can share none."""
        try:
            shared = crypto_scalarmult(self._key, crypto_sign_ed25519_pk_to_curve25519(member))
        except (CryptoError, ValueError):
            return b""
        return sha256(self._context + shared).digest()
