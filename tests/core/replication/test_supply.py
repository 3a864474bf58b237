"""Over which link each feed comes, and what is kept of that."""

from __future__ import annotations

from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from tests.kit.wires import Recorder
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.behind import MAX_ASKED
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour
from twisted_chat.core.replication.store import Held
from twisted_chat.core.replication.supply import Supply
from twisted_chat.core.wire.frames import Stop, Want

ANA = Author()
FEED = ANA.feed
BATCHES = ANA.batches(*[(n, n) for n in range(1, 7)])


class SupplyTests(SynchronousTestCase):
    """Each feed has one source, and nothing is kept of a feed that is not held."""

    def setUp(self) -> None:
        self.inventory = Inventory()
        self.supply = Supply(self.inventory, Clock())

    def link(self, member: bytes = b"o" * 32) -> tuple[Recorder, Neighbour]:
        """Return a link and its replication state."""
        wire = Recorder(member)
        return wire, Neighbour(wire, lambda feed, start: succeed([]), Clock())

    def test_jump(self) -> None:
        """Only the batch that is jumped to may come next across a gap, and only until something of the feed has come."""
        self.inventory.hold(FEED)
        self.supply.jump(FEED, 5)
        self.assertEqual([batch.first for batch in BATCHES if self.supply.jumps_to(batch)], [5])
        self.supply.goes_on(FEED)
        self.assertFalse(any(map(self.supply.jumps_to, BATCHES)))

    def test_most(self) -> None:
        """No more feeds are wanted from one neighbour at a time than `MAX_ASKED`."""
        _, neighbour = self.link()
        asked = [self.supply.ask(FeedId(b"a" * 32, epoch), neighbour, 1) for epoch in range(MAX_ASKED + 1)]
        self.assertEqual(asked, [True] * MAX_ASKED + [False])

    def test_left(self) -> None:
        """A source that is left is told so once; a feed of which nothing came takes no more room then."""
        wire, neighbour = self.link()
        self.supply.ask(FEED, neighbour, 1)
        self.supply.leave(FEED)
        self.supply.leave(FEED)
        self.assertEqual(wire.take(Want, Stop), [Want(FEED, 1), Stop(FEED)])
        self.assertEqual((len(self.supply), len(self.inventory), neighbour.asked), (0, 0, set()))

    def test_pushed(self) -> None:
        """An author that pushes its feed is its source; who was is told to stop, unless that is another link of the author."""
        for member, told in ((b"o" * 32, [Stop(FEED)]), (FEED.author, [])):
            wire, neighbour = self.link(member)
            self.supply.ask(FEED, neighbour, 1)
            wire.lines.clear()
            self.supply.adopt(FEED, self.link(FEED.author)[1])
            self.assertEqual((wire.take(Stop), neighbour.asked), (told, set()))
            self.assertIsNot(self.supply.neighbour(FEED), neighbour)

    def test_goes_with_the_feed(self) -> None:
        """Nothing is kept of a feed that was given up and superseded."""
        old, new = FeedId(FEED.author, 1), FeedId(FEED.author, 2)
        _, neighbour = self.link(FEED.author)
        for feed, held in ((old, Held(old, 5, 4, b"t" * 32, 4, 10)), (new, Held(new, 1, 1, b"t" * 32, 1, 20))):
            self.inventory.hold(feed, own=True).load(held)
            self.supply.adopt(feed, neighbour)
            self.supply.jump(feed, 5)
        self.inventory.retire([FEED.author])
        self.assertEqual((list(self.inventory), list(self.supply)), ([new], [new]))
        jumping = [self.supply.jumps_to(Author(epoch=feed.epoch).batch(5)) for feed in (old, new)]
        self.assertEqual(jumping, [False, True])
