"""Messages as they are told to whoever watches, and what has become of one's own.

Names are as the roster shows them, texts as their authors wrote them; `text.clean` is applied where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from msgspec import Struct
from msgspec.structs import replace

from twisted_chat.core.feeds.batches import FeedId, Position
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Say


class Messages(Struct, frozen=True):
    """Messages of one author that follow each other in a feed, with nothing else between them.

    `name` is how the author is to be shown; `own` if it is this peer (in this life or an earlier one); `at` the author's wall
    clock in milliseconds; `first` and `lc` the number and hybrid time of the first record, the record at index i having
    `first + i` and `lc + i`. `missed` if they were said while this peer was not there: `WhileAway` sums them up. `late` if
    messages that come after them were shown seconds ago. `private` is the recipient's name if nobody else can read them.
    """

    feed: FeedId
    first: int
    lc: int
    name: str
    own: bool
    at: int
    records: Sequence[Say]
    missed: bool = False
    late: bool = False
    private: str = ""

    @property
    def last(self) -> int:
        """The number of the last record."""
        return self.first + len(self.records) - 1

    @property
    def id(self) -> MessageId:
        """The id of the first of them; those that follow have the numbers that follow."""
        return MessageId(self.feed.author, self.feed.epoch, self.first)

    @property
    def position(self) -> Position:
        """Where the first of them stands in the order that is the same for everybody."""
        return Position(self.lc, self.feed, self.first)

    def each(self) -> Iterator[Messages]:
        """Return them one by one."""
        for index, record in enumerate(self.records):
            yield replace(self, first=self.first + index, lc=self.lc + index, records=[record])


class Past(Struct, frozen=True):
    """Messages of former times, one each, in order. Not for the log, which has them. See also `answers`."""

    messages: Sequence[Messages]


class Earlier(Past, frozen=True):
    """The newest that were held when this peer started, or that were said in a room before one came to it."""


class WhileAway(Past, frozen=True):
    """All that was missed has arrived: `count` messages, of which these are the newest."""

    count: int


class Receiving(Struct, frozen=True):
    """Catching up takes a while: so many of so many messages have come. Not for the log."""

    received: int
    total: int


class Receipt(Struct, frozen=True):
    """The delivery of one of this peer's own records.

    `kept` if this peer keeps it, on disk if it is `durable`. Of the members that are linked and have a disk, `holders` have it
    there; `lacking` names the others.
    """

    kept: bool = False
    holders: Set[bytes] = frozenset()
    lacking: Sequence[str] = ()
    durable: bool = True

    @property
    def complete(self) -> bool:
        """Whether it is kept here and at all who are linked, who are some."""
        return self.kept and bool(self.holders) and not self.lacking


class Delivered(Struct, frozen=True):
    """The delivery of this peer's own records: those of `feed`, which it writes now. Not for the log.

    Those up to `kept` are kept here, on disk if this peer is `durable`. `held` has the first and the last record that each
    member holds on disk, of those that are linked and have one; `names` has their names.
    """

    feed: FeedId
    kept: int
    held: Mapping[bytes, tuple[int, int]]
    names: Mapping[bytes, str]
    durable: bool = True

    def receipt(self, number: int) -> Receipt:
        """Return what is known of the record `number`, which need not have been written yet when this was told."""
        holders = {member for member, (low, high) in self.held.items() if low <= number <= high}
        lacking = sorted(name for member, name in self.names.items() if member not in holders)
        return Receipt(number <= self.kept, holders, lacking, self.durable)
