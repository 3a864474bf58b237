"""What is held of one feed, and where a batch belongs in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from tests.kit.patience import patient
from tests.kit.signing import Writer
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.replication.holding import Holding, Place
from twisted_chat.core.replication.holes import Hole
from twisted_chat.core.replication.store import Held

ANA = Author()
BATCHES = ANA.batches(*[(n, n) for n in range(1, 21)])
"""Twenty batches of one record each."""


def one(number: int) -> Batch:
    """Return the batch of record `number`."""
    return BATCHES[number - 1]


def held(*numbers: int, jump: bool = False) -> Holding:
    """Return a holding that took these records in this order, and has them all on disk."""
    holding = Holding(ANA.feed)
    for number in numbers:
        if number > holding.high:
            holding.extend(one(number))
        else:
            holding.fill(one(number))
        holding.keep(one(number))
    return holding


class PlaceTests(SynchronousTestCase):
    """A batch's place is told from its numbers and hashes alone."""

    def test_table(self) -> None:
        """Next, known, beyond a gap, into the hole: each where it belongs."""
        whole, low_end, hole = held(1, 2, 3), held(1, 2, 3), held(1, 2, 8, 9)
        low_end.trim(3)
        for holding, number, place in (
            (Holding(ANA.feed), 1, Place.NEXT),
            (Holding(ANA.feed), 2, Place.GAP),
            (whole, 4, Place.NEXT),
            (whole, 3, Place.KNOWN),
            (whole, 1, Place.KNOWN),
            (whole, 5, Place.GAP),
            (low_end, 1, Place.KNOWN),
            (low_end, 4, Place.NEXT),
            (hole, 1, Place.KNOWN),
            (hole, 3, Place.FILLS),
            (hole, 4, Place.KNOWN),
            (hole, 7, Place.KNOWN),
            (hole, 9, Place.KNOWN),
            (hole, 10, Place.NEXT),
            (hole, 11, Place.GAP),
        ):
            self.assertIs(holding.place(one(number)), place, (holding.low, holding.high, number))

    def test_across_the_hole(self) -> None:
        """A batch that reaches over the end of the hole fills nothing."""
        holding = held(1, 2, 8)
        self.assertIs(holding.place(ANA.batch(3, 5)), Place.FILLS)
        self.assertIs(holding.place(ANA.batch(3, 6)), Place.CONFLICT)
        self.assertIs(holding.place(ANA.batch(2, 3)), Place.KNOWN)

    def test_conflict(self) -> None:
        """A different batch where the newest is contradicts it; where an older one is, it is not looked at."""
        holding = held(1, 2, 3)
        self.assertIs(holding.place(ANA.batch(3, text="x")), Place.CONFLICT)
        self.assertIs(holding.place(ANA.batch(3, 4)), Place.CONFLICT)
        self.assertIs(holding.place(ANA.batch(2, 2)), Place.CONFLICT)
        self.assertIs(holding.place(ANA.batch(2, text="x")), Place.KNOWN)

    def test_frozen(self) -> None:
        """Nothing at or behind the place of a fork is taken, and what lies before it is."""
        holding = held(1)
        holding.fork = ANA.fork(3)
        self.assertIs(holding.place(one(2)), Place.NEXT)
        self.assertIs(holding.place(one(3)), Place.FROZEN)
        self.assertIs(holding.place(one(9)), Place.FROZEN)
        self.assertIs(holding.place(ANA.batch(2, 2)), Place.FROZEN)
        self.assertIs(holding.place(one(1)), Place.KNOWN)

    def test_chained(self) -> None:
        """The next batch must name the newest one held, but at the start of a feed and after a jump; what fills a hole must
        continue what lies before it, and lead to what comes after."""
        self.assertEqual(held(1, 2).contradicted(one(3)), 0)
        self.assertEqual(held(1, 2).contradicted(ANA.batch(3)), 2)
        self.assertEqual(Holding(ANA.feed).contradicted(ANA.batch(1)), 0)
        self.assertEqual(held(1, 2).contradicted(ANA.batch(9)), 0)
        hole = held(1, 2, 5)
        self.assertEqual(hole.contradicted(one(3)), 0)
        self.assertEqual(hole.contradicted(ANA.batch(3)), 2)
        self.assertEqual(hole.contradicted(ANA.batch(3, 2, prev=one(2).hash)), 5)
        hole.fill(one(3))
        self.assertEqual(hole.contradicted(one(4)), 0)
        self.assertEqual(hole.contradicted(ANA.batch(4)), 3)
        self.assertEqual(hole.contradicted(ANA.batch(4, text="no", prev=one(3).hash)), 5)

    def test_time_goes_on(self) -> None:
        """With every record hybrid time goes on, across a hole too."""
        writer = Writer(1)
        first = writer.write("a", "b")
        for place, least in ((3, 1), (4, 2), (9, 7)):
            for lc, good in ((0, False), (least - 1, False), (least, True)):
                holding = Holding(writer.feed)
                holding.extend(first)
                batch = writer.forge(writer.sign(first, "c"), first=place, lc=first.last_lc + lc)
                self.assertEqual(holding.contradicted(batch), 0 if good else 1, (place, lc))
                self.assertEqual(batch.contradicts(first), not good)
                self.assertEqual(first.contradicts(batch), not good)
        holding = Holding(writer.feed)
        late = writer.forge(writer.sign(first, "c"), first=9, lc=first.last_lc + 20)
        holding.extend(first)
        holding.extend(late)
        for lc, good in ((late.lc - 6, True), (late.lc - 5, False), (first.last_lc, False)):
            batch = writer.forge(writer.sign(first, "d"), lc=lc)
            self.assertEqual(bool(holding.contradicted(batch)), not good)


class RangeTests(SynchronousTestCase):
    """What may be announced is durable and free of gaps."""

    def test_kept_follows(self) -> None:
        """What was accepted and is not on disk yet is held, and not announced."""
        holding = Holding(ANA.feed)
        holding.extend(one(1))
        holding.extend(one(2))
        self.assertEqual((holding.high, holding.kept_high), (2, 0))
        holding.keep(one(1))
        self.assertEqual((holding.kept_low, holding.kept_high), (1, 1))

    def test_a_jump_hides_what_lies_below(self) -> None:
        """After a jump the range starts beyond the hole, and goes back down when the hole is filled and on disk."""
        holding = held(1, 2, 8)
        self.assertEqual((holding.holes[0][:2], holding.kept_low, holding.kept_high), ((3, 7), 8, 8))
        for number in range(3, 8):
            self.assertEqual(holding.holes[0][:2], (number, 7))
            holding.fill(one(number))
            self.assertEqual(holding.kept_low, 8)
        self.assertEqual(holding.holes, ())
        self.assertEqual(holding.kept_low, 8, "the last of it is not on disk yet")
        holding.keep(one(7))
        self.assertEqual((holding.low, holding.kept_low, holding.kept_high), (1, 1, 8))

    def test_starting_late(self) -> None:
        """A feed whose start nobody holds begins with a hole, and is announced from where it begins."""
        holding = held(5)
        self.assertEqual((holding.holes[0][:2], holding.kept_low, holding.kept_high), ((1, 4), 5, 5))

    def test_several_holes(self) -> None:
        """Each hole stays until it is filled, in whatever order; the range grows when the highest is."""
        holding = held(1, 4, 7)
        self.assertEqual([hole[:2] for hole in holding.holes], [(5, 6), (2, 3)])
        for number, low in ((2, 7), (5, 7), (3, 7), (6, 1)):
            self.assertIs(holding.place(one(number)), Place.FILLS)
            holding.fill(one(number))
            holding.keep(one(number))
            self.assertEqual((holding.low, holding.kept_low), (low, low))
        holding = held(1, 4, 7)
        for number in (5, 6):
            holding.fill(one(number))
            holding.keep(one(number))
        self.assertEqual((holding.low, holding.kept_low, holding.holes[0][:3]), (4, 4, (2, 3, 1)))

    def test_trim(self) -> None:
        """What was given up is announced no more, and its hole is not filled."""
        holding = held(1, 2, 8, 9)
        holding.trim(9)
        self.assertEqual((holding.low, holding.kept_low, holding.kept_high, holding.holes), (9, 9, 9, ()))
        self.assertIs(holding.place(one(3)), Place.KNOWN)
        holding.trim(10)
        self.assertEqual((holding.kept_low, holding.kept_high), (10, 9))
        self.assertIs(holding.place(one(10)), Place.NEXT)

    def test_load(self) -> None:
        """What a store held is all durable, and goes on where it ended."""
        holding = Holding(ANA.feed)
        holding.load(Held(ANA.feed, 4, 6, one(6).hash, 6, one(6).last_lc, (Hole(2, 3, 1),)))
        self.assertEqual((holding.kept_low, holding.kept_high, len(holding.holes)), (4, 6, 1))
        self.assertIs(holding.place(one(7)), Place.NEXT)
        self.assertEqual(holding.contradicted(one(7)), 0)
        self.assertIs(holding.place(one(2)), Place.FILLS)
        holding.load(None)
        self.assertEqual((holding.low, holding.high, holding.kept_high), (1, 0, 0))

    @patient
    @given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=60), st.data())
    def test_against_a_set(self, arrivals: list[tuple[int, bool]], data: st.DataObject) -> None:
        """Batches in any order, jumps and late commits: whatever is announced really is on disk, all of it, and what is
        taken is never taken twice."""
        holding = Holding(ANA.feed)
        taken: set[int] = set()
        durable: set[int] = set()
        waiting: list[int] = []
        for number, jump in arrivals:
            place = holding.place(one(number))
            if jump and place is Place.GAP and holding.may_jump:
                place = Place.NEXT
            if number in taken:
                self.assertIs(place, Place.KNOWN)
            if place in (Place.NEXT, Place.FILLS):
                taken.add(number)
                waiting.append(number)
                self.assertEqual(holding.contradicted(one(number)), 0)
                (holding.extend if place is Place.NEXT else holding.fill)(one(number))
            for _ in range(data.draw(st.integers(0, len(waiting)))):
                kept = waiting.pop(0)
                durable.add(kept)
                holding.keep(one(kept))
            self.assertLessEqual(set(range(holding.kept_low, holding.kept_high + 1)), durable)
            self.assertEqual(set(range(holding.low, holding.high + 1)) - taken, set())
            missing = {number for hole in holding.holes for number in range(hole.first, hole.last + 1)}
            self.assertEqual(missing | taken, set(range(1, holding.high + 1)))
            self.assertEqual(missing & taken, set())
        for kept in waiting:
            holding.keep(one(kept))
        self.assertEqual((holding.kept_low, holding.kept_high), (holding.low, holding.high))
