"""When a link is read."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.wire.frames import Ping
from twisted_chat.net.budget import BURST, RATE
from twisted_chat.net.flow import TURN, Reading, Reason


class ReadingTests(SynchronousTestCase):
    """Reasons come and go."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.paused = False
        self.calls: list[str] = []
        self.reading = Reading(
            self, self.clock, lambda wait, call, reason: self.clock.callLater(wait, call, reason), self.resumed
        )
        self.reading.begin_turn()

    def pauseProducing(self) -> None:
        """See `Source`."""
        self.assertFalse(self.paused)
        self.paused = True

    def resumeProducing(self) -> None:
        """See `Source`."""
        self.assertEqual(self.calls.pop(), "resumed")
        self.assertTrue(self.paused)
        self.paused = False

    def resumed(self) -> None:
        """Reading is about to go on."""
        self.calls.append("resumed")

    def test_all_reasons_count(self) -> None:
        """With two reasons against it, both have to go; a reason given twice goes at once."""
        self.reading.stop(Reason.DISK)
        self.reading.stop(Reason.COMPUTING)
        self.reading.stop(Reason.DISK)
        self.reading.go_on(Reason.DISK)
        self.assertTrue(self.paused)
        self.reading.go_on(Reason.DISK)
        self.reading.go_on(Reason.TURN)
        self.assertTrue(self.paused)
        self.reading.go_on(Reason.COMPUTING)
        self.assertFalse(self.paused)

    def test_turn(self) -> None:
        """Who has taken longer than a turn rests until the reactor has been round once, and then begins another."""
        self.clock.advance(TURN / 2)
        self.reading.took(Ping(1), 0)
        self.assertFalse(self.paused)
        self.clock.advance(TURN)
        self.reading.took(Ping(1), 0)
        self.assertTrue(self.paused)
        self.clock.advance(0)
        self.assertFalse(self.paused)
        self.reading.begin_turn()
        self.reading.took(Ping(1), 0)
        self.assertFalse(self.paused)

    def test_budget(self) -> None:
        """Who sends more than anybody needs rests until that is made up for; then it is read on, as slowly as it earns."""
        taken = 0
        for _ in range(500):
            for _ in range(250):
                if not self.paused:
                    self.reading.took(Ping(1), 0)
                    taken += 1
            self.clock.advance(0.001)
            self.reading.begin_turn()
        self.assertLess(taken, BURST + 0.5 * RATE + 10)
        self.assertGreater(taken, BURST + 0.5 * RATE - 10)
        self.clock.advance(1)
        self.assertFalse(self.paused)

    def test_both(self) -> None:
        """A link that rests is not read either while the disk is behind, nor the other way round."""
        for _ in range(int(BURST) + 10):
            if not self.paused:
                self.reading.took(Ping(1), 0)
        self.assertTrue(self.paused)
        self.reading.stop(Reason.DISK)
        self.clock.advance(10)
        self.assertTrue(self.paused)
        self.reading.go_on(Reason.DISK)
        self.assertFalse(self.paused)
