"""Guesses at how far others' clocks are off."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.skew import NOTABLE, SAMPLES, Skews


class SkewTests(SynchronousTestCase):
    """Ana's and Bia's clocks, against ours."""

    def setUp(self) -> None:
        self.skews = Skews()

    def test_notable(self) -> None:
        """Only clocks that are off by some seconds are told, ahead or behind."""
        self.skews.note(b"ana", 1000 + 2 * NOTABLE, 1000)
        self.skews.note(b"bia", 1000 - 3 * NOTABLE, 1000)
        self.skews.note(b"caio", 1000 + NOTABLE - 1, 1000)
        self.assertEqual(self.skews.notable(), {b"ana": 2 * NOTABLE, b"bia": -3 * NOTABLE})

    def test_delay(self) -> None:
        """One message that was under way for long does not make a clock look as if it were behind."""
        for delay in (60, 0.1, 300):
            self.skews.note(b"ana", 1000, 1000 + delay)
        self.assertEqual(self.skews.notable(), {})

    def test_set_right(self) -> None:
        """A clock that was set right is no longer told once some messages were said by it."""
        self.skews.note(b"ana", 5000, 1000)
        for _ in range(SAMPLES):
            self.skews.note(b"ana", 2000, 2000)
        self.assertEqual(self.skews.notable(), {})
