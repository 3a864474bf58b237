"""Holes in a feed, records that were jumped over, are wanted from one neighbour at a time, beside what follows them."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.behind import TURN
from twisted_chat.core.replication.holding import Holding
from twisted_chat.core.replication.neighbour import Neighbour, Wire
from twisted_chat.core.replication.ranking import PATIENCE, best, stalled
from twisted_chat.core.replication.supply import Supply
from twisted_chat.core.wire.frames import Stop, Want


class Filler:
    """The one neighbour that fills the holes of a feed: when it was `asked`, and when something new came of that last."""

    __slots__ = ("asked", "neighbour", "progress")

    def __init__(self, neighbour: Neighbour, now: float) -> None:
        self.neighbour = neighbour
        self.asked = now
        self.progress = now


class Filling(dict[FeedId, Filler]):
    """Chooses, and chooses again, who fills the holes of a feed; the fillers by feed."""

    def __init__(self, neighbours: Mapping[Wire, Neighbour], supply: Supply, clock: IReactorTime) -> None:
        super().__init__()
        self._neighbours = neighbours
        self._supply = supply
        self._clock = clock

    def neighbour(self, feed: FeedId) -> Neighbour | None:
        """Return who fills the holes of a feed."""
        filler = self.get(feed)
        return filler.neighbour if filler is not None else None

    def fill(self, holding: Holding) -> list[Neighbour]:
        """Want a hole, the highest that is offered, from one of those who offer its beginning; return these."""
        feed, now = holding.feed, self._clock.seconds()
        for hole in holding.holes:
            fillers = [neighbour for neighbour in self._neighbours.values() if neighbour.offers(feed, hole.first)]
            if fillers:
                break
        else:
            return []
        filler = self.get(feed)
        others = [
            neighbour for neighbour in fillers if neighbour.wire.writable and neighbour is not self.neighbour(feed)
        ]
        if filler is not None and filler.neighbour in fillers:
            failing = stalled(filler.neighbour, filler.progress, now)
            if not (failing or (others and now - filler.asked >= TURN)):
                return fillers
            if failing:
                filler.neighbour.failed_at(feed, now)
            else:
                self._stop(holding, filler.neighbour)
        if others:
            chosen = best(feed, others)
            self[feed] = Filler(chosen, now)
            chosen.wire.send(Want(feed, hole.first))
        elif filler is not None and now - filler.progress > PATIENCE:
            del self[feed]  # it may be asked again
        return fillers

    def filled(self, holding: Holding, batch: Batch, now: float) -> None:
        """A batch of a hole has come, and so has all before it there. Once the hole is full, another is wanted, or the filler is
        told to stop."""
        feed = holding.feed
        filler = self.get(feed)
        if filler is None:
            return
        filler.progress = now
        starts = [hole.first for hole in holding.holes]
        if batch.last + 1 not in starts:
            more = next((start for start in starts if filler.neighbour.offers(feed, start)), None)
            if more is not None:
                filler.neighbour.wire.send(Want(feed, more))
                return
            del self[feed]
            self._stop(holding, filler.neighbour)

    def lost(self, neighbour: Neighbour) -> None:
        """A neighbour is gone, and fills nothing."""
        for feed in [feed for feed, filler in self.items() if filler.neighbour is neighbour]:
            del self[feed]

    def _stop(self, holding: Holding, filler: Neighbour) -> None:
        """Tell a neighbour to send no more of what fills a hole; if it is the source, to go on with what comes next."""
        feed = holding.feed
        source = self._supply.neighbour(feed)
        filler.wire.send(Want(feed, holding.high + 1) if filler is source else Stop(feed))
