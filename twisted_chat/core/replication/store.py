"""The interface of a keeper of batches; `twisted_chat.storage` has the keepers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct, field
from twisted.internet.defer import Deferred

from twisted_chat.core.feeds.amendments import Amended
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Private, Record, Say
from twisted_chat.core.replication.holes import Holes, Runs
from twisted_chat.core.writing.skeleton import same_room

PAGE_BYTES = 64 * 1024
"""Bytes that `read` returns at most, one batch at least: as many as a transport buffers before it asks for a pause."""
NOTABLE_BYTES = 4 * 1024 * 1024
"""Bytes that `notable` returns at most."""


class Held(Struct):
    """The part of a feed that a store holds: the records `[low, high]`, without a gap, being the newest such run.

    `tip`, `tip_first` and `tip_lc` are the hash, the first record and the last hybrid time of the newest batch. `holes` are the
    ranges below `low` that were jumped over because nobody offered them, and may yet be filled.
    If all records were given up, `low` is `high + 1` and the rest still says where the feed goes on.
    """

    feed: FeedId
    low: int
    high: int
    tip: bytes
    tip_first: int
    tip_lc: int
    holes: Holes = ()


class Known(Struct, frozen=True):
    """A member as it is kept, besides its records. `name` is the last that it called itself, `names` are those that are its
    own, oldest first; `verified` and `ignored` are what the person here thinks of it."""

    id: bytes
    name: str
    names: tuple[str, ...] = ()
    verified: bool = False
    ignored: bool = False

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to be kept."""
        return not (self.names or self.verified or self.ignored)


class Loaded(Struct):
    """The contents of a store when it is opened."""

    held: list[Held] = field(default_factory=list)
    forks: list[Fork] = field(default_factory=list)
    members: list[Known] = field(default_factory=list)
    """In the order in which they became known."""
    lost: Mapping[FeedId, Runs] = field(default_factory=dict)
    """The records that were kept, and are not there any more."""


OpenPrivate = Callable[[bytes, Private], str | None]
"""Returns the text of a private message by an author, None if it is not for this peer. Called in any thread."""


class Hit(Struct, frozen=True):
    """A record that was looked for: the one numbered `number` in `batch`."""

    batch: Batch
    number: int

    @property
    def position(self) -> Position:
        """Where it stands."""
        return self.batch.position(self.number - self.batch.first)


class Which(Struct, frozen=True):
    """The messages that a page has: those that `reader` can read, being public, or private and to or by it.

    With `room` only those said there; with `member` only those by that member, and private ones by `reader` to it; with
    `private` only private ones. None by a member in `without`. Those that are searched for read as they do by all that was said
    up to the hybrid time `reach`.
    """

    reader: bytes
    room: str | None = None
    member: bytes | None = None
    private: bool = False
    without: frozenset[bytes] = frozenset()
    reach: int = 2**62

    def of(self, batch: Batch) -> list[int]:
        """Return the indexes of those records of a batch that belong to it."""
        author = batch.feed.author
        if author in self.without or (self.member is not None and author not in (self.member, self.reader)):
            return []
        return [index for index, record in enumerate(batch.records) if self._has(author, record)]

    def _has(self, author: bytes, record: Record) -> bool:
        if isinstance(record, Say):
            return (
                not self.private
                and (self.room is None or same_room(self.room, record.room))
                and self.member in (None, author)
            )
        if not isinstance(record, Private) or self.room is not None or self.reader not in (author, record.to):
            return False
        return self.member in (None, author, record.to)


class Arrivals(NamedTuple):
    """What was kept after some batch of one `copy` of the conversation, in the order in which it was kept; each with its serial
    number, which no other ever has in this copy. `newest` is the last that was given, `more` whether others follow."""

    copy: str
    newest: int
    batches: Sequence[tuple[int, Batch]]
    more: bool


class Store(Protocol):
    """Keeps batches. Calls take effect in the order they are made; a `read` sees every `append` made before it.

    No call blocks, and none fails because the medium does: what can't be kept now waits in memory and is tried again every
    second, `trouble` being called with the operating system's words when that begins and with None when all is kept.
    """

    durable: bool
    """Whether what is kept outlives the process."""
    trouble: Callable[[str | None], None]
    """Set by the owner before `load`."""
    damaged: Callable[[FeedId], None]
    """Set by the owner before `load`. Called when something of a feed that is held could not be read for not being what was
    kept: until `check` has been asked for this feed it is not called again."""

    def load(self) -> Deferred[Loaded]:
        """Return what is held. Called once, first."""
        ...

    def append(self, batch: Batch) -> Deferred[dict[FeedId, int]]:
        """Keep a batch that was verified and continues what is held of its feed, or starts it, or jumps ahead in it.

        Fires once it is as safe as this store makes it, in the order of the calls. A batch that starts where one of its feed's
        `holes` starts, and ends within it, fills it; jumping ahead leaves one more, of which there are at most `MAX_HOLES`. A
        batch that does none of these is held already: it is not kept again.

        The result maps each feed of which old records had to be given up to its new `low`; their holes are forgotten. When
        this batch closes the highest hole, `low` falls to where the run below it starts, which is not reported.
        """
        ...

    def read(self, feed: FeedId, first: int, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """Return consecutive batches, from the one that holds record `first` on, of at most `limit` bytes in all, one at least.

        Starts at the next record stored, if `first` isn't; empty if nothing at or above `first` is. Stops at a hole; what
        lies below one can be read too.
        """
        ...

    def check(self, feed: FeedId) -> Deferred[Held | None]:
        """Look at all that is kept of a feed; drop what is not as it was. Return what is left: the rest is in its holes, or above
        it, and None if nothing is left."""
        ...

    def freeze(self, fork: Fork) -> Deferred[Held | None]:
        """Keep the proof, drop the feed's records from the fork's place on; return what is left, None if nothing.

        Of several forks of a feed the one with the lowest place is kept.
        """
        ...

    def know(self, members: Sequence[Known]) -> Deferred[None]:
        """Keep this of each of `members` instead of what was kept of it; of one with `nothing`, no more is kept."""
        ...

    def trim(self, before_ms: int) -> Deferred[dict[FeedId, int]]:
        """Give up what was received before `before_ms` (wall clock, milliseconds since 1970), oldest batches of each feed first.

        A batch received earlier than one below it stays with it. The result maps each feed whose `low` rose to its new `low`;
        their holes are forgotten.
        """
        ...

    def forget(self, feeds: Sequence[FeedId]) -> Deferred[None]:
        """Forget those of `feeds` of which all records were given up: where they end is no longer known."""
        ...

    def page(self, which: Which, limit: int, before: Position | None = None) -> Deferred[Sequence[Hit]]:
        """Return the newest `limit` messages that `which` tells of and that stand before `before`, in order."""
        ...

    def notable(self, limit: int, author: bytes | None = None) -> Deferred[Sequence[Batch]]:
        """Return the newest `limit` batches that are `notable`, by `author` if it is given, fewer if these are over 4 MiB, by
        (lc, feed, first)."""
        ...

    def search(self, words: str, which: Which, limit: int, open_private: OpenPrivate) -> Deferred[Sequence[Hit]]:
        """Return the newest `limit` messages that `which` tells of in which each of `words` begins a word, in order.

        A message is found by what it reads now, not by what was corrected or taken back. Case, accents and punctuation don't
        matter. Without a letter or digit in `words` nothing is found. `open_private` reads
        private messages.
        """
        ...

    def find(self, ids: Sequence[MessageId]) -> Deferred[Sequence[Hit]]:
        """Return those of the records with these ids that are public messages and are held, in the order of `ids`."""
        ...

    def amended(self, messages: Sequence[Position], reach: int) -> Deferred[Mapping[Position, Amended]]:
        """Return what has become of the messages at these places, up to the hybrid time `reach`; none of those that are as they
        were said."""
        ...

    def arrived(self, serial: int, limit: int = PAGE_BYTES) -> Deferred[Arrivals]:
        """Return the batches that were kept from the one numbered `serial` on, of at most `limit` bytes in all, one at least;
        none if `limit` is 0. Fires only once all of them are as safe as this store makes them; fails if that can't be now."""
        ...

    def everything(self, after: Batch | None = None, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """Return the batches that follow `after` (None: from the start) in order of (feed, first), for an export page by page.

        At most `limit` bytes, one batch at least, one feed in a page; empty when there are no more.
        """
        ...

    def sizes(self) -> Deferred[Mapping[bytes, int]]:
        """Return how many bytes of batches, their signatures included, are stored of each author."""
        ...

    def close(self) -> Deferred[None]:
        """Finish what was asked for and let go of the medium. No call may follow."""
        ...
