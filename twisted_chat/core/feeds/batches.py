"""Feeds: everything one author said in one epoch, in signed batches. Each batch names the hash of the one before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct

from twisted_chat.core.clock import MAX_WALL_MS
from twisted_chat.core.errors import FORGED, PROTOCOL, BadText, Refusal
from twisted_chat.core.feeds.records import AMENDING, Amending, KnownRecord, Other, Private, Record, Say, decode_record
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import MAX_INT, MAX_NUMBER, BatchFrame, Id, Number, SignedBody, Whole, encode
from twisted_chat.core.writing.text import DEFAULT_ROOM, MAX_TEXT, accept_name, accept_room, may_hide_control

MAX_RECORDS = 512
"""Records in a batch."""
MAX_BODY = 30 * 1024
"""Bytes in a batch's body, so that a `fork` frame has room for two."""
MAX_NESTING = 64
"""Objects and lists within each other in a body, those of unknown fields and kinds too. How many a decoder takes else depends on
the interpreter, and on how deep its caller's calls are: one peer would take what another can't."""


class FeedId(NamedTuple):
    """Which feed: an author's id and one of its epochs. Feeds sort by it."""

    author: bytes
    epoch: int


class Position(NamedTuple):
    """The place of a record in the order that all peers share: its hybrid time, then its id. Positions compare."""

    lc: int
    feed: FeedId
    number: int


class _Body(Struct):
    author: Id
    epoch: Whole
    first: Number
    prev: Annotated[bytes, Meta(max_length=32)]
    at: Annotated[int, Meta(ge=0, le=MAX_WALL_MS)]
    lc: Whole
    name: str


class _Known(_Body, forbid_unknown_fields=True):
    records: Annotated[list[KnownRecord], Meta(min_length=1, max_length=MAX_RECORDS)]


class _Mixed(_Body):
    records: Annotated[list[Raw], Meta(min_length=1, max_length=MAX_RECORDS)]


_encoder = msgspec.json.Encoder()
_known = msgspec.json.Decoder(_Known)
_mixed = msgspec.json.Decoder(_Mixed)


class Batch(Struct, frozen=True, eq=False, dict=True):
    """Consecutive records of one feed under one signature. Made by `sign_batch` and `parse_batch` only.

    `sig` and `body` are the bytes on the wire, `digest` is the SHA-256 of `body`; the other fields are what `body` says. `at`
    is the author's wall clock in milliseconds, `lc` the hybrid time of the first record in microseconds, record `first + i`
    having `lc + i`.
    """

    sig: bytes
    body: bytes
    digest: bytes
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

    def position(self, index: int) -> Position:
        """Return the position of the record at `index`."""
        return Position(self.lc + index, self.feed, self.first + index)

    @cached_property
    def said(self) -> Sequence[Say]:
        """The messages among the records."""
        return [record for record in self.records if type(record) is Say]

    @cached_property
    def others(self) -> Sequence[tuple[int, Other]]:
        """The records that are not messages, each with its index. Usually there are none."""
        if len(self.said) == len(self.records):
            return ()
        return [(index, record) for index, record in enumerate(self.records) if not isinstance(record, Say)]

    @cached_property
    def amending(self) -> Sequence[tuple[int, Amending]]:
        """The records that change what other messages are, each with its index. Usually there are none."""
        return [(index, record) for index, record in self.others if isinstance(record, AMENDING)]

    @property
    def messages(self) -> int:
        """How many messages there are, private ones included."""
        return len(self.said) + sum(isinstance(record, Private) for _, record in self.others)

    @cached_property
    def parted(self) -> bool:
        """Whether a message here is told by itself: one that answers another, or asks."""
        return bool([None for record in self.said if record.re is not None or record.poll])

    @cached_property
    def rooms(self) -> Sequence[str]:
        """The rooms of its messages."""
        return list(dict.fromkeys([record.room for record in self.said]))

    @property
    def notable(self) -> bool:
        """Whether the batch must be known at the next start, however old it is: it shows that a room exists, or tells what a
        room is about."""
        return any(room != DEFAULT_ROOM for room in self.rooms) or any(record.notable for _, record in self.others)

    @property
    def size(self) -> int:
        """Bytes that count against limits."""
        return len(self.body) + len(self.sig)

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of signature and digest. The next batch names it as `prev`."""
        return sha256(self.sig + self.digest).digest()

    @cached_property
    def line(self) -> bytes:
        """The frame that carries this batch, encoded once for however many links."""
        return encode(BatchFrame(self.sig, Raw(self.body)))

    def signed(self) -> SignedBody:
        """This batch as half of a `fork`."""
        return SignedBody(self.sig, Raw(self.body))

    def contradicts(self, other: Batch) -> bool:
        """Whether no honest author signs both. They are of one feed and have a record number in common. Or one follows the other,
        but names another batch before it, or has a hybrid time that is too low."""
        if self.feed != other.feed or self.hash == other.hash:
            return False
        earlier, later = (self, other) if self.first <= other.first else (other, self)
        between = later.first - earlier.last
        chained = between != 1 or later.prev == earlier.hash
        return between < 1 or not chained or later.lc - earlier.last_lc < between


def check_signature(group: Group, batch: Batch) -> None:
    """Raise `Refusal(FORGED)` unless the batch's author signed it for `group`."""
    if not group.signature_holds(batch.feed.author, batch.sig, batch.digest):
        raise Refusal(FORGED, "a batch is not signed by the author it names, or for another group")


def split(records: list[KnownRecord]) -> Iterator[list[KnownRecord]]:
    """Cut records into runs that each fit one batch."""
    lines = _encoder.encode_lines(records).splitlines(keepends=True)  # what a newline takes here, a comma takes there
    ends = [0, *accumulate(map(len, lines))]
    room = MAX_BODY - 512  # what surrounds the records, a name of 32 wide characters included
    start = 0
    while start < len(records):
        fits = bisect_right(ends, ends[start] + room) - 1
        stop = max(start + 1, min(fits, start + MAX_RECORDS))
        yield records[start:stop]
        start = stop


def sign_batch(
    identity: Identity,
    group: Group,
    epoch: int,
    first: int,
    prev: bytes,
    at: int,
    lc: int,
    name: str,
    records: list[KnownRecord],
) -> Batch:
    """Sign `records` (one run of `split`, each checked) as the batch that follows the one whose hash is `prev`."""
    body = _encoder.encode(_Known(identity.id, epoch, first, prev, at, lc, name, records))
    digest = sha256(body).digest()
    feed = FeedId(identity.id, epoch)
    return Batch(group.sign(identity, digest), body, digest, feed, first, prev, at, lc, name, records)


def parse_batch(sig: bytes, body: bytes) -> Batch:
    """Return what `body` says, its form checked and its signature not: that is `Group.verify`.

    Raises `Refusal(PROTOCOL)`, and nothing else, for whatever is not a batch.
    """
    if len(body) > MAX_BODY:
        raise Refusal(PROTOCOL, f"a batch of {len(body)} bytes; at most {MAX_BODY} are allowed")
    try:
        says, records = _decode(body)
        if len(says.prev) not in (0, 32):
            raise Refusal(PROTOCOL, "prev is neither empty nor 32 bytes")
        accept_name(says.name)
        feed = FeedId(says.author, says.epoch)
        digest = sha256(body).digest()
        batch = Batch(sig, body, digest, feed, says.first, says.prev, says.at, says.lc, says.name, records)
        if batch.last > MAX_NUMBER or batch.last_lc > MAX_INT:
            raise Refusal(PROTOCOL, "a record with a number or a time that is too high")
        _check_records(batch)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Refusal(PROTOCOL, f"batch: {error}") from None
    except BadText as error:
        raise Refusal(PROTOCOL, f"batch: {error.code}") from None
    return batch


_ROUND = bytes.maketrans(b"[{]}", b"(())")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))


def _too_nested(body: bytes) -> bool:
    """Whether more than `MAX_NESTING` objects and lists lie within each other in a body that is JSON."""
    outside_texts = body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    brackets = b"".join(outside_texts).translate(_ROUND, _NO_BRACKETS)
    for _ in range(MAX_NESTING):
        if not brackets:
            break
        brackets = brackets.replace(b"()", b"")  # the innermost of each place
    return bool(brackets)


class _Names(Struct):
    author: Id
    epoch: Whole


_names = msgspec.json.Decoder(_Names)


def feed_named(body: bytes) -> FeedId | None:
    """Return the feed that a body says it is of, whatever else is wrong with the body; None if it names none."""
    try:
        names = _names.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return FeedId(names.author, names.epoch)


def _decode(body: bytes) -> tuple[_Body, Sequence[Record]]:
    """Decode a body: at once if all that is in it is known, as in almost every one, else record by record."""
    try:
        known = _known.decode(body)
        return known, known.records
    except msgspec.ValidationError:
        mixed = _mixed.decode(body)
        if _too_nested(body):
            raise Refusal(PROTOCOL, f"objects and lists nested more than {MAX_NESTING} deep") from None
        return mixed, [decode_record(raw) for raw in mixed.records]


def _check_records(batch: Batch) -> None:
    """Raise `BadText` if one of the records is not valid. Short messages are checked all at once, others one by one."""
    lengths = [len(record.text) for record in batch.said]
    short = len(lengths) == len(batch.records) and all(lengths) and max(lengths) <= MAX_TEXT // 4
    if short and not may_hide_control(batch.body):
        for room in batch.rooms:
            accept_room(room)
    else:
        for record in batch.records:
            record.check()
