"""When what was missed is summed up."""

from __future__ import annotations

from random import Random

from twisted.internet.defer import succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.saying import said
from tests.simulation.clock import ManyCallsClock
from twisted_chat.core.messages import WhileAway
from twisted_chat.core.timeline.missed import PATIENCE, Missed


class MissedTests(SynchronousTestCase):
    """Time is told by a clock whose numbers are rounded."""

    def test_whatever_time_it_is(self) -> None:
        """It is told; no look is asked for that comes at the same moment, for such would go on for ever."""
        random = Random(7)
        for _ in range(1000):
            clock, told = ManyCallsClock(), []
            clock.rightNow = 2.0 ** random.randint(3, 16) - random.uniform(0, PATIENCE)  # and is rounded anew soon
            missed = Missed(clock, succeed, told.append)
            missed.note(said("one"))
            clock.advance(random.uniform(0, PATIENCE))
            missed.note(said("two"))
            while calls := clock.getDelayedCalls():
                clock.advance(calls[0].getTime() - clock.rightNow)
            self.assertEqual([(type(event), event.count) for event in told], [(WhileAway, 2)])
