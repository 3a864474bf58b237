"""Feeds: what one author said in one epoch, in signed batches, each naming the hash of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct

from twisted_chat.core.errors import FORGED, PROTOCOL, BadText, Refusal
from twisted_chat.core.frames import BatchFrame, Id, Number, SignedBody, Whole, encode
from twisted_chat.core.keys import Identity, verified
from twisted_chat.core.records import KnownRecord, Record, decode_record
from twisted_chat.core.text import check_name

MAX_RECORDS = 512
"""Records in a batch."""
MAX_BODY = 30 * 1024
"""Bytes in a batch's body, so that a `fork` frame has room for two."""
MAX_WALL_MS = 32_503_680_000_000
"""The year 3000: no later time can be displayed everywhere."""


_BATCH = b"tcpchat/1 batch\0"


class FeedId(NamedTuple):
    """Which feed: an author's id and one of its epochs. Feeds sort by it."""

    author: bytes
    epoch: int


class _Body(Struct):
    author: Id
    epoch: Whole
    first: Number
    prev: Annotated[bytes, Meta(max_length=32)]
    at: Annotated[int, Meta(ge=0, le=MAX_WALL_MS)]
    lc: Whole
    name: str


class _Known(_Body):
    records: Annotated[list[KnownRecord], Meta(min_length=1, max_length=MAX_RECORDS)]


class _Mixed(_Body):
    records: Annotated[list[Raw], Meta(min_length=1, max_length=MAX_RECORDS)]


_encoder = msgspec.json.Encoder()
_known = msgspec.json.Decoder(_Known)
_mixed = msgspec.json.Decoder(_Mixed)


@dataclass(frozen=True, eq=False)
class Batch:
    """Consecutive records of one feed under one signature. Made by `seal` and `unseal` only.

    `sig` and `body` are the bytes on the wire; the other fields are what `body` says. `at` is the author's wall clock in
    milliseconds, `lc` the hybrid time of the first record in microseconds, record `first + i` having `lc + i`.
    """

    sig: bytes
    body: bytes
    feed: FeedId
    first: int
    prev: bytes
    at: int
    lc: int
    name: str
    records: Sequence[Record]

    @property
    def last(self) -> int:
        """The number of the last record."""
        return self.first + len(self.records) - 1

    @property
    def last_lc(self) -> int:
        """The hybrid time of the last record."""
        return self.lc + len(self.records) - 1

    @property
    def notable(self) -> bool:
        """Whether it tells what has to be known at the next start, however long ago it was said."""
        return any(record.notable for record in self.records)

    @property
    def size(self) -> int:
        """Bytes that count against limits."""
        return len(self.body) + len(self.sig)

    @cached_property
    def hash(self) -> bytes:
        """BLAKE2b-256 of signature and body: what the next batch names as `prev`."""
        return blake2b(self.sig + self.body, digest_size=32).digest()

    @cached_property
    def line(self) -> bytes:
        """The frame that carries this batch, encoded once for however many links."""
        return encode(BatchFrame(self.sig, Raw(self.body)))

    def signed(self) -> SignedBody:
        """This batch as half of a `fork`."""
        return SignedBody(self.sig, Raw(self.body))

    def overlaps(self, other: Batch) -> bool:
        """Whether both claim at least one place of the same feed."""
        return self.feed == other.feed and self.first <= other.last and other.first <= self.last


class Group:
    """Who may take part: signatures made for one group hold in no other."""

    def __init__(self, name: str = "chat", closed: bool = False) -> None:
        """`name` as for people; `closed` if a passphrase guards it."""
        self.name = name
        self.closed = closed
        self.context = (b"closed" if closed else b"open") + b"\0" + name.encode() + b"\0"
        """What is signed or sealed for this group bears this."""

    def sign(self, identity: Identity, body: bytes) -> bytes:
        """Sign a batch's body for this group."""
        return identity.sign(_BATCH + self.context + body)

    def verify(self, batch: Batch) -> None:
        """Raise `Refusal(FORGED)` unless the batch's author signed it for this group."""
        if not verified(batch.feed.author, batch.sig, _BATCH + self.context + batch.body):
            raise Refusal(FORGED, "a batch is not signed by the author it names, or for another group")


def split(records: Iterable[Raw]) -> Iterable[list[Raw]]:
    """Cut encoded records into runs that each fit one batch."""
    run: list[Raw] = []
    size = 0
    room = MAX_BODY - 512  # what surrounds the records, a name of 32 wide characters included
    for record in records:
        length = len(memoryview(record)) + 1
        if run and (size + length > room or len(run) == MAX_RECORDS):
            yield run
            run, size = [], 0
        run.append(record)
        size += length
    if run:
        yield run


def seal(
    identity: Identity,
    group: Group,
    epoch: int,
    first: int,
    prev: bytes,
    at: int,
    lc: int,
    name: str,
    records: list[Raw],
) -> Batch:
    """Sign `records` (one run of `split`) as the batch that follows the one whose hash is `prev`."""
    body = _encoder.encode(_Mixed(identity.id, epoch, first, prev, at, lc, name, records))
    return unseal(group.sign(identity, body), body)


def unseal(sig: bytes, body: bytes) -> Batch:
    """Return what `body` says, its form checked and its signature not: that is `Group.verify`.

    Raises `Refusal(PROTOCOL)`, and nothing else, for whatever is not a batch.
    """
    if len(body) > MAX_BODY:
        raise Refusal(PROTOCOL, f"a batch of {len(body)} bytes; at most {MAX_BODY} are allowed")
    try:
        says, records = _decode(body)
        if len(says.prev) not in (0, 32):
            raise Refusal(PROTOCOL, "prev is neither empty nor 32 bytes")
        if check_name(says.name) != says.name:
            raise Refusal(PROTOCOL, "a name that is not in its plain form")
        for record in records:
            record.check()
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Refusal(PROTOCOL, f"batch: {error}") from None
    except BadText as error:
        raise Refusal(PROTOCOL, f"batch: {error.code}") from None
    feed = FeedId(says.author, says.epoch)
    return Batch(sig, body, feed, says.first, says.prev, says.at, says.lc, says.name, records)


def _decode(body: bytes) -> tuple[_Body, Sequence[Record]]:
    try:
        known = _known.decode(body)
        return known, known.records
    except msgspec.ValidationError:
        mixed = _mixed.decode(body)
        return mixed, [decode_record(raw) for raw in mixed.records]


@dataclass(frozen=True)
class Fork:
    """The proof that an author signed two different batches for one place."""

    one: Batch
    other: Batch

    @property
    def feed(self) -> FeedId:
        """The feed that is forked."""
        return self.one.feed

    @property
    def place(self) -> int:
        """The first record that is in doubt: the feed ends before it."""
        return min(self.one.first, self.other.first)

    @property
    def deeper(self) -> bool:
        """Whether the two batches name different ones before them: then there is a contradiction before this one."""
        return self.one.first == self.other.first and self.one.prev != self.other.prev

    def prove(self, group: Group) -> None:
        """Raise `Refusal` unless both batches are the author's, differ and claim a common place."""
        if self.one.hash == self.other.hash or not self.one.overlaps(self.other):
            raise Refusal(FORGED, "a fork whose two batches do not contradict each other")
        group.verify(self.one)
        group.verify(self.other)
