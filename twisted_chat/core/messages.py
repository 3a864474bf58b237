"""Messages as they are told to whoever watches, and what has become of one's own.

Names are as the roster shows them, texts as their authors wrote them; `text.clean` is applied where they are shown.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence, Set

from msgspec import Struct
from msgspec.structs import replace

from twisted_chat.core.errors import UnknownPlace
from twisted_chat.core.feeds.batches import FeedId, Position
from twisted_chat.core.feeds.ids import MessageId, Place
from twisted_chat.core.feeds.records import Say

_CURSOR = re.compile(r"(\d{1,18})\.([A-Za-z0-9+/]{43}=)\.(\d{1,18})\.(\d{1,18})", re.ASCII)


class Quote(Struct, frozen=True):
    """A message that another answers: its author's name, and what it reads. Without a name it is not known here; without a text
    it was taken back. `own` is as in `Messages`."""

    name: str = ""
    text: str = ""
    own: bool = False


class Tally(Struct, frozen=True):
    """The members who have one reaction to a message: their `names`, and who they are."""

    text: str
    names: Sequence[str]
    members: Sequence[bytes] = ()


class Messages(Struct, frozen=True):
    """Messages of one author that follow each other in a feed, with nothing else between them.

    `name` is how the author is to be shown; `own` if it is this peer (in this life or an earlier one); `at` the author's wall
    clock in milliseconds; `first` and `lc` the number and hybrid time of the first record, the record at index i having
    `first + i` and `lc + i`. `missed` if they were said while this peer was not there: `WhileAway` sums them up. `late` if
    messages that come after them were shown seconds ago. `private` is the recipient's name if nobody else can read them.

    The rest is said of one message alone. If it answers another, that is its `quote`. If it is `edited` or `retracted`, its
    record reads as it does now, and `original` is what was said. `tally` has the reactions; a poll may be `closed`.
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
    quote: Quote | None = None
    original: str = ""
    edited: bool = False
    retracted: bool = False
    closed: bool = False
    tally: Sequence[Tally] = ()

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

    @property
    def cursor(self) -> str:
        """The position as text: see `position`."""
        return f"{self.lc}.{base64.b64encode(self.feed.author).decode()}.{self.feed.epoch}.{self.first}"

    def each(self) -> Iterator[Messages]:
        """Return them one by one."""
        for index, record in enumerate(self.records):
            yield replace(self, first=self.first + index, lc=self.lc + index, records=[record])


def position(cursor: str) -> Position:
    """Return the position of the message whose `cursor` this is. Raises `UnknownPlace`."""
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise UnknownPlace(cursor)
    return Position(int(match[1]), FeedId(base64.b64decode(match[2]), int(match[3])), int(match[4]))


class Past(Struct, frozen=True):
    """Messages of former times, one each, in order. Not for the log, which has them. See also `answers`."""

    messages: Sequence[Messages]


class Earlier(Past, frozen=True):
    """The newest that were held when this peer started, or that were said in a room before one came to it."""


class WhileAway(Past, frozen=True):
    """All that was missed has arrived: `count` messages, of which these are the newest."""

    count: int


class Arrived(Struct, frozen=True):
    """Messages in the order in which they came to be kept here, each with the place behind it. `place` is behind all that was
    looked at; `more` if something follows already."""

    messages: Sequence[tuple[Place, Messages]]
    place: Place
    more: bool


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
