"""From whom this peer wants the feeds it lacks records of.

Each feed has one source: the author's own link if there is one that offers what is missing, else another that does. A source
that lacks what is missing, or sends nothing new for `STALL` seconds, is left for another. Where nobody holds the next record
but somebody holds later ones, the hole is jumped over after `HOLE` seconds, and filled when a holder comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds import FeedId
from twisted_chat.core.frames import Stop, Want
from twisted_chat.core.holding import Holding
from twisted_chat.core.inventory import Inventory
from twisted_chat.core.neighbour import Neighbour, Wire

GRACE = 0.3
"""Seconds the author itself is given to push what others already hold."""
STALL = 1.0
"""Seconds without a new batch after which a source is left for another."""
PATIENCE = 10.0
"""The same for a source that sends other feeds meanwhile."""
HOLE = 5.0
"""Seconds after which records that no link offers are jumped over."""
FORGIVEN = 5.0
"""Seconds for which a neighbour that failed as a feed's source is passed over if there is another."""
TICK = 0.1
"""Seconds between two looks at the feeds that are behind."""
MAX_ASKED = 64
"""Feeds wanted from one neighbour at a time."""
LOOKED_AT = 512
"""Feeds looked at in one tick."""
REPORTED_ON = 2_000
"""Feeds that count in a report of progress: as many as can be gone through in a moment."""
PROGRESS = 1.0
"""Seconds between two reports of how far catching up has come."""


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
        """`unwanted(feed)` tells of a feed that is wanted from nobody, as the one is that this process writes.
        `progress(received, total)` is called every second while this takes long, `looked` after each look at what is behind."""
        self._inventory = inventory
        self._neighbours = neighbours
        self._unwanted = unwanted
        self._progress = progress
        self._looked = looked
        self._clock = clock
        self._behind: dict[FeedId, float] = {}
        """The feeds somebody holds more of than we do, and since when we know."""
        self._ticking: IDelayedCall | None = None
        self._received = 0
        self._reported = 0.0

    @property
    def behind(self) -> bool:
        """Whether some neighbour holds, or for all we know may hold, what we lack."""
        return bool(self._behind) or any(not neighbour.synced for neighbour in self._neighbours.values())

    def offered(self, feed: FeedId, low: int, high: int) -> None:
        """A neighbour says that it holds `[low, high]` of `feed`."""
        holding = self._inventory.get(feed) or Holding(feed)
        missing = high > holding.high or (holding.has_hole and low <= holding.hole[0])
        if missing:
            if not self._behind:
                self._reported = self._clock.seconds()
            self._behind.setdefault(feed, self._clock.seconds())
            self._look(feed)
            self._tick_later()

    def received(self, neighbour: Neighbour, holding: Holding, count: int) -> None:
        """A neighbour sent a batch that was new, of `count` records."""
        self._received += count
        holding.progress = neighbour.progress = self._clock.seconds()
        if holding.source is not neighbour and neighbour.wire.member == holding.feed.author:
            if holding.source is not None and holding.source.wire.member == holding.feed.author:
                holding.source.asked.discard(holding.feed)  # the pair has two links for now: stop neither
            else:
                self._leave(holding)  # the author pushes its current feed
            holding.source = neighbour
        if holding.filler is not None and not holding.has_hole:
            self._filled(holding)
        if neighbour.have.get(holding.feed, (1, 0))[1] <= holding.high:
            neighbour.asked.discard(holding.feed)

    def lost(self, neighbour: Neighbour) -> None:
        """A neighbour is gone: find others for what it was the source of."""
        now = self._clock.seconds()
        for feed, holding in list(self._inventory.items()):
            if holding.filler is neighbour:
                holding.filler = None
            if holding.source is neighbour:
                holding.source = None
                self._behind.setdefault(feed, now)
                self._inventory.release(holding)
        self._tick_later(0)

    def stop(self) -> None:
        """Want nothing any more: no link is left."""
        self._behind.clear()
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def cut(self, holding: Holding) -> None:
        """A feed now ends at a fork; what came of it meanwhile was dropped: ask anew for what lies before."""
        self._leave(holding)
        self._behind.setdefault(holding.feed, self._clock.seconds())
        self._tick_later(0)

    def refuse(self, neighbour: Neighbour, feed: FeedId) -> None:
        """A neighbour sends a feed of which no more is taken."""
        self._behind.pop(feed, None)
        holding = self._inventory.get(feed)
        if holding is not None and holding.source is neighbour:
            self._leave(holding)
        else:
            neighbour.wire.send(Stop(feed))

    # One look at everything that is behind, every tenth of a second while anything is.

    def _tick_later(self, wait: float = TICK) -> None:
        if self._behind and self._ticking is None:
            self._ticking = self._clock.callLater(wait, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        for feed in list(self._behind)[:LOOKED_AT]:
            since = self._behind.pop(feed)  # and to the end: if there are too many for one tick, each has its turn
            self._behind[feed] = since
            self._look(feed)
        self._report()
        self._tick_later()

    def _report(self) -> None:
        """Say every second how far this has come, and when it is done."""
        now = self._clock.seconds()
        if not self._behind:
            self._received = 0
            self._reported = now
        elif now - self._reported >= PROGRESS:
            self._reported = now
            self._progress(self._received, self._received + sum(map(self._lacking, islice(self._behind, REPORTED_ON))))
        self._looked()

    def _lacking(self, feed: FeedId) -> int:
        holding = self._inventory.get(feed) or Holding(feed)
        held = (neighbour.have.get(feed, (1, 0)) for neighbour in self._neighbours.values())
        return max((high - max(holding.high, low - 1) for low, high in held), default=0)

    def _look(self, feed: FeedId) -> None:
        holding = self._inventory.get(feed) or Holding(feed)
        neighbours = self._neighbours.values()
        ahead = [neighbour for neighbour in neighbours if neighbour.have.get(feed, (1, 0))[1] > holding.high]
        if self._unwanted(feed):
            del self._behind[feed]
        elif holding.cutting:
            return
        elif ahead and not holding.ended:
            self._catch_up(holding, ahead)
        elif not self._fill(holding):
            del self._behind[feed]

    def _catch_up(self, holding: Holding, ahead: list[Neighbour]) -> None:
        feed, missing = holding.feed, holding.high + 1
        now = self._clock.seconds()
        waited = now - self._behind[feed]
        offers = [neighbour for neighbour in ahead if neighbour.offers(feed, missing) and neighbour.wire.writable]
        source = holding.source
        if source is not None:
            owing = now - max(holding.progress, self._behind[feed])
            if owing < GRACE or (source in ahead and not self._stalled(holding, source)):
                return  # what it sends may just be on its way, though others have announced it already
            alternatives = [neighbour for neighbour in offers if neighbour is not source]
            if not alternatives:
                if source in offers and now - holding.progress > PATIENCE:
                    self._leave(holding)  # it may have lost sight of this: from the start again
                    self._ask(holding, source, missing)
                return
            source.failed[feed] = now
            self._leave(holding)
            offers = alternatives
        if offers:
            if waited >= GRACE or not any(n.wire.member == feed.author for n in self._neighbours.values()):
                self._ask(holding, self._best(feed, offers), missing)
        elif waited >= HOLE:
            lowest = min(ahead, key=lambda neighbour: neighbour.have[feed][0])
            low, high = lowest.have[feed]
            if missing < low <= high and lowest.wire.writable and self._ask(holding, lowest, low):
                self._inventory[feed].jump = low

    def _stalled(self, holding: Holding, source: Neighbour) -> bool:
        silent = self._clock.seconds() - holding.progress
        idle = self._clock.seconds() - source.progress
        return silent > PATIENCE or (silent > STALL and idle > STALL)

    def _best(self, feed: FeedId, offers: list[Neighbour]) -> Neighbour:
        forgiven = self._clock.seconds() - FORGIVEN

        def rank(neighbour: Neighbour) -> tuple[bool, bool, int]:
            failed = neighbour.failed.get(feed, forgiven) > forgiven
            return (failed, neighbour.wire.member != feed.author, len(neighbour.asked))

        return min(offers, key=rank)

    def _ask(self, holding: Holding, neighbour: Neighbour, start: int) -> bool:
        """Make `neighbour` the source of a feed; return False if that can't be now."""
        if len(neighbour.asked) >= MAX_ASKED:
            return False
        try:
            holding = self._inventory.hold(holding.feed)
        except Refusal:
            del self._behind[holding.feed]  # more than a group may have: none the worse for what it has
            return False
        holding.source = neighbour
        holding.progress = self._clock.seconds()
        neighbour.asked.add(holding.feed)
        neighbour.wire.send(Want(holding.feed, start))
        return True

    def _leave(self, holding: Holding) -> None:
        if holding.source is not None:
            holding.source.asked.discard(holding.feed)
            holding.source.wire.send(Stop(holding.feed))
            holding.source = None
            self._inventory.release(holding)

    # Holes.

    def _fill(self, holding: Holding) -> bool:
        """Want the hole below a feed that is otherwise complete; return whether there is anything to wait for."""
        if not holding.has_hole:
            return False
        start = holding.hole[0]
        offers = [neighbour for neighbour in self._neighbours.values() if neighbour.offers(holding.feed, start)]
        if holding.filler in offers and not self._stalled(holding, holding.filler):
            return True
        offers = [neighbour for neighbour in offers if neighbour.wire.writable and neighbour is not holding.filler]
        if offers:
            holding.filler = self._best(holding.feed, offers)
            holding.progress = self._clock.seconds()
            holding.filler.wire.send(Want(holding.feed, start))
        return bool(offers)

    def _filled(self, holding: Holding) -> None:
        assert holding.filler is not None
        if holding.filler is holding.source:
            holding.filler.wire.send(Want(holding.feed, holding.high + 1))
        else:
            holding.filler.wire.send(Stop(holding.feed))
        holding.filler = None
