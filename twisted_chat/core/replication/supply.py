"""Over which link each feed comes, as it was asked for or as its author pushes it."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.behind import MAX_ASKED
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour
from twisted_chat.core.wire.frames import Stop, Want


class Source:
    """The one neighbour from which a feed comes. `progress` is when something new of it came last, or was asked for."""

    __slots__ = ("neighbour", "progress")

    def __init__(self, neighbour: Neighbour, now: float) -> None:
        self.neighbour = neighbour
        self.progress = now


class Supply(dict[FeedId, Source]):
    """The sources, by feed. When the inventory drops a feed, its source and its jump are forgotten."""

    def __init__(self, inventory: Inventory, clock: IReactorTime) -> None:
        super().__init__()
        self._inventory = inventory
        self._clock = clock
        self._jumps: dict[FeedId, int] = {}
        """The record that each feed may go on with, though those before it are missing."""
        inventory.on_removal(self._removed)

    def neighbour(self, feed: FeedId) -> Neighbour | None:
        """Return the source of a feed."""
        source = self.get(feed)
        return source.neighbour if source is not None else None

    def ask(self, feed: FeedId, neighbour: Neighbour, start: int) -> bool:
        """Want a feed from record `start` on, and make the neighbour its source; return False if that can't be now."""
        if len(neighbour.asked) >= MAX_ASKED:
            return False
        self._inventory.hold(feed)
        self[feed] = Source(neighbour, self._clock.seconds())
        neighbour.asked.add(feed)
        neighbour.wire.send(Want(feed, start))
        return True

    def adopt(self, feed: FeedId, neighbour: Neighbour) -> None:
        """The author of a feed pushes it, and is its source from now on."""
        source = self.get(feed)
        if source is not None and source.neighbour.wire.member == feed.author:
            source.neighbour.asked.discard(feed)  # the pair has two links for now: stop neither
        else:
            self.leave(feed)
        self[feed] = Source(neighbour, self._clock.seconds())

    def leave(self, feed: FeedId, reason: str = "") -> None:
        """Tell the source of a feed, if there is one, to send no more of it."""
        source = self.get(feed)
        if source is not None:
            source.neighbour.wire.send(Stop(feed, reason))
            self.drop(feed)

    def drop(self, feed: FeedId) -> None:
        """A feed comes from its source no more. If nothing of it ever came, it takes no more room."""
        source = self.pop(feed)
        source.neighbour.asked.discard(feed)
        self._inventory.release(self._inventory[feed])

    def lost(self, neighbour: Neighbour) -> None:
        """A neighbour is gone: its feeds have no source."""
        for feed in [feed for feed, source in self.items() if source.neighbour is neighbour]:
            self.drop(feed)

    def awaited(self, feed: FeedId) -> bool:
        """Whether a feed was asked for, and has not come to its end."""
        source = self.get(feed)
        return source is not None and feed in source.neighbour.asked

    def jump(self, feed: FeedId, number: int) -> None:
        """A feed may go on with this record, until something of it comes."""
        self._jumps[feed] = number

    def jumps_to(self, batch: Batch) -> bool:
        """Whether a feed may go on with this batch, though what is before it is missing."""
        return self._jumps.get(batch.feed) == batch.first

    def goes_on(self, feed: FeedId) -> None:
        """A feed has gone on, or was cut: it may not jump any more."""
        self._jumps.pop(feed, None)

    def _removed(self, feed: FeedId) -> None:
        self.pop(feed, None)
        self._jumps.pop(feed, None)
