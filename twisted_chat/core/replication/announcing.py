"""Telling neighbours what has become durable: at once, but not too often, and never while their link is full.

An author hears first what is held of its own feeds, for that is its receipt. All tell all, so that the rest grows with the
square of the members: the more links there are, the rarer it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.errors import PROTOCOL, Refusal
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.forks import fork_frame
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour, Wire
from twisted_chat.core.throttle import Throttle
from twisted_chat.core.wire.frames import Digest, encode

HAVE_INTERVAL = 0.05
"""Seconds between two announcements of what became durable, at least."""
RECEIPT_A_LINK = 0.00625
"""For each link, seconds between two announcements to an author of what is held of its feeds."""
HAVE_A_LINK = 0.025
"""The same, to all others."""
LINKS_COUNTED = 40
"""Links that count for that, at most."""


class Announcer:
    """Sends `have` for feeds that changed."""

    def __init__(self, inventory: Inventory, neighbours: Mapping[Wire, Neighbour], clock: IReactorTime) -> None:
        self._inventory = inventory
        self._neighbours = neighbours
        self._unacknowledged: dict[FeedId, None] = {}
        self._unannounced: dict[FeedId, None] = {}
        self._receipts = Throttle(clock, lambda: self._interval(RECEIPT_A_LINK), self._acknowledge)
        self._rounds = Throttle(clock, lambda: self._interval(HAVE_A_LINK), self._announce)

    def begin(self, neighbour: Neighbour) -> None:
        """A link is ready: send digests of all that is held."""
        neighbour.told = self._inventory.digests()
        neighbour.wire.send(Digest(neighbour.told))

    def receive(self, neighbour: Neighbour, frame: Digest) -> None:
        """Answer a neighbour's digests. An author is listed if the neighbour's digest differs from ours, or if ours has
        changed since the neighbour was told it. Raises `Refusal` if the neighbour had its answer."""
        told, neighbour.told = neighbour.told, None
        if told is None:  # who sends many and reads nothing would have our lists pile up
            raise Refusal(PROTOCOL, "a second digest")
        listed: list[FeedId] = []
        proofs: list[FeedId] = []
        for author in self._inventory.authors:
            mine = self._inventory.digest(author)
            held = [holding for holding in self._inventory.of(author) if holding.kept_high or holding.fork]
            equal = frame.authors.get(author) == mine
            if equal:
                neighbour.have.update({holding.feed: (holding.kept_low, holding.kept_high) for holding in held})
            if not equal or told.get(author) != mine:
                listed += [holding.feed for holding in held]
                proofs += [holding.feed for holding in held if holding.fork is not None]
        for line in self._inventory.lines(listed, end=True):
            neighbour.wire.send(line)
        self.prove([neighbour], proofs)

    def changed(self, feed: FeedId) -> None:
        """The durable records of `feed` have changed, or its fork has."""
        self._inventory.changed(feed)
        if self._neighbours:  # who is linked later is told of everything
            self._unacknowledged[feed] = None
            self._unannounced[feed] = None
            self._receipts.ask()
            self._rounds.ask()

    def resumed(self, neighbour: Neighbour) -> None:
        """A link takes more again: send the announcements that it has not had."""
        self._prove(neighbour)
        if neighbour.unsaid:
            unsaid, neighbour.unsaid = neighbour.unsaid, {}
            self._tell([neighbour], unsaid)

    def prove(self, neighbours: Iterable[Neighbour], feeds: Iterable[FeedId]) -> None:
        """Send the proofs that these feeds are forked, as fast as the links take them."""
        proofs = dict.fromkeys(feeds)
        for neighbour in neighbours:
            neighbour.unproven.update(proofs)
            self._prove(neighbour)

    def _prove(self, neighbour: Neighbour) -> None:
        while neighbour.unproven and neighbour.wire.writable:
            feed = next(iter(neighbour.unproven))
            del neighbour.unproven[feed]
            fork = self._inventory[feed].fork
            assert fork is not None
            neighbour.wire.send(fork_frame(fork))

    def stop(self) -> None:
        """Tell nothing any more."""
        self._receipts.stop()
        self._rounds.stop()

    def _interval(self, a_link: float) -> float:
        return max(HAVE_INTERVAL, a_link * min(len(self._neighbours), LINKS_COUNTED))

    def _acknowledge(self) -> None:
        feeds, self._unacknowledged = self._unacknowledged, {}
        for neighbour in self._neighbours.values():
            self._tell([neighbour], [feed for feed in feeds if feed.author == neighbour.wire.member])

    def _announce(self) -> None:
        feeds, self._unannounced = self._unannounced, {}
        neighbours = self._neighbours.values()
        self._tell([each for each in neighbours if any(feed.author != each.wire.member for feed in feeds)], feeds)

    def _tell(self, neighbours: Iterable[Neighbour], feeds: Iterable[FeedId]) -> None:
        lines = [encode(frame) for frame in self._inventory.lines(feeds)]
        for neighbour in neighbours:
            if neighbour.wire.writable:
                for line in lines:
                    neighbour.wire.send_line(line)
            else:
                neighbour.unsaid.update(dict.fromkeys(feeds))
