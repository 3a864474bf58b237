"""Everything this peer holds, by feed and by author, and how that is told to others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import islice

from msgspec.json import encode

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.group import MAX_AUTHORS
from twisted_chat.core.replication.holding import TIP_BYTES, Holding
from twisted_chat.core.replication.store import Held
from twisted_chat.core.wire.frames import MAX_INT, MAX_LINE, MAX_NUMBER, Have, Range

MAX_STRANGERS = 600
"""Authors from which on there is room for those only who are linked or known."""
MAX_UNKNOWN = 780
"""Authors from which on there is room for those only who are known: whoever has a hundred keys can be linked with all of them."""
MAX_FEEDS = 10_000
"""Feeds an author may have: so many starts of its process."""
MAX_HELD = 50_000
"""Feeds in a group."""
SHARE = MAX_HELD // 2 // MAX_AUTHORS
"""Feeds for which every author has room, whatever others have."""
POOL = MAX_HELD - SHARE * MAX_AUTHORS
"""Feeds in a group beyond the shares of authors. Of these each may have as many as it leaves to others."""
KEPT = POOL // 5
"""Of these, how many are left for authors that are known."""
MAX_RETIRED = 50_000
"""Feeds that were given up and superseded, of which it is remembered where they ended."""
MAX_DIGESTS = 880
"""Authors in a `digest`: as many as fit a line. More there are if one's own group once had more."""

_AUTHOR_BYTES = len(encode({bytes(32): []})) + 1
_RANGE_BYTES = len(encode(Range(MAX_INT, MAX_NUMBER + 1, MAX_NUMBER, bytes(TIP_BYTES)))) + 1
_ROOM = MAX_LINE - len(encode(Have({}, True)))


class Inventory(dict[FeedId, Holding]):
    """The holdings by feed; feeds are added by `hold` and taken out by `release` and `retire` alone.

    Feeds of which nothing has come take no room from those of which something has.
    """

    def __init__(self) -> None:
        super().__init__()
        self._epochs: dict[bytes, set[int]] = {}
        self._settled: dict[bytes, set[int]] = {}
        self._beyond = 0
        """The number of feeds beyond the shares of their authors."""
        self._digests: dict[bytes, bytes] = {}
        self._retired: dict[FeedId, Held] = {}
        self._spent: set[bytes] = set()
        """Authors of whom a feed was given up to its end."""
        self._recalled: dict[FeedId, Held] = {}
        """Feeds that were retired, and of which somebody claims to hold more."""
        self.awaited: Callable[[FeedId], bool] = lambda feed: False
        """Whether more of a feed is coming, as far as known; set by who asks for it."""
        self._on_removal: list[Callable[[FeedId], object]] = []

    def on_removal(self, forget: Callable[[FeedId], object]) -> None:
        """Have `forget` called with each feed that is taken out: whoever keeps something by feed lets go of it then."""
        self._on_removal.append(forget)

    @property
    def authors(self) -> Iterable[bytes]:
        """The ids of all authors."""
        return self._epochs.keys()

    def hold(self, feed: FeedId, own: bool = False) -> Holding:
        """Return the holding of `feed`, an empty one if it is new.

        It takes room once it is settled: at once if it is this peer's `own` matter, the feed it writes or what it has kept from
        before.
        """
        holding = self.get(feed)
        if holding is None:
            self._epochs.setdefault(feed.author, set()).add(feed.epoch)
            holding = self[feed] = self.known(feed)
            if feed in self._retired:
                self._recalled[feed] = self._retired.pop(feed)
            self._digests.pop(feed.author, None)
        if own:
            self.settle(holding)
        return holding

    def settle(self, holding: Holding) -> bool:
        """Something of a feed has come: it stays. Return whether that is new."""
        author, epoch = holding.feed
        self._recalled.pop(holding.feed, None)
        epochs = self._settled.setdefault(author, set())
        if epoch in epochs:
            return False
        epochs.add(epoch)
        self._beyond += len(epochs) > SHARE
        return True

    def has_room(self, feed: FeedId, linked: bool = False, known: bool = False) -> bool:
        """Whether something of `feed` may be taken: something has been, or there are not too many authors and feeds yet.

        Some of the room for authors is kept for those that are `linked`, and of that some for those that are `known`, by what
        nobody can make up. So is some of the room for feeds beyond the share that each author has for itself.
        """
        epochs = self._settled.get(feed.author)
        if epochs is None:
            return len(self._settled) < (MAX_AUTHORS if known else MAX_UNKNOWN if linked else MAX_STRANGERS)
        if feed.epoch in epochs or len(epochs) < SHARE:
            return True
        free = POOL - self._beyond
        return len(epochs) < MAX_FEEDS and (free > 0 if known else len(epochs) - SHARE < free - KEPT)

    def feeds_of(self, author: bytes) -> int:
        """Return how many feeds of an author take room."""
        return len(self._settled.get(author, ()))

    @property
    def taken(self) -> tuple[int, int]:
        """The number of authors that take room, and of feeds beyond the shares of their authors."""
        return len(self._settled), self._beyond

    def release(self, holding: Holding) -> None:
        """Drop a feed of which no batch ever arrived; the offer may have been invented."""
        author, epoch = holding.feed
        recalled = self._recalled.pop(holding.feed, None)
        if recalled is not None:
            self._retired[holding.feed] = recalled
            self._remove(holding.feed)
        elif holding.empty and holding.feed in self and epoch not in self._settled.get(author, ()):
            self._remove(holding.feed)

    def _remove(self, feed: FeedId) -> None:
        del self[feed]
        self._epochs[feed.author].discard(feed.epoch)
        if not self._epochs[feed.author]:
            del self._epochs[feed.author]
        self._digests.pop(feed.author, None)
        for forget in self._on_removal:
            forget(feed)

    # Feeds that were given up.

    def superseded(self, author: bytes) -> bool:
        """Whether one more feed of an author may make it worth while to `retire` others."""
        return author in self._spent

    def retire(self, authors: Iterable[bytes], own: FeedId | None = None) -> list[FeedId]:
        """Let the feeds of these authors that were given up to their end, and are not the newest or `own`, take no more room.

        Returns those of which no more is known at all, since too many are retired."""
        for author in authors:
            spent = [holding for holding in self.of(author) if self._is_spent(holding)]
            self._spent.discard(author)
            if spent:
                self._spent.add(author)
                newest = max(holding.tip_lc for holding in self.of(author))
                for holding in spent:
                    if holding.tip_lc < newest and holding.feed != own:
                        self._retire(holding)
        surplus = len(self._retired) - MAX_RETIRED
        forgotten = list(islice(self._retired, max(0, surplus)))
        for feed in forgotten:
            del self._retired[feed]
        return forgotten

    def _is_spent(self, holding: Holding) -> bool:
        return holding.spent and not (holding.feed in self._recalled or self.awaited(holding.feed))

    def _retire(self, holding: Holding) -> None:
        feed = holding.feed
        epochs = self._settled.get(feed.author, set())
        if feed.epoch in epochs:
            self._beyond -= len(epochs) > SHARE
            epochs.discard(feed.epoch)
        self._retired[feed] = Held(feed, holding.low, holding.high, holding.tip, holding.tip_first, holding.tip_lc)
        self._remove(feed)

    def known(self, feed: FeedId) -> Holding:
        """Return the holding of `feed`; one that is not added, if there is none, and tells what is known of it."""
        holding = self.get(feed)
        if holding is None:
            holding = Holding(feed)
            if feed in self._retired:
                holding.load(self._retired[feed])
        return holding

    def ended(self, feed: FeedId) -> int:
        """Return the last record of a feed that is retired; 0 if it is not."""
        return self._retired[feed].high if feed in self._retired else 0

    def of(self, author: bytes) -> list[Holding]:
        """Return the holdings of one author, by epoch."""
        return [self[FeedId(author, epoch)] for epoch in sorted(self._epochs.get(author, ()))]

    def changed(self, feed: FeedId) -> None:
        """Note that what is durable of `feed`, or its fork, has changed."""
        self._digests.pop(feed.author, None)

    def digest(self, author: bytes) -> bytes:
        """Hash what is held durably of `author`: a line "epoch low high tip place-of-fork" for each feed, by epoch."""
        digest = self._digests.get(author)
        if digest is None:
            hashed = sha256()
            for holding in self.of(author):
                if holding.kept_high or holding.fork:
                    place = holding.fork.place if holding.fork else 0
                    held = f"{holding.feed.epoch} {holding.kept_low} {holding.kept_high} {holding.kept_tip.hex()}"
                    hashed.update(f"{held} {place}\n".encode())
            digest = self._digests[author] = hashed.digest()[:16]
        return digest

    def digests(self) -> dict[bytes, bytes]:
        """Return the digests of as many authors as fit a line."""
        return {author: self.digest(author) for author in islice(self._settled, MAX_DIGESTS)}

    def lines(self, feeds: Iterable[FeedId], end: bool = False) -> Iterator[Have]:
        """Return what is held durably of `feeds` as `have` frames that each fit a line, none if there is nothing to say.

        `end` marks the last."""
        part: dict[bytes, list[Range]] = {}
        room = _ROOM
        for feed in feeds:
            room -= _RANGE_BYTES + (0 if feed.author in part else _AUTHOR_BYTES)
            if room < 0:
                yield Have(part)
                part = {}
                room = _ROOM - _RANGE_BYTES - _AUTHOR_BYTES
            part.setdefault(feed.author, []).append(self.known(feed).range())
        if part or end:
            yield Have(part, end)
