"""What frames cost, and when that is too much."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.core.wire.test_frames import GOOD
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.announcing import HAVE_INTERVAL
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.listings import MAX_HAVE
from twisted_chat.core.wire.frames import MAX_LINE, BatchFrame, Frame, Want, encode
from twisted_chat.net.budget import BURST, RATE, Budget, cost

LONGEST_REST = 0.5
"""Seconds for which one frame can have a link rest at most: shorter than it takes to be suspected of being gone."""


class BudgetTests(SynchronousTestCase):
    """The token bucket, by the clock of the test."""

    def setUp(self) -> None:
        self.budget = Budget(100.0)

    def test_burst_and_rate(self) -> None:
        """What was saved up can be spent at once; then it takes as long as earning it does."""
        self.assertEqual(self.budget.spend(100.0, BURST), 0)
        self.assertAlmostEqual(self.budget.spend(100.0, 10), 10 / RATE)
        self.assertAlmostEqual(self.budget.spend(100.0 + 10 / RATE, 1), 1 / RATE)
        self.assertEqual(self.budget.spend(101.0, 100), 0)

    def test_no_more_is_saved_up(self) -> None:
        """A long silence doesn't earn more than a burst."""
        self.budget.spend(100.0, BURST)
        self.assertEqual(self.budget.spend(100_000.0, BURST), 0)
        self.assertGreater(self.budget.spend(100_000.0, 1), 0)

    def test_start(self) -> None:
        """The longest list of feeds there may be, and a want for each of as many, all at once, are taken: the start of a link is
        never slowed."""
        inventory = Inventory()
        feeds = [FeedId((epoch % 800).to_bytes(32, "big"), 2**52 + epoch) for epoch in range(MAX_HAVE)]
        for feed in feeds:
            inventory.hold(feed)
        for line in inventory.lines(feeds, end=True):
            self.spend(line)
        for feed in feeds:
            self.spend(Want(feed, 2**53 - 1))

    def spend(self, frame: Frame) -> None:
        """Take a frame at once, without having to rest."""
        self.assertEqual(self.budget.spend(100.0, cost(frame, len(encode(frame)))), 0)

    def test_going_on(self) -> None:
        """Announcing as much as ever is announced, as often as ever, for as long as you like, is within the rate."""
        inventory = Inventory()
        feeds = [FeedId(b"a" * 32, 2**52 + epoch) for epoch in range(1_000)]
        for feed in feeds:
            inventory.hold(feed, own=True)
        full = next(inventory.lines(feeds))
        self.assertLess(len(encode(full)), MAX_LINE)
        self.assertLess(cost(full, len(encode(full))) / HAVE_INTERVAL, RATE)

    def test_one_frame(self) -> None:
        """Whatever one frame costs is earned again soon; batches cost nothing."""
        for frame in [*GOOD, None]:
            spent = cost(frame, MAX_LINE)
            self.assertEqual(spent == 0, isinstance(frame, BatchFrame), frame)
            self.assertLess(spent / RATE, LONGEST_REST)
