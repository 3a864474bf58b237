"""What is offered and never comes keeps nobody from what would come; what comes is asked for as fast as it comes."""

from __future__ import annotations

from unittest.mock import patch

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.core.test_sources import carry, have
from tests.core.wires import Party, Recorder, join, run
from tests.storage.feeding import Author
from twisted_chat.core.feeds import Batch, FeedId
from twisted_chat.core.frames import Digest, Have, Range, Want
from twisted_chat.core.sources import MAX_ASKED, STALL, TICK, Sources


def small_feeds(count: int, first: int = 1) -> list[Batch]:
    """Seal feeds of one message, numbered `first`, each."""
    return [Author(9, epoch).batch(first, prev=b"") for epoch in range(1, count + 1)]


class Guest(Recorder):
    """A member that lists what it can't serve."""

    def __init__(self, number: int, party: Party) -> None:
        super().__init__(bytes([number]) * 32)
        party.replica.attach(self)
        party.hears(self, Digest({}))
        self.party = party

    def lists(self, feeds: list[FeedId], high: int = 9, end: bool = True) -> None:
        """Say that all of these feeds are held from their beginning."""
        held: dict[bytes, list[Range]] = {}
        for feed in feeds:
            held.setdefault(feed.author, []).append(Range(feed.epoch, 1, high))
        self.party.hears(self, Have(held, end))


class SmallFeedsTests(SynchronousTestCase):
    """Many feeds of one message each."""

    def test_no_waiting(self) -> None:
        """They come as fast as the link brings them, and each is looked at a few times only, however many there are."""
        clock = Clock()
        ana, bia = Party(clock, 1), Party(clock, 2)
        ana.give(*small_feeds(1_000))
        looked = 0
        look = Sources._look

        def counted(sources: Sources, feed: FeedId) -> None:
            nonlocal looked
            looked += 1
            look(sources, feed)

        with patch.object(Sources, "_look", counted):
            join(ana, bia)
            clock.pump([0.001] * 150)
        self.assertEqual(len(bia.shown), 1_000)
        self.assertLess(looked, 4 * 1_000)


class MadeUpTests(SynchronousTestCase):
    """One who lists everything, and serves nothing."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ana, self.bia = Party(self.clock, 1), Party(self.clock, 2)

    def test_guests(self) -> None:
        """Guests that list all real feeds, and thousands of others, delay what an honest link holds by a few seconds in all; the
        beginnings that only they claim to hold included."""
        batches = [*small_feeds(300), *(Author(8, epoch).batch(5, prev=b"") for epoch in range(1, 301))]
        self.bia.give(*batches[:300])
        for author in range(300):  # whose first records were given up
            self.bia.store.append(batches[300 + author])
            holding = self.bia.replica.holdings.hold(batches[300 + author].feed, own=True)
            holding.extend(batches[300 + author])
            holding.keep(batches[300 + author])
        made_up = [FeedId(bytes([7]) * 32, epoch) for epoch in range(3_000)]
        for number in range(20, 24):
            Guest(number, self.ana).lists([*made_up, *(batch.feed for batch in batches)])
        join(self.bia, self.ana)
        run(self.clock, 12)
        self.assertEqual(len({batch.feed for batch in self.ana.shown}), len(batches))

    def test_makes_way(self) -> None:
        """What the only one who offers it does not send makes way for what it would send, and is asked for again after that."""
        guest = Guest(20, self.ana)
        served = small_feeds(1)[0]
        guest.lists([FeedId(bytes([7]) * 32, epoch) for epoch in range(MAX_ASKED + 36)], end=False)
        self.ana.hears(guest, have(1, 1, served.feed))
        run(self.clock, STALL + 3 * TICK)
        wanted = [FeedId(*want.feed) for want in guest.take(Want)]
        self.assertTrue(served.feed in wanted)
        self.ana.hears(guest, carry(served))
        run(self.clock, 30)
        again = [FeedId(*want.feed) for want in guest.take(Want)]
        self.assertTrue(wanted[0] in again)

    def test_who_delivers(self) -> None:
        """Of two that offer the same, one that was asked in vain is asked for nothing that the other offers."""
        honest, guest = Guest(20, self.ana), Guest(21, self.ana)
        guest.lists([FeedId(bytes([7]) * 32, 1)])
        run(self.clock, 11)
        guest.take()
        batches = small_feeds(2 * MAX_ASKED)
        for neighbour in (honest, guest):
            neighbour.lists([batch.feed for batch in batches], high=1)
        run(self.clock, 0.5)
        self.assertEqual(len([want for want in guest.take(Want) if want.feed[0] == batches[0].feed.author]), 0)
        self.ana.hears(honest, *map(carry, batches[:MAX_ASKED]))
        run(self.clock, 0.01)
        self.assertEqual(len(honest.take(Want)), 2 * MAX_ASKED)
