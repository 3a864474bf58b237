"""Hybrid time: close to the wall clock, never before anything known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import patient
from twisted_chat.core.clock import COUNTED, LEAD, MAX_WALL_MS, MICROSECONDS, SPARE, HybridClock
from twisted_chat.core.wire.frames import MAX_INT

NOW = 1_763_800_000.25


class HybridClockTests(SynchronousTestCase):
    """Stamps only grow."""

    def setUp(self) -> None:
        self.wall = NOW
        self.clock = HybridClock(lambda: self.wall)

    def test_the_wall_clock(self) -> None:
        """With nothing known a stamp is the wall clock in microseconds."""
        self.assertEqual(self.clock.stamp(), int(NOW * MICROSECONDS))
        self.assertEqual(self.clock.wall_ms(), int(NOW * 1000))

    def test_consecutive(self) -> None:
        """`stamp(n)` reserves n stamps, however fast they are drawn."""
        first = self.clock.stamp(512)
        self.assertEqual(self.clock.stamp(), first + 512)

    def test_set_back(self) -> None:
        """A wall clock set back an hour stops no stamps."""
        first = self.clock.stamp()
        self.wall -= 3600
        self.assertEqual(self.clock.stamp(), first + 1)

    def test_before_1970(self) -> None:
        """A clock that is before 1970 counts as standing there: nothing earlier can be written down."""
        self.wall = -1000.0
        self.assertEqual((self.clock.wall_ms(), self.clock.stamp(), self.clock.stamp()), (0, 1, 2))

    def test_an_answer_is_later(self) -> None:
        """What is said after something was heard is stamped after it, though the other's clock be an hour ahead."""
        heard = int((NOW + 3600) * MICROSECONDS)
        self.clock.observe(heard)
        self.assertEqual(self.clock.stamp(), heard + 1)

    def test_a_mad_clock(self) -> None:
        """An answer to what bears a time years ahead, or back in 1970, is stamped after it."""
        ahead = int((NOW + 5 * 365 * 24 * 3600) * MICROSECONDS)
        self.clock.observe(ahead)
        self.assertEqual(self.clock.stamp(), ahead + 1)
        self.wall = 0.0
        self.assertEqual(self.clock.stamp(), ahead + 2)

    def test_year_9999(self) -> None:
        """No wall clock leads to where numbers only count, nor beyond what a batch may bear."""
        self.wall = 253_402_300_000.0
        self.assertEqual((self.clock.stamp(), self.clock.wall_ms()), (COUNTED - 1, MAX_WALL_MS))
        self.assertEqual(self.clock.stamp(), COUNTED)

    def test_numbers_are_not_used_up(self) -> None:
        """Who signs the highest numbers there are leads others on by a step for each record; a billion leave most of them."""
        for _ in range(1000):
            self.clock.observe(MAX_INT)
        self.assertEqual(self.clock.newest, COUNTED + 1000 * LEAD)
        self.assertLess(COUNTED + 10**9 * LEAD, MAX_INT)
        self.assertEqual(self.clock.stamp(), COUNTED + 1000 * LEAD + 1)

    def test_reach(self) -> None:
        """What is within reach is followed when it is observed: an answer to what is shown sorts after it."""
        self.clock.observe(MAX_INT)
        for _ in range(3):
            near = self.clock.reach
            self.clock.observe(near)
            self.assertEqual(self.clock.stamp(), near + 1)
        self.assertGreater(MAX_INT, self.clock.reach)

    def test_records_lead(self) -> None:
        """A batch of many records leads as far as they do one by one."""
        self.clock.observe(COUNTED + 500 * LEAD, 512)
        self.assertEqual(self.clock.newest, COUNTED + 500 * LEAD)
        self.clock.observe(MAX_INT, 2)
        self.assertEqual(self.clock.newest, COUNTED + 502 * LEAD)

    def test_a_forked_feed(self) -> None:
        """Of others, who were led on by what a fork ends, nothing stays out of reach: they reach as far, once."""
        led, other = self.clock, HybridClock(lambda: NOW)
        for _ in range(1000):
            led.observe(MAX_INT)
        stamp = led.stamp()
        shown: list[bool] = []
        other.allowed = lambda: shown.append(stamp <= other.reach)
        other.observe(stamp)
        self.assertGreater(stamp, other.reach)
        other.allow()
        self.assertEqual(shown, [True])
        other.observe(stamp)
        self.assertEqual(other.newest, stamp)
        for _ in range(3):
            other.observe(MAX_INT)
        self.assertEqual(other.newest, COUNTED + SPARE + 2 * LEAD)

    def test_own_records(self) -> None:
        """The author's own earlier records are followed however far ahead they are."""
        self.clock.follow(COUNTED * 2 - 1000)
        self.assertEqual(self.clock.stamp(), COUNTED * 2 - 999)

    @patient
    @given(st.lists(st.tuples(st.sampled_from("wos"), st.integers(-(10**12), 10**12))))
    def test_only_growing(self, happenings: list[tuple[str, int]]) -> None:
        """Whatever the wall clock does and whatever is heard, every stamp is above the last."""
        wall = [NOW]
        clock = HybridClock(lambda: wall[0])
        last = 0
        for kind, amount in happenings:
            if kind == "w":
                wall[0] = max(0.0, wall[0] + amount / MICROSECONDS)
            elif kind == "o":
                clock.observe(int(NOW * MICROSECONDS) + amount)
            else:
                stamp = clock.stamp(1 + amount % 5)
                self.assertGreater(stamp, last)
                last = stamp + amount % 5
