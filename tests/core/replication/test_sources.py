"""From whom what is lacking is wanted, and what happens when nothing comes."""

from __future__ import annotations

from itertools import pairwise

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from tests.kit.wires import Party, Recorder, join, run
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.group import MAX_AUTHORS
from twisted_chat.core.replication.behind import MAX_ASKED, TURN
from twisted_chat.core.replication.ranking import PATIENCE, STALL
from twisted_chat.core.replication.sources import GRACE, HOLE
from twisted_chat.core.replication.store import Held, Loaded
from twisted_chat.core.wire.frames import BatchFrame, Digest, Have, Range, Stop, Want

CAI = Author(9)
BATCHES = CAI.batches(*[(n, n) for n in range(1, 31)])
FEED = BATCHES[0].feed


def carry(batch: Batch) -> BatchFrame:
    """Return the frame that carries a batch."""
    return BatchFrame(batch.sig, batch.signed().body)


def have(low: int, high: int, feed: FeedId = FEED) -> Have:
    """Announce a range of a feed."""
    return Have({feed.author: [Range(feed.epoch, low, high)]})


class SourcesTestCase(SynchronousTestCase):
    """Ana, and links to others of whom the test decides what they say."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ana = Party(self.clock, 1)

    def link(self, member: bytes = b"o" * 32, *held: Have) -> Recorder:
        """Return a link whose other side has told what it holds."""
        wire = Recorder(member)
        self.ana.replica.attach(wire)
        self.ana.hears(wire, Digest({}), *held, Have({}, True))
        wire.lines = [line for line in wire.lines if b'"want"' in line]
        return wire

    def wants(self, wire: Recorder) -> list[Want | Stop]:
        """Return what is asked for over a link since this was asked last."""
        return wire.take(Want, Stop)


class ChoiceTests(SourcesTestCase):
    """Each feed has one source."""

    def test_at_once(self) -> None:
        """What is lacking is wanted at once from who has it, if its author is not here."""
        wire = self.link(b"o" * 32, have(1, 3))
        self.assertEqual(self.wants(wire), [Want(FEED, 1)])

    def test_one_source(self) -> None:
        """Of several that have it one is asked, and goes on being the source of what follows."""
        wires = [self.link(bytes([n]) * 32, have(1, 3)) for n in (11, 12, 13)]
        run(self.clock, 0.2)
        self.ana.hears(wires[0], *map(carry, BATCHES[:3]))
        for wire in wires:
            self.ana.hears(wire, have(1, 4))
        run(self.clock, 0.5)
        self.assertEqual([self.wants(wire) for wire in wires], [[Want(FEED, 1)], [], []])
        self.ana.hears(wires[0], carry(BATCHES[3]))
        self.assertEqual(len(self.ana.shown), 4)

    def test_from_where_we_are(self) -> None:
        """Only what is lacking is wanted."""
        self.ana.give(*BATCHES[:5])
        wire = self.link(b"o" * 32, have(1, 9))
        self.assertEqual(self.wants(wire), [Want(FEED, 6)])

    def test_nothing_lacking(self) -> None:
        """Who holds as much as we, or less, is asked for nothing."""
        self.ana.give(*BATCHES[:5])
        wires = [self.link(b"o" * 32, have(1, 5)), self.link(b"p" * 32, have(1, 2))]
        run(self.clock, 10)
        self.assertEqual([self.wants(wire) for wire in wires], [[], []])

    def test_others_are_faster(self) -> None:
        """That others announce what the author's link has not brought yet is no reason to leave the author for them."""
        author, other = self.link(FEED.author), self.link(b"o" * 32)
        self.ana.hears(author, carry(BATCHES[0]))
        run(self.clock, 1)
        self.ana.hears(other, have(1, 4))
        run(self.clock, 0.2)
        self.assertEqual((self.wants(author), self.wants(other)), ([], []))
        self.ana.hears(author, *map(carry, BATCHES[1:4]))
        run(self.clock, 1)
        self.assertEqual((self.wants(author), self.wants(other)), ([], []))

    def test_the_authors_grace(self) -> None:
        """An author that is linked is given 300 ms to push what others already have."""
        author = self.link(FEED.author)
        wire = self.link(b"o" * 32, have(1, 1))
        run(self.clock, GRACE - 0.05)
        self.assertEqual(self.wants(wire), [])
        self.ana.hears(author, carry(BATCHES[0]))
        run(self.clock, 5)
        self.assertEqual(self.wants(wire), [])

    def test_the_author_is_slow(self) -> None:
        """After those 300 ms it is wanted from whoever has it."""
        author = self.link(FEED.author)
        wire = self.link(b"o" * 32, have(1, 1))
        run(self.clock, GRACE + 0.15)
        self.assertEqual(self.wants(wire), [Want(FEED, 1)])
        self.assertEqual(self.wants(author), [])

    def test_the_author_first(self) -> None:
        """Among those that have it the author is asked first: for its old feeds, which it does not push."""
        others = [self.link(bytes([n]) * 32) for n in (11, 12)]
        author = self.link(FEED.author)
        for wire in (*others, author):
            self.ana.hears(wire, have(1, 3))
        run(self.clock, GRACE + 0.15)
        self.assertEqual([self.wants(wire) for wire in (*others, author)], [[], [], [Want(FEED, 1)]])

    def test_the_load_is_shared(self) -> None:
        """Many feeds are wanted from several neighbours, about as many from each, and not over 64 at a time from one."""
        feeds = [FeedId(FEED.author, epoch) for epoch in range(200)]
        offers = [have(1, 1, feed) for feed in feeds]
        wires = [Recorder(bytes([n]) * 32) for n in (11, 12)]
        for wire in wires:
            self.ana.replica.attach(wire)
        for offer in offers:
            for wire in wires:
                self.ana.hears(wire, offer)
        run(self.clock, 0.5)
        counts = [len(self.wants(wire)) for wire in wires]
        self.assertEqual(counts, [MAX_ASKED, MAX_ASKED])

    def test_full_link_is_not_asked(self) -> None:
        """Over a link that takes nothing nothing is wanted, even if it is the only one, until it takes more."""
        wire = self.link()
        wire.writable = False
        self.ana.hears(wire, have(1, 3))
        run(self.clock, 3)
        self.assertEqual(self.wants(wire), [])
        wire.writable = True
        run(self.clock, 0.2)
        self.assertEqual(self.wants(wire), [Want(FEED, 1)])


class FailoverTests(SourcesTestCase):
    """A source that does not deliver is left for another."""

    def setUp(self) -> None:
        super().setUp()
        self.one = self.link(b"1" * 32, have(1, 3))
        self.two = self.link(b"2" * 32, have(1, 3))
        self.assertEqual((self.wants(self.one), self.wants(self.two)), ([Want(FEED, 1)], []))

    def test_stalled(self) -> None:
        """Silent for a second, it is told to stop, and another is asked for the rest."""
        self.ana.hears(self.one, carry(BATCHES[0]))
        run(self.clock, STALL - 0.1)
        self.assertEqual(self.wants(self.two), [])
        run(self.clock, 0.3)
        self.assertEqual((self.wants(self.one), self.wants(self.two)), ([Stop(FEED)], [Want(FEED, 2)]))

    def test_lost(self) -> None:
        """Its link lost, another is asked within a tenth of a second, and the lost one is not told to stop."""
        self.ana.replica.detach(self.one)
        run(self.clock, 0.1)
        self.assertEqual(self.wants(self.two), [Want(FEED, 1)])
        self.assertEqual(self.wants(self.one), [], "nothing more is said to who is gone")

    def test_slow_but_going(self) -> None:
        """A source that sends something new every half second is not left before its turn is over."""
        for batch in BATCHES[:2]:
            run(self.clock, 0.5)
            self.ana.hears(self.one, carry(batch))
        self.assertEqual((self.wants(self.one), self.wants(self.two)), ([], []))

    def trickle(self, batches: list[Batch]) -> float:
        """Have one of two that offer all send it as slowly as it can, the other at once when it is asked; return how long it
        takes."""
        began = self.clock.seconds()
        while len(self.ana.shown) < len(batches):
            self.ana.hears(self.one, carry(batches[len(self.ana.shown)]))
            run(self.clock, 0.9 * STALL)
            for want in self.two.take(Want):
                self.ana.hears(self.two, *map(carry, batches[want.start - 1 :]))
            self.assertLess(self.clock.seconds() - began, 60.0)
        return self.clock.seconds() - began

    def test_as_slow_as_it_can(self) -> None:
        """Who sends just so much as not to count as stalled delays what another offers by one turn, and no more."""
        feed = Author(7).batches(*[(n, n) for n in range(1, 1_001)])
        for wire in (self.one, self.two):
            self.ana.hears(wire, have(1, 1_000, feed[0].feed))
        self.ana.hears(self.two, *map(carry, BATCHES[:3]))
        self.ana.shown.clear()
        self.assertLess(self.trickle(feed), TURN + STALL)

    def test_turns(self) -> None:
        """All that offer have a turn, then each one twice as long; nobody is told to stop more often than that."""
        feed = Author(7).batches(*[(n, n) for n in range(1, 201)])
        for wire in (self.one, self.two):
            self.ana.hears(wire, have(1, 200, feed[0].feed))
        self.ana.hears(self.one, *map(carry, BATCHES[:3]))
        self.wants(self.one), self.wants(self.two)
        asked = []
        for batch in feed[:150]:
            for wire in (self.one, self.two):
                asked += [(wire, self.clock.seconds()) for frame in self.wants(wire) if isinstance(frame, Want)]
                if wire is self.one or asked:
                    self.ana.hears(wire, carry(batch))
            run(self.clock, 0.4)
        whose = [wire for wire, _when in asked]
        self.assertEqual(whose, [self.two, self.one] * (len(whose) // 2) + [self.two] * (len(whose) % 2))
        waits = [after - before for (_, before), (_, after) in pairwise(asked)]
        for wait, turn in zip(waits, (TURN, 2 * TURN, 2 * TURN, 4 * TURN, 4 * TURN), strict=False):
            self.assertLess(abs(wait - turn), 1.0)

    def test_busy_with_others(self) -> None:
        """A source that is busy with another of our feeds is given 10 s if all others that offer this one were asked in vain."""
        self.ana.replica.neighbours[self.two].vain = 1
        busy = Author(8).batches(*[(n, n) for n in range(1, 31)])
        self.ana.hears(self.one, have(1, 30, busy[0].feed))
        for batch in busy[:20]:
            self.ana.hears(self.one, carry(batch))
            run(self.clock, 0.45)
        self.assertEqual(self.wants(self.two), [])
        for batch in busy[20:]:
            self.ana.hears(self.one, carry(batch))
            run(self.clock, 0.45)
        self.assertGreater(30 * 0.45, PATIENCE)
        self.assertEqual(self.wants(self.two)[:1], [Want(FEED, 1)])

    def test_busy_for_a_turn(self) -> None:
        """A source that is busy with another of our feeds makes way after its turn."""
        busy = Author(8).batches(*[(n, n) for n in range(1, 11)])
        self.ana.hears(self.one, have(1, 10, busy[0].feed))
        for batch in busy:
            self.assertEqual(self.wants(self.two), [])
            self.ana.hears(self.one, carry(batch))
            run(self.clock, 0.22)
        self.assertEqual(self.wants(self.two), [Want(FEED, 1)])

    def test_back_off(self) -> None:
        """One that has failed is not asked again while there is one that has not, and then comes before who failed after it."""
        run(self.clock, STALL + 0.15)
        self.assertEqual(self.wants(self.two), [Want(FEED, 1)])
        self.wants(self.one)
        three = self.link(b"3" * 32, have(1, 3))
        run(self.clock, STALL + 0.15)
        self.assertEqual((self.wants(self.one), self.wants(three)), ([], [Want(FEED, 1)]))
        run(self.clock, STALL + 0.15)
        self.assertEqual(self.wants(self.one)[:1], [Want(FEED, 1)])

    def test_no_storm(self) -> None:
        """Two that never deliver are asked at most once a second, between them, for as long as it takes."""
        run(self.clock, 60)
        asked = self.wants(self.one) + self.wants(self.two)
        self.assertLessEqual(len([frame for frame in asked if isinstance(frame, Want)]), 62)

    def test_the_only_one(self) -> None:
        """One that never delivers and is the only one is asked again, but not again and again."""
        self.ana.replica.detach(self.two)
        run(self.clock, 61)
        asked = self.wants(self.one)
        self.assertEqual(asked[:2], [Stop(FEED), Want(FEED, 1)])
        self.assertTrue(4 <= len(asked) // 2 <= 6, asked)
        self.ana.hears(self.one, *map(carry, BATCHES[:3]))
        self.assertEqual(len(self.ana.shown), 3, "it is still welcome when it comes")

    def test_nobody_left(self) -> None:
        """When all that had it are gone, nothing goes on ticking; the next to come with it is asked."""
        for wire in (self.one, self.two):
            self.ana.replica.detach(wire)
        run(self.clock, 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        wire = self.link(b"3" * 32, have(1, 3))
        self.assertEqual(self.wants(wire), [Want(FEED, 1)])

    def test_the_author_comes(self) -> None:
        """When the author itself begins to push the feed, the other source is told to stop."""
        author = self.link(FEED.author)
        self.ana.hears(author, carry(BATCHES[0]))
        self.assertEqual(self.wants(self.one), [Stop(FEED)])


class HoleTests(SourcesTestCase):
    """What nobody holds is jumped over, and filled in when somebody comes who does."""

    def test_jump(self) -> None:
        """After 5 s in which nobody offered the next record, what comes after is taken, from its lowest holder."""
        high, low = self.link(b"1" * 32, have(9, 12)), self.link(b"2" * 32, have(6, 12))
        run(self.clock, HOLE - 0.1)
        self.assertEqual((self.wants(high), self.wants(low)), ([], []))
        self.ana.hears(low, carry(BATCHES[5]))
        self.assertEqual(self.ana.shown, [], "not before")
        run(self.clock, 0.3)
        self.assertEqual((self.wants(high), self.wants(low)), ([], [Want(FEED, 6)]))
        self.ana.hears(low, *map(carry, BATCHES[5:12]))
        self.assertEqual([batch.first for batch in self.ana.shown], list(range(6, 13)))
        run(self.clock, 1)
        self.assertEqual(self.ana.held()[FEED], (6, 12))

    def test_no_jump_over_who_is_asked(self) -> None:
        """Who once failed to send the next record and is asked for it again gets the time to send it, though somebody else
        says all the while to hold later ones."""
        self.ana.give(*BATCHES[:2])
        slow = self.link(b"1" * 32, have(1, 8))
        self.link(b"2" * 32, have(100, 100))
        run(self.clock, 4 * PATIENCE)
        for _ in range(100):
            self.wants(slow)
            run(self.clock, 0.5)
            if self.wants(slow) == [] and FEED in self.ana.replica.neighbours[slow].asked:
                self.ana.hears(slow, *map(carry, BATCHES[2:8]))
                break
        self.assertEqual([batch.first for batch in self.ana.shown], list(range(1, 9)))

    def jump(self) -> Recorder:
        """Let Ana hold 1, 2 and 6 to 8; return the link that has the latter only."""
        self.ana.give(*BATCHES[:2])
        wire = self.link(b"1" * 32, have(6, 8))
        run(self.clock, HOLE + 0.3)
        self.ana.hears(wire, *map(carry, BATCHES[5:8]))
        run(self.clock, 1)
        self.assertEqual(self.ana.held()[FEED], (6, 8))
        self.wants(wire)
        return wire

    def test_filled(self) -> None:
        """Who offers the hole is asked for it, and told to stop when it is full; then all is held again."""
        self.jump()
        wire = self.link(b"2" * 32, have(1, 8))
        run(self.clock, 0.2)
        self.assertEqual(self.wants(wire), [Want(FEED, 3)])
        self.ana.hears(wire, *map(carry, BATCHES[2:5]))
        self.assertEqual(self.wants(wire), [Stop(FEED)])
        run(self.clock, 0.2)
        self.assertEqual(self.ana.held()[FEED], (1, 8))
        self.assertEqual(sorted(batch.first for batch in self.ana.shown), list(range(1, 9)))

    def test_filled_by_the_source(self) -> None:
        """If the source itself comes to have the hole, it goes on being the source of what follows."""
        wire = self.jump()
        self.ana.hears(wire, have(1, 8))
        run(self.clock, 0.2)
        self.assertEqual(self.wants(wire), [Want(FEED, 3)])
        self.ana.hears(wire, *map(carry, BATCHES[2:5]))
        self.assertEqual(self.wants(wire), [Want(FEED, 9)])

    def test_filler_fails(self) -> None:
        """A filler that is lost, or does not deliver, is left for another."""
        self.jump()
        two = self.link(b"2" * 32, have(1, 8))
        three = self.link(b"3" * 32, have(1, 8))
        self.assertEqual((self.wants(two), self.wants(three)), ([Want(FEED, 3)], []))
        run(self.clock, STALL * 1.5)
        self.assertEqual(self.wants(three)[:1], [Want(FEED, 3)])
        self.ana.replica.detach(three)
        self.wants(two)
        run(self.clock, 0.2)
        self.assertEqual(self.wants(two)[:1], [Want(FEED, 3)])

    def test_filler_as_slow_as_it_can(self) -> None:
        """A filler that trickles makes way for another after its turn, and is told to stop."""
        wire = self.link(b"1" * 32, have(25, 30))
        run(self.clock, HOLE + 0.2)
        self.ana.hears(wire, *map(carry, BATCHES[24:]))
        two = self.link(b"2" * 32, have(1, 30))
        three = self.link(b"3" * 32, have(1, 30))
        self.assertEqual((self.wants(two), self.wants(three)), ([Want(FEED, 1)], []))
        for batch in BATCHES[:3]:
            self.assertEqual(self.wants(three), [])
            self.ana.hears(two, carry(batch))
            run(self.clock, 0.9 * STALL)
        self.assertEqual((self.wants(two), self.wants(three)), ([Stop(FEED)], [Want(FEED, 4)]))

    def test_too_many_authors(self) -> None:
        """A hole of an author beyond the limit is not jumped, raises nothing, and stops nobody else's."""
        held = [Held(FeedId(number.to_bytes(32, "big"), 1), 1, 1, b"h" * 32, 1, 1) for number in range(MAX_AUTHORS - 1)]
        self.ana = Party(self.clock, 1, Loaded(held))
        other = FeedId((0).to_bytes(32, "big"), 1)
        wire = self.link(b"1" * 32, have(6, 8), have(5, 5, other))
        run(self.clock, HOLE + 0.3)
        self.assertEqual(self.wants(wire), [Want(other, 5)])


class MadeUpTests(SourcesTestCase):
    """Offers that somebody made up."""

    def test_nothing_is_left(self) -> None:
        """Who offers feeds of authors that don't exist, again and again, takes no room from those that do."""
        for visit in range(2 * MAX_AUTHORS // MAX_ASKED):
            authors = [(1000 * visit + number).to_bytes(32, "big") for number in range(MAX_ASKED)]
            wire = self.link(b"z" * 32, *(have(1, 5, FeedId(author, 1)) for author in authors))
            self.assertEqual(len(self.wants(wire)), MAX_ASKED)
            run(self.clock, PATIENCE + 1 if visit == 0 else 0.1)
            self.ana.replica.detach(wire)
        self.assertEqual(list(self.ana.replica.holdings), [self.ana.replica.own])
        self.ana.give(BATCHES[0])
        self.assertEqual(self.ana.held()[FEED], (1, 1))


class TogetherTests(SynchronousTestCase):
    """The same with real replicas at the other ends."""

    def test_the_author_is_gone(self) -> None:
        """What only one has received from an author that died reaches everybody through that one."""
        clock = Clock()
        ana, bia, cai, dan = (Party(clock, number) for number in (1, 2, 3, 4))
        wire = join(ana, bia)
        join(bia, cai)
        join(cai, dan)
        run(clock, 0.5)
        ana.say("last words")
        run(clock, 0.01)
        wire.cut()
        run(clock, 1)
        for party in (bia, cai, dan):
            self.assertEqual(party.texts(), ["last words"])

    def test_dead_source(self) -> None:
        """A source whose link died unnoticed delays what it should have sent by a second and a bit."""
        clock = Clock()
        ana, bia, cai = (Party(clock, number) for number in (1, 2, 3))
        wires = [join(ana, bia), join(ana, cai)]
        run(clock, 0.5)
        for party in (bia, cai):
            party.give(*BATCHES[:5])
        run(clock, 0.01)
        wires[0].far.frozen = True
        run(clock, 2.0)
        self.assertEqual(len(ana.shown), 5)
