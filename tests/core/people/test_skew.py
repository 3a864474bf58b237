"""Guesses at how far others' clocks are off."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.people.skew import AGAIN, ALARMING, ENOUGH, MOMENT, NOTABLE, SAMPLES, Skews

YEAR = 365.25 * 86400


class SkewCase(SynchronousTestCase):
    """Ana's, Bia's and Caio's clocks, against ours."""

    def setUp(self) -> None:
        """Know nothing yet."""
        self.clock = Clock()
        self.skews = Skews(self.clock.seconds)

    def note(self, times: int = 1, **ahead: float) -> None:
        """Have each say something with a clock so far ahead, `times` times, a moment apart."""
        for _ in range(times):
            for member, seconds in ahead.items():
                self.skews.note(member.encode(), 1000 + seconds, 1000)
            self.clock.advance(MOMENT)


class NotableTests(SkewCase):
    """What `/doctor` tells."""

    def test_notable(self) -> None:
        """Only clocks that are off by some seconds are told, ahead or behind."""
        self.note(ana=2 * NOTABLE, bia=-3 * NOTABLE, caio=NOTABLE - 1)
        self.assertEqual(self.skews.notable(), {b"ana": 2 * NOTABLE, b"bia": -3 * NOTABLE})

    def test_delay(self) -> None:
        """One message that was under way for long does not make a clock look as if it were behind."""
        for delay in (60, 0.1, 300):
            self.note(ana=-delay)
        self.assertEqual(self.skews.notable(), {})

    def test_set_right(self) -> None:
        """A clock that was set right is no longer told once it has been some moments ago."""
        self.note(ana=4000)
        self.note(SAMPLES, ana=0)
        self.assertEqual(self.skews.notable(), {})


class AlarmTests(SkewCase):
    """What people are told unasked."""

    def test_two(self) -> None:
        """Of two nobody knows who is right: the difference is told, once, when nobody else has spoken for a while."""
        self.note(ENOUGH - 1, ana=5 * YEAR)
        self.assertIsNone(self.skews.alarm())
        self.note(ana=5 * YEAR)
        self.assertEqual(self.skews.alarm(), (b"ana", 5 * YEAR))
        self.note(ana=5 * YEAR)
        self.assertIsNone(self.skews.alarm())

    def test_ours(self) -> None:
        """Who differs from all others is off itself, and is told by how much."""
        self.note(ana=5 * YEAR, bia=5 * YEAR + 3)
        who, ahead = self.skews.alarm() or (b"nobody", 0)
        self.assertIsNone(who)
        self.assertEqual(ahead, -5 * YEAR - 1.5)
        self.assertEqual(self.skews.ours(), ahead)

    def test_somebody_else(self) -> None:
        """Of several, whose clock is off is told by its own peer, not by everybody's."""
        self.note(ana=5 * YEAR, bia=0.2, caio=-0.3)
        self.assertIsNone(self.skews.alarm())
        self.assertEqual(self.skews.ours(), 0)

    def test_no_agreement(self) -> None:
        """Where no two clocks agree nothing is said of ours."""
        self.note(ana=5 * YEAR, bia=-YEAR, caio=3 * YEAR)
        self.assertIsNone(self.skews.alarm())

    def test_little(self) -> None:
        """A minute is nothing that anybody is disturbed for."""
        self.note(ana=ALARMING / 2, bia=ALARMING / 2)
        self.assertIsNone(self.skews.alarm())

    def test_late(self) -> None:
        """A heap of messages that were long under way makes nobody's clock look wrong; a clock that stays behind does."""
        for _ in range(SAMPLES):
            self.skews.note(b"ana", 1000, 1000 + 2 * ALARMING)
        self.assertIsNone(self.skews.alarm())
        self.clock.advance(MOMENT)
        self.note(ENOUGH - 1, ana=-2 * ALARMING)
        self.assertEqual(self.skews.alarm(), (b"ana", -2 * ALARMING))

    def test_again(self) -> None:
        """A clock that goes wrong once more is told once more, but nobody can have it told all the time."""
        told = 0
        for _ in range(10):
            self.note(SAMPLES, ana=YEAR)
            told += self.skews.alarm() is not None
            self.note(SAMPLES, ana=0)
            told += self.skews.alarm() is not None
        self.assertEqual(told, -(-10 * 2 * SAMPLES * MOMENT // AGAIN))

    def test_news(self) -> None:
        """Whoever notes is told whether a guess may change: by a new sample, or by one that is nearer to the truth."""
        notes = [self.skews.note(b"ana", said, 1000) for said in (1000, 999, 1000, 1001)]
        self.assertEqual(notes, [True, False, False, True])
        self.clock.advance(MOMENT)
        self.assertTrue(self.skews.note(b"ana", 990, 1000))
