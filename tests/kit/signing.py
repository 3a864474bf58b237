"""Batches that others signed: small ones, forged ones, contradictory ones."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256, sha512

import msgspec
from msgspec import Raw
from nacl.bindings import crypto_scalarmult_ed25519_base_noclamp

from tests.kit.feeding import START
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch
from twisted_chat.core.feeds.records import KnownRecord, Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity

ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of Ed25519's base point."""


def said(*texts: str) -> list[KnownRecord | Raw]:
    """Return messages."""
    return [Say(text) for text in texts]


def signed(group: Group, identity: Identity, body: bytes) -> Batch:
    """Sign a body that nobody checked, and read it as whoever receives it. Raises `Refusal`."""
    return parse_batch(group.sign(identity, sha256(body).digest()), body)


def sign_any(
    identity: Identity,
    group: Group,
    feed: FeedId,
    first: int,
    prev: bytes,
    lc: int,
    name: str,
    records: Sequence[object],
) -> Batch:
    """Sign a batch of records that nobody checked, and read it as whoever receives it. Raises `Refusal`."""
    body = msgspec.json.encode({
        "author": feed.author, "epoch": feed.epoch, "first": first, "prev": prev, "at": lc // 1000, "lc": lc, "name": name,
        "records": records,
    })  # fmt: skip
    return signed(group, identity, body)


class Writer:
    """Somebody who signs whatever is asked of them. `feed` goes on with each `write`."""

    def __init__(self, number: int, epoch: int = 7, group: Group | None = None) -> None:
        self._seed = bytes([number]) * 32
        self.identity = Identity(self._seed)
        self.feed = FeedId(self.identity.id, epoch)
        self.group = group or Group()
        self.batches: list[Batch] = []

    def write(self, *texts: str) -> Batch:
        """Sign the next batch of the feed."""
        batch = self.sign(self.batches[-1] if self.batches else None, *texts)
        self.batches.append(batch)
        return batch

    def sign(self, after: Batch | None, *texts: str, records: Sequence[object] | None = None) -> Batch:
        """Sign a batch that follows `after`, whatever else was signed there."""
        first, prev, lc = (after.last + 1, after.hash, after.last_lc + 1) if after else (1, b"", START)
        return sign_any(self.identity, self.group, self.feed, first, prev, lc, "Ana", records or said(*texts))

    def forge(self, batch: Batch, **changes: object) -> Batch:
        """Sign a batch like `batch` with some fields of its body changed."""
        body = msgspec.json.encode({**msgspec.json.decode(batch.body), **changes})
        return signed(self.group, self.identity, body)

    def sign_otherwise(self, body: bytes) -> bytes:
        """Return a second good signature of a body: what Ed25519 derives from the message is chosen freely here."""
        secret = bytearray(sha512(self._seed).digest()[:32])
        secret[0] &= 248
        secret[31] = secret[31] & 127 | 64
        kind = b"closed" if self.group.closed else b"open"
        message = b"tcpchat/1 batch\0" + kind + b"\0" + self.group.name.encode() + b"\0" + sha256(body).digest()
        nonce = 12345678901234567890
        point = crypto_scalarmult_ed25519_base_noclamp(nonce.to_bytes(32, "little"))
        challenge = int.from_bytes(sha512(point + self.identity.id + message).digest(), "little")
        answer = (nonce + challenge * int.from_bytes(secret, "little")) % ORDER
        return point + answer.to_bytes(32, "little")
