"""Lines for readers that are slow, stopped or gone."""

from __future__ import annotations

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.frontends.console import output
from twisted_chat.frontends.console.output import Output
from twisted_chat.speech import notices


class SlowTransport(StringTransport):
    """Asks for a pause as soon as more than `room` bytes wait; `read` takes them, as a descriptor does."""

    room = 64 * 1024

    def write(self, data: bytes) -> None:
        super().write(data)
        if len(self.value()) > self.room and self.producer is not None:
            self.producer.pauseProducing()

    def read(self) -> str:
        data = self.value()
        self.clear()
        if self.producer is not None:
            self.producer.resumeProducing()
        return data.decode()


class OutputTests(SynchronousTestCase):
    """Output is complete if it is read, and bounded if it is not."""

    def setUp(self) -> None:
        self.transport = SlowTransport()
        self.output = Output(self.transport)

    def read_all(self) -> str:
        """Everything, as a reader who is back gets it."""
        return "".join(iter(self.transport.read, ""))

    def test_one_write(self) -> None:
        """Lines written together are one write."""
        writes: list[bytes] = []
        self.patch(self.transport, "write", writes.append)
        self.output.write(["a", "é"])
        self.output.write([])
        self.assertEqual(writes, ["a\né\n".encode()])

    def test_what_cant_be_encoded(self) -> None:
        """A lone surrogate never raises."""
        self.output.write(["a\ud800b"])
        self.assertEqual(self.transport.read(), "a?b\n")

    def test_slow_reader_gets_everything(self) -> None:
        """What comes while the reader is slow follows in order."""
        lines = [f"{n} {'x' * 1000}" for n in range(1000)]
        for line in lines:
            self.output.write([line])
        self.assertLess(len(self.transport.value()), 2 * SlowTransport.room)
        self.assertEqual(self.read_all().splitlines(), lines)

    def test_stopped_reader(self) -> None:
        """Beyond 4 MiB lines are dropped and counted; in their place the reader finds how many."""
        lines = [f"{n} {'x' * 1000}" for n in range(10_000)]
        for line in lines:
            self.output.write([line])
        self.assertLessEqual(self.output._queued, output.MAX_QUEUED)
        self.assertEqual(self.output._queued, sum(map(len, self.output._queue)))
        shown = self.read_all().splitlines()
        count = len(lines) - len(shown) + 1
        self.assertEqual(shown, [*lines[: len(shown) - 1], notices.not_shown(count)])
        self.assertEqual(self.output._queued, 0)
        self.output.write(["back"])
        self.assertEqual(self.read_all(), "back\n")

    def test_one_gap(self) -> None:
        """Once lines are dropped, all are until the reader has caught up: a gap is one, and marked where it is."""
        self.patch(output, "MAX_QUEUED", 30)
        self.transport.room = 5
        for line in ("first ....", "second ...", "third ....", "a line too long", "short"):
            self.output.write([line])
        self.assertEqual(self.transport.read(), "first ....\n")
        self.output.write(["still dropped", "this too"])
        self.assertEqual(self.read_all().splitlines(), ["second ...", "third ....", notices.not_shown(4)])
        self.output.write(["after"])
        self.assertEqual(self.read_all(), "after\n")

    def test_closed(self) -> None:
        """When the reader is gone, what waits and what comes is dropped."""
        self.output.pauseProducing()
        self.output.write(["a"])
        self.output.stopProducing()
        self.output.write(["b"])
        self.output.resumeProducing()
        self.assertTrue(self.output.closed)
        self.assertEqual(self.transport.read(), "")

    def test_finish(self) -> None:
        """At the end the transport gets all that waits, the count of what was dropped too, and is closed."""
        self.patch(output, "MAX_QUEUED", 5)
        self.output.pauseProducing()
        self.output.write(["a"])
        self.output.write(["b..."])
        self.output.finish()
        self.assertEqual(self.transport.read().splitlines(), ["a", notices.not_shown(1)])
        self.assertIsNone(self.transport.producer)
        self.assertTrue(self.transport.disconnecting)
