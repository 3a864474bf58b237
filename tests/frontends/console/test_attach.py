"""Standard input and output: of a real process, and as it finds and leaves them."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.frontends.blocking import blocking_modes


class BlockingTests(SynchronousTestCase):
    """What shares the terminal finds it as it was."""

    def test_restored(self) -> None:
        """Each descriptor is made blocking or not, as it was; one that is closed, before or since, is no error."""
        reader, writer = os.pipe()
        other, closed = os.pipe()
        gone = os.dup(closed)
        os.close(closed)
        os.set_blocking(writer, False)
        restore = blocking_modes((reader, writer, closed, gone))
        os.set_blocking(reader, False)
        os.set_blocking(writer, True)
        os.close(gone)
        restore()
        self.assertTrue(os.get_blocking(reader))
        self.assertFalse(os.get_blocking(writer))
        for descriptor in (reader, writer, other):
            os.close(descriptor)
