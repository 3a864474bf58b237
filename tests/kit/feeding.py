"""Authors that fill stores in tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from twisted_chat.core.feeds.batches import Batch, FeedId, sign_batch
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.records import KnownRecord, Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity

GROUP = Group()
START = 1_700_000_000_000_000


class Author:
    """PrivateBox batches of one feed; the record numbered n has the hybrid time `START + 1000 * n + late`."""

    def __init__(self, number: int = 1, epoch: int = 7, late: int = 0, group: Group = GROUP) -> None:
        self.identity = _identity(number)
        self.feed = FeedId(self.identity.id, epoch)
        self.late = late
        self.group = group

    def batch(self, first: int, count: int = 1, text: str = "oi {}", prev: bytes = b"p" * 32) -> Batch:
        """Sign the records `first` to `first + count - 1`, each saying `text` with its number."""
        return self.saying(first, [Say(text.format(first + i)) for i in range(count)], prev)

    def saying(self, first: int, records: Sequence[KnownRecord], prev: bytes = b"p" * 32) -> Batch:
        """Sign any records, the first of which is numbered `first`."""
        lc = START + 1000 * first + self.late
        return sign_batch(self.identity, self.group, self.feed.epoch, first, prev, lc // 1000, lc, "Ana", list(records))

    def batches(self, *ranges: tuple[int, int]) -> list[Batch]:
        """Sign one batch for each `(first, last)`, naming the one before."""
        made: list[Batch] = []
        for first, last in ranges:
            made.append(self.batch(first, last - first + 1, prev=made[-1].hash if made else b""))
        return made

    def fork(self, place: int) -> Fork:
        """Prove two different batches of one record at `place`."""
        return Fork(self.batch(place, text="one"), self.batch(place, text="other"))


@cache
def _identity(number: int) -> Identity:
    return Identity(bytes([number]) * 32)


def ranges(batches: Iterable[Batch]) -> list[tuple[int, int]]:
    """Return the first and last record of each batch."""
    return [(batch.first, batch.last) for batch in batches]
