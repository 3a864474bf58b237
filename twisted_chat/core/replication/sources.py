"""From whom this peer wants the feeds it lacks records of.

Each feed has one source: the author's own link if there is one that offers what is missing, else another that does. A source
that lacks what is missing, sends nothing new for `STALL` seconds, or has not sent all within its `TURN`, is left for another.
Where nobody holds the next record but somebody holds later ones, what is missing is jumped over after `HOLE` seconds, and filled
when a holder comes.

What is offered may be made up. So every link has its share of what is looked at, who sent nothing for having been asked is
asked only for what nobody else offers, what was asked for in vain makes way for what was not, and of what is behind only that
counts which is offered by who also sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.errors import LIMIT
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.behind import MAX_ASKED, Behind, Lag
from twisted_chat.core.replication.filling import Filling
from twisted_chat.core.replication.holding import Holding
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour, Wire
from twisted_chat.core.replication.ranking import PATIENCE, best, failed, longest_ago, stalled
from twisted_chat.core.replication.reporting import Report
from twisted_chat.core.replication.supply import Supply
from twisted_chat.core.wire.frames import Stop

GRACE = 0.3
"""Seconds the author itself is given to push what others already hold."""
HOLE = 5.0
"""Seconds after which records that no link offers are jumped over."""
TICK = 0.1
"""Seconds between two looks at the feeds that are behind."""
LOOKED_AT = 512
"""Feeds looked at in one tick."""
AT_ONCE = 64
"""Feeds looked at as soon as they are offered: as many as can be wanted from who offers them."""


class Sources:
    """Chooses, and chooses again, the source of every feed this peer is behind in."""

    def __init__(
        self,
        inventory: Inventory,
        neighbours: Mapping[Wire, Neighbour],
        unwanted: Callable[[FeedId], bool],
        clock: IReactorTime,
        progress: Callable[[int, int], None],
        looked: Callable[[], None],
    ) -> None:
        """`unwanted(feed)` is true for a feed that is asked of nobody, such as the one that this process writes.
        `progress(received, total)` is called every second while this takes long, `looked` after each look at what is behind."""
        self._inventory = inventory
        self._neighbours = neighbours
        self._unwanted = unwanted
        self._looked = looked
        self._clock = clock
        self._behind = Behind(inventory, neighbours)
        self._supply = Supply(inventory, clock)
        self._filling = Filling(neighbours, self._supply, clock)
        inventory.awaited = lambda feed: feed in self._filling or self._supply.awaited(feed)
        inventory.on_removal(lambda feed: self._filling.pop(feed, None))
        self._ticking: IDelayedCall | None = None
        self._refilling: IDelayedCall | None = None
        self._served: dict[Neighbour, None] = {}
        """Neighbours that have sent most of what was wanted from them."""
        self._report = Report(inventory, self._behind, progress)

    @property
    def behind(self) -> bool:
        """Whether some neighbour holds, or for all we know may hold, what we lack.

        A neighbour that has sent nothing new for `PATIENCE` seconds does not count, whatever it announces.
        """
        lacking = [neighbour for neighbour in self._neighbours.values() if neighbour.lacking or not neighbour.synced]
        return any(map(self._goes_on, lacking))

    def _goes_on(self, neighbour: Neighbour) -> bool:
        return neighbour.progress > self._clock.seconds() - PATIENCE

    def offered(self, neighbour: Neighbour, feeds: Iterable[FeedId]) -> None:
        """A neighbour says what it holds of `feeds`; see its `have`."""
        now = self._clock.seconds()
        if not self._behind:
            self._report.begin(now)
        new = []
        for feed in feeds:
            if not self._behind.lacks(feed, neighbour):
                self._behind.lacks_no_more(feed, neighbour)
            elif feed not in neighbour.lacking:
                self._behind.add(feed, neighbour, now)
                new.append(feed)
        for feed in new[:AT_ONCE]:
            if feed in self._behind:
                self._look(feed)
        self.tick_later()

    def received(self, neighbour: Neighbour, holding: Holding, batch: Batch, filled: bool) -> None:
        """A neighbour sent a batch that was new; `filled` if it was missing from a hole."""
        feed = holding.feed
        self._report.received += len(batch.records)
        now = neighbour.progress = self._clock.seconds()
        neighbour.failed.pop(feed, None)
        source = self._supply.get(feed)
        from_source = source is not None and source.neighbour is neighbour
        if from_source or self._filling.neighbour(feed) is neighbour:
            neighbour.served()
        if source is not None and not filled:
            source.progress = now
        if neighbour.wire.member == feed.author and not from_source:
            self._supply.adopt(feed, neighbour)
        if filled:
            self._filling.filled(holding, batch, now)
        else:
            self._supply.goes_on(feed)
        if feed in neighbour.asked and neighbour.holds(feed)[1] <= holding.high:
            neighbour.asked.discard(feed)
            self._look(feed)
            self._ask_on(neighbour)

    def jumps_to(self, batch: Batch) -> bool:
        """Whether what is missing before a batch may be jumped over."""
        return self._supply.jumps_to(batch)

    def lost(self, neighbour: Neighbour) -> None:
        """A neighbour is gone: find other sources for its feeds."""
        self._served.pop(neighbour, None)
        self._filling.lost(neighbour)
        self._supply.lost(neighbour)
        self._behind.lost(neighbour)
        self.tick_later(0)

    def stop(self) -> None:
        """Want nothing any more: no link is left."""
        self._behind.clear()
        for call in (self._ticking, self._refilling):
            if call is not None:
                call.cancel()
        self._ticking = self._refilling = None

    def cut(self, holding: Holding) -> None:
        """A feed was cut, and batches that came meanwhile were dropped: ask anew for the records before the cut."""
        feed = holding.feed
        self._supply.leave(feed)
        self._supply.goes_on(feed)
        self._filling.pop(feed, None)
        for neighbour in self._neighbours.values():
            neighbour.passed_over.pop(feed, None)
            self._behind.lacks_no_more(feed, neighbour)
            self.offered(neighbour, [feed])

    def refuse(self, neighbour: Neighbour, feed: FeedId) -> None:
        """A neighbour sends a feed that is not accepted any more: tell it to stop."""
        self._behind.forget(feed)
        if self._supply.neighbour(feed) is neighbour:
            self._supply.leave(feed, LIMIT)
        else:
            neighbour.wire.send(Stop(feed, LIMIT))

    def pass_over(self, neighbour: Neighbour, feed: FeedId, reason: str = "") -> None:
        """A neighbour sends batches of a feed that can't be accepted, which need not be its fault: ask others for that feed."""
        self._behind.lacks_no_more(feed, neighbour)
        neighbour.pass_over(feed, reason)
        if self._filling.neighbour(feed) is neighbour:
            del self._filling[feed]
        if self._supply.neighbour(feed) is neighbour:
            self._supply.drop(feed)
        if feed in self._behind:
            self._look(feed)

    # One look at everything that is behind, every tenth of a second while anything is.

    def tick_later(self, wait: float = TICK) -> None:
        """Look again a little later, if there is anything to wait for."""
        if self._ticking is None and (self._behind or self.behind):
            self._ticking = self._clock.callLater(wait, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        share = max(1, LOOKED_AT // max(1, len(self._neighbours)))
        looked_at: set[FeedId] = set()
        for neighbour in list(self._neighbours.values()):
            for feed in neighbour.next_lacking(share):
                if feed not in looked_at:
                    looked_at.add(feed)
                    self._look(feed)
        going = list(filter(self._goes_on, self._neighbours.values()))
        self._report.tell(self.behind, going, self._clock.seconds())
        self._looked()
        self.tick_later()

    def _ask_on(self, neighbour: Neighbour) -> None:
        """If a neighbour has sent most of the feeds it was asked for, ask it for more in the next turn, without waiting for a
        tick."""
        if len(neighbour.asked) <= MAX_ASKED // 2 and neighbour.lacking:
            self._served[neighbour] = None
            if self._refilling is None:
                self._refilling = self._clock.callLater(0, self._refill)

    def _refill(self) -> None:
        self._refilling = None
        served, self._served = self._served, {}
        for neighbour in served:
            for feed in neighbour.next_lacking(AT_ONCE):
                if len(neighbour.asked) < MAX_ASKED:
                    self._look(feed)

    def _look(self, feed: FeedId) -> None:
        holding = self._inventory.known(feed)
        if self._unwanted(feed):
            self._behind.forget(feed)
            return
        if holding.cutting:
            return
        ahead = []
        for neighbour in self._neighbours.values():
            if neighbour.holds(feed)[1] > holding.high:
                ahead.append(neighbour)
            elif feed in neighbour.lacking and not self._behind.lacks(feed, neighbour):
                self._behind.lacks_no_more(feed, neighbour)
        fillers = self._filling.fill(holding)
        if ahead and not holding.ended:
            self._catch_up(holding, ahead, any(feed not in filler.failed for filler in fillers))
        elif not fillers:
            self._behind.forget(feed)

    def _catch_up(self, holding: Holding, ahead: list[Neighbour], fills: bool) -> None:
        feed, missing = holding.feed, holding.high + 1
        now = self._clock.seconds()
        behind = self._behind.setdefault(feed, Lag(now))
        offers = [neighbour for neighbour in ahead if neighbour.offers(feed, missing)]
        if any(feed not in neighbour.failed and not neighbour.vain for neighbour in offers):
            behind.offered = now
        supply = self._supply.get(feed)
        source = supply.neighbour if supply is not None else None
        if source is not None and behind.turn_is_over(feed, source, offers, now):
            self._supply.leave(feed)
            offers = [neighbour for neighbour in offers if neighbour is not source and neighbour not in behind.had]
        elif source is not None and supply is not None:
            owing = now - max(supply.progress, behind.since)
            if owing < GRACE or (source in ahead and not stalled(source, supply.progress, now)):
                return  # what it sends may just be on its way, though others have announced it already
            others = [neighbour for neighbour in offers if neighbour is not source]
            if not any(neighbour.wire.writable for neighbour in others) and source in offers:
                waiting = len(source.lacking) > MAX_ASKED  # for this one to make way
                if now - supply.progress <= PATIENCE and not waiting:
                    return
                others = [] if waiting else [source]  # it may have lost sight of this: from the start again
            source.failed_at(feed, now)
            self._supply.leave(feed)
            offers = others
        offers = [neighbour for neighbour in offers if not neighbour.vain] or offers
        offers = [
            neighbour
            for neighbour in offers
            if neighbour.wire.writable and neighbour is not self._filling.neighbour(feed)
        ]
        offers = [neighbour for neighbour in offers if len(neighbour.asked) < MAX_ASKED]
        linked = any(neighbour.wire.member == feed.author for neighbour in self._neighbours.values())
        if linked and now - behind.since < GRACE:
            offers = []  # what its author is about to push
        above = self._beyond(holding, ahead, behind, fills)
        if above and (not offers or longest_ago(feed, above) < longest_ago(feed, offers)):
            self._jump(feed, above)
        elif offers:
            self._ask(feed, best(feed, offers), missing)

    def _beyond(self, holding: Holding, ahead: list[Neighbour], behind: Lag, fills: bool) -> list[Neighbour]:
        """Return the neighbours that may be asked for the records behind a gap. There are none while a neighbour that has not
        failed offers the next record, or while a hole may be filled."""
        feed, missing = holding.feed, holding.high + 1
        if fills or not holding.may_jump or self._clock.seconds() - behind.offered < HOLE:
            return []
        above = [neighbour for neighbour in ahead if missing < neighbour.holds(feed)[0] <= neighbour.holds(feed)[1]]
        return [neighbour for neighbour in above if neighbour.wire.writable]

    def _jump(self, feed: FeedId, above: list[Neighbour]) -> None:
        """Jump over records that nobody offers."""
        lowest = min(above, key=lambda neighbour: (failed(feed, neighbour), neighbour.holds(feed)[0]))
        low = lowest.holds(feed)[0]
        self._supply.leave(feed)
        if self._ask(feed, lowest, low):
            self._supply.jump(feed, low)

    def _ask(self, feed: FeedId, neighbour: Neighbour, start: int) -> bool:
        asked = self._supply.ask(feed, neighbour, start)
        if asked and feed in self._behind:
            self._behind[feed].asked = self._clock.seconds()
        return asked
