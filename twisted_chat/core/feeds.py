"""Feeds: what one author said in one epoch, in signed batches, each naming the hash of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from twisted_chat.core.errors import FORGED, PROTOCOL, BadText, Refusal
from twisted_chat.core.frames import BatchFrame, Id, Number, SignedBody, Whole, encode
from twisted_chat.core.keys import Identity, verified
from twisted_chat.core.text import DEFAULT_ROOM, check_name, check_room, check_text

MAX_RECORDS = 512
"""Records in a batch."""
MAX_BODY = 30 * 1024
"""Bytes in a batch's body, so that a `fork` frame has room for two."""
MAX_WALL_MS = 32_503_680_000_000
"""The year 3000: no later time can be displayed everywhere."""


class FeedId(NamedTuple):
    """Which feed: an author's id and one of its epochs. Feeds sort by it."""

    author: bytes
    epoch: int


class Say(Struct, frozen=True, tag="say", tag_field="k", omit_defaults=True):
    """A message to a room."""

    text: str
    room: str = DEFAULT_ROOM

    def check(self) -> None:
        """Raise `BadText` if this can't be said."""
        check_text(self.text)
        if self.room != DEFAULT_ROOM:
            check_room(self.room)


class Unknown(Struct, frozen=True):
    """A record of a kind from a later version: kept and relayed, not shown."""

    kind: str

    def check(self) -> None:
        """Accept anything: this version knows no rule for it."""


KnownRecord: TypeAlias = Say
Record: TypeAlias = KnownRecord | Unknown
KINDS: tuple[type[KnownRecord], ...] = (Say,)
"""Every kind of record this version knows."""
_KIND_NAMES = {str(kind.__struct_config__.tag) for kind in KINDS}


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


class _Kind(Struct):
    k: str


_encoder = msgspec.json.Encoder()
_known = msgspec.json.Decoder(_Known)
_mixed = msgspec.json.Decoder(_Mixed)
_kind = msgspec.json.Decoder(_Kind)
_record = msgspec.json.Decoder(KnownRecord)


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
        kind = b"closed" if closed else b"open"
        self._context = b"tcpchat/1 batch\0" + kind + b"\0" + name.encode() + b"\0"

    def sign(self, identity: Identity, body: bytes) -> bytes:
        """Sign a batch's body for this group."""
        return identity.sign(self._context + body)

    def verify(self, batch: Batch) -> None:
        """Raise `Refusal(FORGED)` unless the batch's author signed it for this group."""
        if not verified(batch.feed.author, batch.sig, self._context + batch.body):
            raise Refusal(FORGED, "a batch is not signed by the author it names, or for another group")


def encode_record(record: KnownRecord) -> Raw:
    """Return the record as it will stand in a batch. Raises `BadText` if it can't be said."""
    record.check()
    return Raw(_encoder.encode(record))


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
        return mixed, [_decode_record(raw) for raw in mixed.records]


def _decode_record(raw: Raw) -> Record:
    kind = _kind.decode(raw).k
    return _record.decode(raw) if kind in _KIND_NAMES else Unknown(kind)


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

    def prove(self, group: Group) -> None:
        """Raise `Refusal` unless both batches are the author's, differ and claim a common place."""
        if self.one.body == self.other.body or not self.one.overlaps(self.other):
            raise Refusal(FORGED, "a fork whose two batches do not contradict each other")
        group.verify(self.one)
        group.verify(self.other)
