"""What is offered and never comes keeps nobody from what would come; what comes is asked for as fast as it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from unittest.mock import patch

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.core.replication.test_sources import carry, have
from tests.kit.feeding import Author
from tests.kit.wires import Party, Recorder, join, one_turn, run
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.behind import MAX_ASKED
from twisted_chat.core.replication.lists import LISTED_AT_ONCE, Lists
from twisted_chat.core.replication.neighbour import Neighbour
from twisted_chat.core.replication.ranking import STALL
from twisted_chat.core.replication.sources import TICK, Sources
from twisted_chat.core.wire.frames import Digest, Have, Range, Want


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


class LongListsTests(SynchronousTestCase):
    """Lists as long as a line can be."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ana = Party(self.clock, 1)
        self.taken = 0
        listed = Lists._take

        def counted(lists: Lists, neighbour: Neighbour, author: bytes, ranges: Sequence[Range]) -> None:
            self.taken += len(ranges)
            listed(lists, neighbour, author, ranges)

        self.patch(Lists, "_take", counted)

    def many(self, link: int, count: int = 6_000, authors: int = 1) -> Have:
        """Return a list of made-up feeds."""
        feeds = [Range(epoch, 1, 1) for epoch in range(count // authors)]
        return Have({(1000 * link + author).to_bytes(32, "big"): feeds for author in range(authors)}, True)

    def turns(self, done: Callable[[], bool]) -> list[int]:
        """Let reactor turns pass until all is taken in; return how many entries each of them took."""
        taken = []
        while not done():
            before = self.taken
            one_turn(self.clock)
            taken.append(self.taken - before)
        return taken

    def test_everybody_at_once(self) -> None:
        """However many links bring one at the same time, a turn takes a small part of one; meanwhile those links bring no more,
        and in the end all is taken in."""
        guests = [Guest(number, self.ana) for number in range(20, 28)]
        for number, guest in enumerate(guests):
            self.ana.hears(guest, self.many(number, authors=1 if number % 2 else 500))
        self.assertEqual((self.taken, [guest.held for guest in guests]), (0, [True] * 8))
        short = Guest(50, self.ana)
        short.lists([small_feeds(1)[0].feed], high=1)
        self.assertEqual(len(short.take(Want)), 1, "who lists little does not wait")
        taken = self.turns(lambda: not any(guest.held for guest in guests))
        self.assertLessEqual(max(taken), 2 * LISTED_AT_ONCE)
        self.assertEqual([len(self.ana.replica.neighbours[guest].have) for guest in guests], [6_000] * 8)
        self.assertTrue(all(self.ana.replica.neighbours[guest].synced for guest in guests))

    def test_in_order(self) -> None:
        """What comes after a list all the same comes after all of it; a link that is lost is forgotten."""
        guest, lost = Guest(20, self.ana), Guest(21, self.ana)
        self.ana.hears(guest, self.many(1))
        self.ana.hears(lost, self.many(2))
        self.ana.replica.detach(lost)
        one_turn(self.clock)
        self.ana.hears(guest, Have({(1000).to_bytes(32, "big"): [Range(5_999, 1, 7)]}))
        self.assertFalse(guest.held)
        self.assertEqual(self.ana.replica.neighbours[guest].have[FeedId((1000).to_bytes(32, "big"), 5_999)], (1, 7))
        self.assertEqual(self.taken, 6_001)
        self.ana.replica.stop()


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
