"""What keeps the reactor from being held up."""

from __future__ import annotations

import gc

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.reactors import settle_memory


class SettlingTests(SynchronousTestCase):
    """What is there once all is started."""

    def test_passed_over(self) -> None:
        """The garbage collector looks at nothing that was there before, and at what comes after that."""
        self.addCleanup(gc.unfreeze)
        before: list[list[int]] = [[]]
        settle_memory()
        after: list[list[int]] = [[]]
        looked_at = {id(each) for each in gc.get_objects()}
        self.assertNotIn(id(before), looked_at)
        self.assertIn(id(after), looked_at)
