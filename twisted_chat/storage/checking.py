"""Checks whether the rows of a feed still are what was stored. Done once a row could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import msgspec

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch
from twisted_chat.core.wire.frames import Id, Whole

Row = tuple[int, int, int, int, bytes, bytes]
"""A row of batches: id, first, last, checksum, sig, body."""


class _Says(msgspec.Struct):
    """The part of a batch's body that tells where it belongs."""

    author: Id
    epoch: Whole
    first: Whole
    records: list[msgspec.Raw]


_says = msgspec.json.Decoder(_Says)


def checksum(sig: bytes, body: bytes) -> int:
    """Return the checksum that is stored beside a batch, to see later that it has not changed."""
    return crc32(body, crc32(sig))


Ends = Sequence[tuple[Batch, Batch]]
"""The first and the last batch of each run without a gap, the lowest run first."""


def examine(feed: FeedId, rows: Iterable[Row], thorough: bool = False) -> tuple[Ends, Sequence[int]]:
    """Look at rows of a feed, sorted by their first record. Return the runs of good rows, and the ids of the others.

    Unless it is `thorough`, a batch is opened only where a run begins or ends: opening takes ten times as long as seeing that
    it has not changed. A batch there that is unchanged and yet can't be opened raises `Refusal`; if it is thorough, such a row
    counts as bad.
    """
    ends: list[list[Row]] = []
    bad: list[int] = []
    reached = 0
    for row in rows:
        id, first, last, kept, sig, body = row
        sound = first > reached and checksum(sig, body) == kept and _belongs(feed, first, last, body)
        if not (sound and (not thorough or _opens(row))):
            bad.append(id)
        elif ends and first == reached + 1:
            ends[-1][1] = row
            reached = last
        else:
            ends.append([row, row])
            reached = last
    return [(_opened(first), _opened(last)) for first, last in ends], bad


def _belongs(feed: FeedId, first: int, last: int, body: bytes) -> bool:
    try:
        says = _says.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    return (says.author, says.epoch, says.first, says.first + len(says.records) - 1) == (*feed, first, last)


def _opens(row: Row) -> bool:
    try:
        _opened(row)
    except Refusal:
        return False
    return True


def _opened(row: Row) -> Batch:
    return parse_batch(row[4], row[5])
