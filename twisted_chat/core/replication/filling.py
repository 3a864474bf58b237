"""Holes in a feed, records that were jumped over, are wanted from one neighbour at a time, beside what follows them."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.replication.behind import TURN
from twisted_chat.core.replication.holding import Holding
from twisted_chat.core.replication.neighbour import Neighbour, Wire
from twisted_chat.core.replication.ranking import PATIENCE, best, stalled
from twisted_chat.core.wire.frames import Stop, Want


class Filling:
    """Chooses, and chooses again, who fills the holes of a feed."""

    def __init__(self, neighbours: Mapping[Wire, Neighbour], clock: IReactorTime) -> None:
        self._neighbours = neighbours
        self._clock = clock

    def fill(self, holding: Holding) -> list[Neighbour]:
        """Want a hole, the highest that is offered, from one of those who offer its beginning; return these."""
        feed, filler, now = holding.feed, holding.filler, self._clock.seconds()
        for hole in holding.holes:
            fillers = [neighbour for neighbour in self._neighbours.values() if neighbour.offers(feed, hole.first)]
            if fillers:
                break
        else:
            return []
        others = [neighbour for neighbour in fillers if neighbour.wire.writable and neighbour is not filler]
        if filler in fillers and filler is not None:
            failing = stalled(filler, holding.fill_progress, now)
            if not (failing or (others and now - holding.fill_asked >= TURN)):
                return fillers
            if failing:
                filler.failed_at(feed, now)
            else:
                _stop(holding, filler)
        if others:
            holding.filler = best(feed, others)
            holding.fill_progress = holding.fill_asked = now
            holding.filler.wire.send(Want(feed, hole.first))
        elif filler is not None and now - holding.fill_progress > PATIENCE:
            holding.filler = None  # it may be asked again
        return fillers

    def go_on(self, holding: Holding, number: int) -> None:
        """All before record `number` of a hole has come: go on with another hole once it is full, or end this."""
        filler, feed = holding.filler, holding.feed
        assert filler is not None
        starts = [hole.first for hole in holding.holes]
        if number not in starts:
            more = next((start for start in starts if filler.offers(feed, start)), None)
            if more is not None:
                filler.wire.send(Want(feed, more))
                return
            holding.filler = None
            _stop(holding, filler)


def _stop(holding: Holding, filler: Neighbour) -> None:
    """Tell a neighbour to send no more of what fills a hole; if it is the source, to go on with what comes next."""
    feed = holding.feed
    filler.wire.send(Want(feed, holding.high + 1) if filler is holding.source else Stop(feed))
