"""Neighbours' lists of the records they hold. A long list is taken in bit by bit, so that nobody waits for somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.backlog import Backlog
from twisted_chat.core.replication.forks import Forks
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.listings import Listings
from twisted_chat.core.replication.neighbour import Neighbour
from twisted_chat.core.replication.ownfeed import OwnFeed
from twisted_chat.core.replication.sources import Sources
from twisted_chat.core.wire.frames import Have, Range

LISTED_AT_ONCE = 512
"""Entries of a `have` that are taken in at a stretch: a line may have 8,000, and everybody may send one at the same time."""


class Lists:
    """Takes in `have`: what a neighbour holds, what was missed, what is in doubt, and what is to be wanted."""

    def __init__(
        self,
        own: OwnFeed,
        inventory: Inventory,
        sources: Sources,
        forks: Forks,
        clock: IReactorTime,
        listed: Callable[[Have], None],
        set_back: Callable[[], None],
    ) -> None:
        """`listed` is called with each line that has been taken in to its end; `set_back` if a neighbour holds more of the own
        feed than was said there, as far as is known here."""
        self._own = own
        self._inventory = inventory
        self._sources = sources
        self._forks = forks
        self._clock = clock
        self._listed = listed
        self._set_back = set_back
        self._backlog = Backlog()
        self._listings = Listings()
        self._long: dict[Neighbour, None] = {}
        """Neighbours whose long lines are being taken in; whose turn is next comes first."""
        self._going: IDelayedCall | None = None

    def receive(self, neighbour: Neighbour, frame: Have) -> None:
        """Take in a line: now if it is short, or else bit by bit, the link being held meanwhile."""
        if sum(map(len, frame.feeds.values())) <= LISTED_AT_ONCE:
            for author, ranges in frame.feeds.items():
                self._take(neighbour, author, ranges)
            self._end(neighbour, frame)
        else:
            neighbour.listing = self._parts(neighbour, frame)
            self._long[neighbour] = None
            neighbour.wire.hold(True)
            if self._going is None:
                self._going = self._clock.callLater(0, self._go_on)

    def _parts(self, neighbour: Neighbour, frame: Have) -> Iterator[None]:
        """Take in what a neighbour lists, and stop now and then for others to have their turn."""
        taken = 0
        for author, ranges in frame.feeds.items():
            for start in range(0, len(ranges), LISTED_AT_ONCE):
                if taken >= LISTED_AT_ONCE:
                    taken = 0
                    yield
                part = ranges[start : start + LISTED_AT_ONCE]
                self._take(neighbour, author, part)
                taken += len(part)
        self._end(neighbour, frame)

    def _go_on(self) -> None:
        """Go on with one long list: who lists much makes nobody wait for more than a small part of one."""
        self._going = None
        neighbour = next(iter(self._long), None)
        if neighbour is not None:
            del self._long[neighbour]
            if neighbour.listing is not None and next(neighbour.listing, self) is self:
                self.finish(neighbour)
            else:
                self._long[neighbour] = None
        if self._long:
            self._going = self._clock.callLater(0, self._go_on)

    def finish(self, neighbour: Neighbour) -> None:
        """Take in now what is left of the long line that a neighbour has sent, if there is any."""
        listing, neighbour.listing = neighbour.listing, None
        self._long.pop(neighbour, None)
        for _ in listing or ():
            pass
        neighbour.wire.hold(False)

    def _take(self, neighbour: Neighbour, author: bytes, ranges: Sequence[Range]) -> None:
        news: list[FeedId] = []
        have = neighbour.have
        for told in ranges:
            feed = FeedId(author, told.epoch)
            holding = self._inventory.get(feed)
            held = (min(told.low, told.high + 1), told.high)
            if have.get(feed) != held and (holding is not None or feed in have or self._remembers(neighbour, told)):
                have[feed] = held
                news.append(feed)
            if not neighbour.synced and told.high > (self._inventory.ended(feed) if holding is None else holding.high):
                self._backlog.listed(feed, told.high)
            if feed == self._own.feed and self._own.resumed and told.high > self._own.holding.high:
                self._set_back()  # this machine was set back with all its memory: that number was used
            if holding is not None and holding.contradicted_by(told):
                self._forks.suspect(neighbour, holding, told.tip)
        self._sources.offered(neighbour, news)

    def _remembers(self, neighbour: Neighbour, told: Range) -> bool:
        """Whether it is remembered that a neighbour holds a feed of which nothing is held here; if so, it is counted."""
        if not told.high or not self._listings.takes(neighbour):
            return False
        self._listings.took(neighbour)
        return True

    def _end(self, neighbour: Neighbour, frame: Have) -> None:
        if frame.end and not neighbour.synced:
            neighbour.synced = True
            known = neighbour.have.get(self._own.feed, (1, 0))[1]
            neighbour.follow(self._own.feed, known + 1, self._own.holding.high)
        self._listed(frame)

    # What comes of it.

    def came(self, feed: FeedId, neighbours: Iterable[Neighbour]) -> None:
        """Something of a feed has come of which nothing was held."""
        self._listings.came(feed, neighbours)

    def missed(self, batch: Batch) -> bool:
        """Whether a batch that has come was said while this peer was not there."""
        return self._backlog.holds(batch)

    def caught_up(self) -> None:
        """All that was listed has come."""
        self._backlog.clear()

    def lost(self, neighbour: Neighbour) -> None:
        """A neighbour is gone."""
        self._long.pop(neighbour, None)
        self._listings.lost(neighbour)

    def stop(self) -> None:
        """Take in nothing any more."""
        if self._going is not None:
            self._going.cancel()
            self._going = None
