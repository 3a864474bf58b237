"""All that is held: its limits, its digests and how it is listed."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.group import MAX_AUTHORS
from twisted_chat.core.replication.inventory import MAX_FEEDS, MAX_HELD, MAX_STRANGERS, MAX_UNKNOWN, SHARE, Inventory
from twisted_chat.core.replication.store import Held
from twisted_chat.core.wire.frames import Have, Range

ANA, BIA = b"a" * 32, b"b" * 32


class InventoryTests(SynchronousTestCase):
    """What is held, by feed and by author."""

    def setUp(self) -> None:
        self.inventory = Inventory()

    def hold(self, author: bytes, epoch: int, low: int, high: int) -> None:
        """Hold `[low, high]` of a feed durably."""
        feed = FeedId(author, epoch)
        holding = self.inventory.hold(feed)
        holding.kept_low, holding.kept_high = low, high
        self.inventory.changed(feed)

    def test_hold(self) -> None:
        """A feed has one holding, and an author all of theirs by epoch."""
        for epoch in (5, 3, 9):
            self.assertIs(self.inventory.hold(FeedId(ANA, epoch)), self.inventory.hold(FeedId(ANA, epoch)))
        self.assertEqual([holding.feed.epoch for holding in self.inventory.of(ANA)], [3, 5, 9])
        self.assertEqual(self.inventory.of(BIA), [])
        self.assertEqual(list(self.inventory.authors), [ANA])

    def settle(self, author: int, epoch: int) -> None:
        """Take something of a feed."""
        holding = self.inventory.hold(FeedId(author.to_bytes(32, "big"), epoch))
        holding.high = 1
        self.inventory.settle(holding)

    def test_limits(self) -> None:
        """There is no room for one author more than a group may have, and one feed more than an author may; those that are there
        stay. What is one's own is held in any case."""
        for epoch in range(MAX_FEEDS):
            self.settle(0, epoch)
        zero = bytes(32)
        self.assertFalse(self.inventory.has_room(FeedId(zero, MAX_FEEDS), known=True))
        self.assertTrue(self.inventory.has_room(FeedId(zero, 0)))
        for number in range(1, MAX_AUTHORS):
            self.assertTrue(self.inventory.has_room(FeedId(ANA, 0), known=True))
            self.settle(number, 0)
        self.assertFalse(self.inventory.has_room(FeedId(ANA, 0), known=True))
        self.inventory.hold(FeedId(ANA, 0), own=True)
        self.assertTrue(self.inventory.has_room(FeedId(ANA, 0)))

    def test_room_for_those_who_are_known(self) -> None:
        """Strangers can't take all the room: some is kept for authors that are known."""
        for number in range(MAX_STRANGERS):
            self.assertTrue(self.inventory.has_room(FeedId(ANA, 0)))
            self.settle(number, 0)
        self.assertFalse(self.inventory.has_room(FeedId(ANA, 0)))
        for number in range(MAX_STRANGERS, MAX_UNKNOWN):
            self.assertTrue(self.inventory.has_room(FeedId(ANA, 0), linked=True))
            self.settle(number, 0)
        self.assertFalse(self.inventory.has_room(FeedId(ANA, 0), linked=True))
        self.assertTrue(self.inventory.has_room(FeedId(ANA, 0), linked=True, known=True))

    def test_room_for_those_who_start_anew(self) -> None:
        """A few authors can't take all the room for feeds: those who have less than their share go on, and so do newcomers."""
        for epoch in range(4):
            self.settle(99, epoch)
        for number in range(3):
            for epoch in range(MAX_FEEDS):
                if self.inventory.has_room(FeedId(number.to_bytes(32, "big"), epoch)):
                    self.settle(number, epoch)
        self.assertLess(len(self.inventory), 2 * MAX_FEEDS)
        self.assertFalse(self.inventory.has_room(FeedId((2).to_bytes(32, "big"), MAX_FEEDS)))
        for epoch in range(4, SHARE):
            self.assertTrue(self.inventory.has_room(FeedId((99).to_bytes(32, "big"), epoch)))
            self.settle(99, epoch)
        self.assertTrue(self.inventory.has_room(FeedId(ANA, 0)))

    def test_limit_of_all(self) -> None:
        """No more feeds are held than one link may list, however many authors there are; but for what is one's own."""
        for number in range(MAX_AUTHORS):
            for epoch in range(MAX_FEEDS):
                if not self.inventory.has_room(FeedId(number.to_bytes(32, "big"), epoch), known=True):
                    break
                self.settle(number, epoch)
        self.assertLessEqual(len(self.inventory), MAX_HELD)
        for epoch in range(MAX_FEEDS):
            self.inventory.hold(FeedId(BIA, epoch), own=True)
        self.assertIn(FeedId(BIA, MAX_FEEDS - 1), self.inventory)

    def test_release(self) -> None:
        """A feed of which nothing has come takes no room, and leaves no trace; one of which something has come stays."""
        for number in range(2 * MAX_AUTHORS):
            holding = self.inventory.hold(FeedId(number.to_bytes(32, "big"), 1))
        self.assertTrue(self.inventory.has_room(FeedId(ANA, 1)))
        self.inventory.release(holding)
        self.inventory.release(holding)
        self.assertNotIn(holding.feed, self.inventory)
        holding = self.inventory.hold(FeedId(ANA, 1))
        holding.high = 5
        self.inventory.release(holding)
        self.assertIs(self.inventory[FeedId(ANA, 1)], holding)
        self.assertEqual(len(list(self.inventory.authors)), 2 * MAX_AUTHORS)

    def test_removal_is_told(self) -> None:
        """Whoever keeps something by feed is told of each that is released or retired, which none is while more is awaited."""
        gone: list[FeedId] = []
        self.inventory.on_removal(gone.append)
        offered = self.inventory.hold(FeedId(BIA, 1))
        self.inventory.release(offered)
        for epoch, held in ((1, Held(FeedId(ANA, 1), 5, 4, b"t", 4, 10)), (2, Held(FeedId(ANA, 2), 1, 1, b"t", 1, 20))):
            self.inventory.hold(FeedId(ANA, epoch), own=True).load(held)
        self.inventory.awaited = lambda feed: feed.epoch == 1
        self.inventory.retire([ANA])
        self.assertEqual(gone, [offered.feed])
        self.inventory.awaited = lambda feed: False
        self.inventory.retire([ANA])
        self.assertEqual(gone, [offered.feed, FeedId(ANA, 1)])

    def test_digest_is_of_what_is_held(self) -> None:
        """Two that hold the same have the same digest, in whatever order it came."""
        other = InventoryTests()
        other.setUp()
        for epoch in (1, 2, 3):
            self.hold(ANA, epoch, 1, epoch)
        for epoch in (3, 1, 2):
            other.hold(ANA, epoch, 1, epoch)
        self.assertEqual(self.inventory.digest(ANA), other.inventory.digest(ANA))

    def test_digest_tells_every_difference(self) -> None:
        """More, less, another epoch, or a fork: each changes the digest."""
        author = Author()
        ana = author.feed.author
        seen = {self.inventory.digest(ana)}
        for epoch, low, high in ((7, 1, 1), (7, 1, 2), (7, 2, 2), (8, 1, 1), (8, 1, 11), (8, 11, 11)):
            self.hold(ana, epoch, low, high)
            seen.add(self.inventory.digest(ana))
        self.inventory[author.feed].fork = author.fork(2)
        self.inventory.changed(author.feed)
        seen.add(self.inventory.digest(ana))
        self.assertEqual(len(seen), 8)

    def test_nothing_durable(self) -> None:
        """A feed of which nothing is on disk makes no difference."""
        before = self.inventory.digest(ANA)
        self.inventory.hold(FeedId(ANA, 1))
        self.assertEqual(self.inventory.digest(ANA), before)

    def test_lines(self) -> None:
        """Feeds are listed by author; nothing to list is no line, unless it is the end of the first list."""
        self.hold(ANA, 1, 1, 5)
        self.hold(ANA, 2, 3, 4)
        self.hold(BIA, 1, 1, 1)
        feeds = list(self.inventory)
        self.assertEqual(
            list(self.inventory.lines(feeds)), [Have({ANA: [Range(1, 1, 5), Range(2, 3, 4)], BIA: [Range(1, 1, 1)]})]
        )
        self.assertEqual(list(self.inventory.lines([])), [])
        self.assertEqual(list(self.inventory.lines([], end=True)), [Have({}, True)])
