"""The cursor: what a link has been sent of each feed it follows."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from tests.kit.wires import Recorder
from twisted_chat.core.errors import ChatError
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch
from twisted_chat.core.replication.insisting import FIRST_WAIT, LONGEST_WAIT
from twisted_chat.core.replication.neighbour import Neighbour
from twisted_chat.core.wire.frames import BatchFrame
from twisted_chat.storage.memory import MemoryStore

BATCHES = Author().batches(*[(n, n) for n in range(1, 41)])
FEED = BATCHES[0].feed


def numbers(wire: Recorder) -> list[int]:
    """Return the first record of every batch sent."""
    return [parse_batch(frame.sig, bytes(frame.body)).first for frame in wire.frames(BatchFrame)]


class SmallPages:
    """Reads from a memory store, two small batches a page; each read is answered by `answer`, if `slow`."""

    def __init__(self, *batches: Batch) -> None:
        self.store = MemoryStore()
        for batch in batches:
            self.store.append(batch)
        self.slow = False
        self.broken: set[FeedId] = set()
        """Feeds that can't be read."""
        self.reads: list[tuple[FeedId, int]] = []
        self._unanswered: list[tuple[Deferred[Sequence[Batch]], Deferred[Sequence[Batch]]]] = []

    def read(self, feed: FeedId, first: int) -> Deferred[Sequence[Batch]]:
        """See `Store.read`."""
        self.reads.append((feed, first))
        if feed in self.broken:
            return fail(ChatError("Input/output error"))
        page = self.store.read(feed, first, 2 * BATCHES[20].size + 20)
        if not self.slow:
            return page
        later: Deferred[Sequence[Batch]] = Deferred()
        self._unanswered.append((page, later))
        return later

    def answer(self) -> None:
        """Answer the oldest read."""
        page, later = self._unanswered.pop(0)
        page.chainDeferred(later)

    @property
    def waiting(self) -> int:
        """How many reads are not answered."""
        return len(self._unanswered)


class CursorTests(SynchronousTestCase):
    """Live and catch-up are one mechanism: everything from where one follows, once, in order."""

    def setUp(self) -> None:
        self.wire = Recorder()
        self.pages = SmallPages()
        self.clock = Clock()
        self.neighbour = Neighbour(self.wire, self.pages.read, self.clock)

    def hold(self, *which: int) -> None:
        """Let the store hold records."""
        for number in which:
            self.pages.store.append(BATCHES[number - 1])

    def arrive(self, *which: int) -> None:
        """Let records arrive, and be offered."""
        for number in which:
            self.hold(number)
            self.neighbour.offer(BATCHES[number - 1])

    def test_live(self) -> None:
        """What arrives where the cursor stands goes out at once, without a look into the store."""
        self.neighbour.follow(FEED, 1, 0)
        self.arrive(1, 2, 3)
        self.assertEqual(numbers(self.wire), [1, 2, 3])
        self.assertEqual(self.pages.reads, [])

    def test_the_same_bytes(self) -> None:
        """Batches are passed on byte for byte."""
        self.neighbour.follow(FEED, 1, 0)
        self.arrive(1)
        self.assertEqual(self.wire.lines, [BATCHES[0].line])

    def test_not_followed(self) -> None:
        """What nobody follows is not sent."""
        self.arrive(1, 2)
        self.neighbour.follow(FEED._replace(epoch=99), 1, 0)
        self.arrive(3)
        self.assertEqual(self.wire.lines, [])

    def test_catch_up(self) -> None:
        """What is held when one begins to follow comes first, then what arrives."""
        self.hold(*range(1, 8))
        self.neighbour.follow(FEED, 3, 7)
        self.arrive(8)
        self.assertEqual(numbers(self.wire), [3, 4, 5, 6, 7, 8])

    def test_paused(self) -> None:
        """While the transport is full nothing is sent and nothing is queued; afterwards the store has it all."""
        self.neighbour.follow(FEED, 1, 0)
        self.arrive(1)
        self.wire.writable = False
        self.arrive(*range(2, 20))
        self.assertEqual(numbers(self.wire), [1])
        self.assertEqual(self.pages.reads, [])
        self.wire.writable = True
        self.arrive(20)
        self.assertEqual(numbers(self.wire), [1], "nothing overtakes what is behind")
        self.neighbour.pump()
        self.assertEqual(numbers(self.wire), list(range(1, 21)))

    def test_a_page_at_a_time(self) -> None:
        """No more than one page goes beyond the point at which the transport is full."""

        class Full(Recorder):
            def send_line(self, line: bytes) -> None:
                super().send_line(line)
                self.writable = False

        self.wire = Full()
        self.clock = Clock()
        self.neighbour = Neighbour(self.wire, self.pages.read, self.clock)
        self.hold(*range(1, 21))
        self.neighbour.follow(FEED, 1, 20)
        for sent in (2, 4, 6):
            self.assertEqual(len(self.pages.reads), sent // 2)
            self.assertEqual(numbers(self.wire), list(range(1, sent + 1)))
            self.wire.writable = True
            self.neighbour.pump()

    def test_while_a_page_is_read(self) -> None:
        """What arrives while the store is asked neither overtakes what is behind nor is lost; one page is read at a time."""
        self.pages.slow = True
        self.hold(1, 2, 3)
        self.neighbour.follow(FEED, 1, 3)
        self.arrive(4)
        self.neighbour.pump()
        self.assertEqual(self.pages.waiting, 1)
        self.assertEqual(numbers(self.wire), [])
        while self.pages.waiting:
            self.pages.answer()
            self.neighbour.pump()
        self.arrive(5)
        self.assertEqual(numbers(self.wire), [1, 2, 3, 4, 5])

    def test_paused_while_a_page_is_read(self) -> None:
        """A page that comes after the transport has filled goes out, and then nothing."""
        self.pages.slow = True
        self.hold(*range(1, 8))
        self.neighbour.follow(FEED, 1, 7)
        self.wire.writable = False
        self.pages.answer()
        self.assertEqual(self.pages.waiting, 0)
        self.assertEqual(numbers(self.wire), [1, 2])

    def test_followed_anew_while_a_page_is_read(self) -> None:
        """Who asks for earlier records while later ones are being read gets the earlier ones: nothing is skipped."""
        self.pages.slow = True
        self.hold(*range(1, 8))
        self.neighbour.follow(FEED, 6, 7)
        self.neighbour.follow(FEED, 2, 7)
        while self.pages.waiting:
            self.pages.answer()
        self.assertEqual(numbers(self.wire)[-6:], [2, 3, 4, 5, 6, 7])

    def test_fair(self) -> None:
        """Several feeds that are behind take turns, a page each: a long one does not hold up a short one."""
        authors = [Author(epoch=epoch) for epoch in (1, 2)]
        long, short = authors[0].batches(*[(n, n) for n in range(1, 21)]), authors[1].batches((1, 1), (2, 2))
        self.pages = SmallPages(*long, *short)
        self.clock = Clock()
        self.neighbour = Neighbour(self.wire, self.pages.read, self.clock)
        self.wire.writable = False
        self.neighbour.follow(long[0].feed, 1, 20)
        self.neighbour.follow(short[0].feed, 1, 2)
        self.wire.writable = True
        self.neighbour.pump()
        feeds = [parse_batch(frame.sig, bytes(frame.body)).feed.epoch for frame in self.wire.frames(BatchFrame)]
        self.assertEqual(feeds[:6], [1, 1, 2, 2, 1, 1])
        self.assertEqual(len(feeds), 22)

    def test_unfollow(self) -> None:
        """After a `stop` nothing more of that feed is sent, be it live, behind or being read."""
        self.neighbour.follow(FEED, 1, 0)
        self.neighbour.unfollow(FEED)
        self.arrive(1, 2, 3)
        self.pages.slow = True
        self.neighbour.follow(FEED, 1, 3)
        self.neighbour.unfollow(FEED)
        self.pages.answer()
        self.neighbour.unfollow(FEED)
        self.assertEqual(self.wire.lines, [])

    def test_passed(self) -> None:
        """What the other side has sent itself it is not sent."""
        self.neighbour.follow(FEED, 1, 0)
        self.neighbour.passed(BATCHES[0])
        self.arrive(1, 2)
        self.assertEqual(numbers(self.wire), [2])
        self.neighbour.passed(BATCHES[0])
        self.arrive(3)
        self.assertEqual(numbers(self.wire), [2, 3], "an old batch does not turn the cursor back")
        self.neighbour.passed(Author(2).batch(1))
        self.neighbour.offer(Author(2).batch(1))
        self.assertEqual(numbers(self.wire), [2, 3], "nor is what it sends followed for that")

    def test_across_a_hole(self) -> None:
        """A follower gets what is held beyond a hole, too, and in order."""
        self.neighbour.follow(FEED, 1, 0)
        self.arrive(1)
        self.arrive(9)
        self.neighbour.pump()
        self.arrive(10)
        self.neighbour.pump()
        self.assertEqual(numbers(self.wire), [1, 9, 10])

    def test_given_up(self) -> None:
        """Who asks for what was given up meanwhile gets what is left, and nobody waits for the rest for ever."""
        self.hold(5, 6)
        self.neighbour.follow(FEED, 1, 6)
        self.assertEqual(numbers(self.wire), [5, 6])
        self.neighbour.follow(FEED._replace(epoch=3), 1, 9)
        self.assertEqual(len(self.pages.reads), 2)

    def test_closed(self) -> None:
        """Nothing is read for a link that is gone, and a page on its way is dropped."""
        self.pages.slow = True
        self.hold(*range(1, 8))
        self.neighbour.follow(FEED, 1, 7)
        self.neighbour.close()
        self.pages.answer()
        self.neighbour.pump()
        self.assertEqual((self.wire.lines, self.pages.waiting), ([], 0))

    def test_drained(self) -> None:
        """One can tell whether all has gone to the transport."""
        self.assertTrue(self.neighbour.drained(FEED, 1), "who does not follow waits for nothing")
        self.neighbour.follow(FEED, 1, 0)
        self.assertFalse(self.neighbour.drained(FEED, 1))
        self.arrive(1)
        self.assertTrue(self.neighbour.drained(FEED, 1))
        self.wire.writable = False
        self.arrive(2)
        self.assertFalse(self.neighbour.drained(FEED, 2))

    def test_offers(self) -> None:
        """What the other side holds is a range."""
        self.neighbour.have[FEED] = (3, 5)
        self.assertEqual([number for number in range(8) if self.neighbour.offers(FEED, number)], [3, 4, 5])
        self.assertFalse(self.neighbour.offers(FEED._replace(epoch=1), 1))

    def test_many_small_feeds(self) -> None:
        """10,000 feeds behind, and a store that answers within the call: no recursion, all sent, one read each."""
        batches = [BATCHES[0]]
        author = Author()
        for epoch in range(10_000):
            author.feed = FeedId(author.feed.author, epoch)
            batches.append(self._renamed(BATCHES[0], author.feed))
        self.pages = SmallPages(*batches[1:])
        self.clock = Clock()
        self.neighbour = Neighbour(self.wire, self.pages.read, self.clock)
        self.wire.writable = False
        for batch in batches[1:]:
            self.neighbour.follow(batch.feed, 1, 1)
        self.wire.writable = True
        self.neighbour.pump()
        self.assertEqual((len(self.wire.lines), len(self.pages.reads)), (10_000, 10_000))

    @staticmethod
    def _renamed(batch: Batch, feed: FeedId) -> Batch:
        return replace(batch, feed=feed)


class UnreadTests(SynchronousTestCase):
    """A page that can't be read now."""

    def setUp(self) -> None:
        self.wire = Recorder()
        self.clock = Clock()
        self.other = Author(2).batches((1, 1), (2, 2))
        self.pages = SmallPages(*BATCHES, *self.other)
        self.neighbour = Neighbour(self.wire, self.pages.read, self.clock)
        self.pages.broken = {FEED}
        self.neighbour.follow(FEED, 1, 40)

    def test_again(self) -> None:
        """It is read again, ever more rarely, and the link goes on from there by itself."""
        for _ in range(100):
            self.clock.advance(1)
        self.assertLess(len(self.pages.reads), 10)
        self.assertEqual(self.neighbour.behind, 40)
        self.pages.broken.clear()
        self.clock.advance(LONGEST_WAIT)
        self.assertEqual(numbers(self.wire), list(range(1, 41)))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_others(self) -> None:
        """Meanwhile other feeds go out, and what is said in this one waits in its place."""
        self.neighbour.follow(self.other[0].feed, 1, 2)
        self.assertEqual(len(numbers(self.wire)), 2)
        self.neighbour.offer(BATCHES[39])
        self.assertEqual(len(numbers(self.wire)), 2)
        self.pages.broken.clear()
        self.clock.advance(FIRST_WAIT)
        self.assertEqual(numbers(self.wire)[2:], list(range(1, 41)))

    def test_no_longer_wanted(self) -> None:
        """Nothing is read any more once the other side stops it, or is gone."""
        self.neighbour.unfollow(FEED)
        self.clock.advance(FIRST_WAIT)
        self.neighbour.follow(FEED, 1, 40)
        self.neighbour.close()
        self.assertEqual((self.clock.getDelayedCalls(), len(self.pages.reads)), ([], 2))
