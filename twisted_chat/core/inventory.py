"""Everything this peer holds, by feed and by author, and how that is told to others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds import FeedId
from twisted_chat.core.frames import Have, Range
from twisted_chat.core.holding import Holding

MAX_AUTHORS = 800
"""Authors in a group: as many as fit one `digest`."""
MAX_FEEDS = 10_000
"""Feeds an author may have: so many starts of its process."""
MAX_HELD = 50_000
"""Feeds in a group: as many as a link may list."""
RANGES_A_LINE = 600
"""Entries in one `have` line, so that it stays below the longest line allowed."""


class Inventory(dict[FeedId, Holding]):
    """The holdings by feed; feeds are added by `hold` and taken out by `release` alone."""

    def __init__(self) -> None:
        super().__init__()
        self._epochs: dict[bytes, set[int]] = {}
        self._digests: dict[bytes, bytes] = {}

    @property
    def authors(self) -> Iterable[bytes]:
        """The ids of all authors."""
        return self._epochs.keys()

    def hold(self, feed: FeedId, own: bool = False) -> Holding:
        """Return the holding of `feed`, an empty one if it is new.

        Raises `Refusal(LIMIT)` if there are too many, unless it is this peer's `own` matter: the feed it writes, or what it has
        kept from before.
        """
        holding = self.get(feed)
        if holding is None:
            if not own:
                self._check_limits(feed.author)
            self._epochs.setdefault(feed.author, set()).add(feed.epoch)
            holding = self[feed] = Holding(feed)
            self._digests.pop(feed.author, None)
        return holding

    def _check_limits(self, author: bytes) -> None:
        epochs = self._epochs.get(author)
        if epochs is None and len(self._epochs) >= MAX_AUTHORS:
            raise Refusal(errors.LIMIT, f"over {MAX_AUTHORS} authors in this group")
        if epochs is not None and len(epochs) >= MAX_FEEDS:
            raise Refusal(errors.LIMIT, f"over {MAX_FEEDS} feeds of one author")
        if len(self) >= MAX_HELD:
            raise Refusal(errors.LIMIT, f"over {MAX_HELD} feeds in this group")

    def release(self, holding: Holding) -> None:
        """Take a feed out again of which nothing has come: who offered it may have made it up."""
        author, epoch = holding.feed
        if holding.high == 0 and holding.fork is None and not holding.cutting and holding.feed in self:
            del self[holding.feed]
            self._epochs[author].discard(epoch)
            if not self._epochs[author]:
                del self._epochs[author]
            self._digests.pop(author, None)

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

    def lines(self, feeds: Iterable[FeedId], end: bool = False) -> Iterator[Have]:
        """Return what is held durably of `feeds` as `have` frames, none if there is nothing to say; `end` marks the last."""
        part: dict[bytes, list[Range]] = {}
        for count, feed in enumerate(feeds):
            if count and count % RANGES_A_LINE == 0:
                yield Have(part)
                part = {}
            part.setdefault(feed.author, []).append(self[feed].range())
        if part or end:
            yield Have(part, end)
