"""Whose clock is wrong."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.people.belief import BELIEVED, WITNESSES, Belief

YEAR = 365 * 24 * 3600.0
NOW = 1_763_800_000.0


class BeliefTests(SynchronousTestCase):
    """Ours says `NOW` when 100 steady seconds have passed."""

    def setUp(self) -> None:
        self.belief = Belief()

    def hear(self, *ahead: float) -> None:
        """Hear one member after the other, whose clocks are so many seconds ahead, as time goes on."""
        for number, seconds in enumerate(ahead):
            self.belief.note(bytes([number]), NOW + number + seconds, 100 + number)

    def test_nobody(self) -> None:
        """What nobody has confirmed is not believed."""
        self.assertFalse(self.belief.holds(NOW, 100))

    def test_agreeing(self) -> None:
        """One who agrees, about, will do; an hour later too."""
        self.hear(BELIEVED / 2)
        self.assertTrue(self.belief.holds(NOW, 100))
        self.assertTrue(self.belief.holds(NOW + 3600, 3700))

    def test_wrong(self) -> None:
        """Ahead or behind of all others it is not believed, nor of most of them."""
        for off in (YEAR, -YEAR, -NOW):
            self.hear(off, off, 0)
            self.assertFalse(self.belief.holds(NOW, 100), off)

    def test_others_wrong(self) -> None:
        """One whose clock is wrong does not outweigh one whose clock agrees."""
        self.hear(0, YEAR)
        self.assertTrue(self.belief.holds(NOW, 100))

    def test_set_meanwhile(self) -> None:
        """A clock that is set wrong after others agreed with it is not believed any more."""
        self.hear(0, 0)
        self.assertFalse(self.belief.holds(NOW + YEAR, 160))

    def test_bounded(self) -> None:
        """Only so many are remembered, those heard last."""
        for number in range(2 * WITNESSES):
            self.belief.note(number.to_bytes(2, "big"), NOW if number < WITNESSES else NOW + YEAR, 100)
        self.assertFalse(self.belief.holds(NOW, 100))
        self.assertEqual(len(self.belief._offsets), WITNESSES)
