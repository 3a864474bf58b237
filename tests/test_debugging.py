"""The file that `TCPCHAT_DEBUG` names."""

from __future__ import annotations

import stat
from errno import ENOSPC
from pathlib import Path

from twisted.logger import LogEvent, Logger, LogPublisher, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.world import World
from twisted_chat.core.events import Alone
from twisted_chat.debugging import VARIABLE, DebugUnwritable, wanted


class DebugTests(SynchronousTestCase):
    """What is in the file."""

    def setUp(self) -> None:
        """Begin one."""
        self.path = Path(self.mktemp())
        (self.log,) = wanted({VARIABLE: str(self.path)})
        self.addCleanup(self.log.close)
        self.logger = Logger("here", observer=LogPublisher(self.log))

    def test_traceback(self) -> None:
        """A failure's traceback is there whole, and whatever its message does to a terminal is not."""
        try:
            raise ValueError("one\x1b[2Jtwo")
        except ValueError:
            self.logger.failure("while trying:", Failure())
        text = self.path.read_text()
        for part in ("[here#critical] while trying:", "Traceback (most recent call last):", "in test_traceback", "two"):
            self.assertIn(part, text)
        self.assertNotIn("\x1b", text)

    def test_what_people_say(self) -> None:
        """What is in the chat's log is not in this one."""
        self.logger.info("{chat_event}", chat_event=Alone())
        self.logger.debug("a link is ready")
        self.assertEqual(len(self.path.read_text().splitlines()), 1)

    def test_states(self) -> None:
        """Each change of a link's and of a dialer's state is a line: which one, from where, why, and to what."""
        globalLogPublisher.addObserver(self.log)
        self.addCleanup(globalLogPublisher.removeObserver, self.log)
        world = World(1, 2, lambda number: [1 - number] if number else [])
        for actor in world.actors:
            actor.start()
        world.network.run(1)
        world.actors[0].crash()
        world.network.run(1)
        lines = [line.partition("] ")[2] for line in self.path.read_text().splitlines()]
        dialer, link = "dialer of 127.0.0.1:5000: ", "link with 127.0.0.1:5000, this end the dialer: "
        expected = [
            f"{dialer}IDLE -> CALLING (call)",
            f"{link}OPENING -> READY (proven)",
            f"{dialer}CALLING -> LINKED (ready)",
            f"{link}READY -> GONE (lost)",
            f"{dialer}LINKED -> WAITING (retry)",
            f"{dialer}WAITING -> CALLING (call)",
            f"{dialer}CALLING -> WAITING (retry)",
        ]
        self.assertEqual([line for line in lines if line.startswith((dialer, link))][: len(expected)], expected)
        (taken,) = {line for line in lines if line.endswith("this end the listener: OPENING -> READY (proven)")}
        self.assertTrue(taken.startswith("link with 127.0.0.1:4"), "the port that was called from")

    def test_private(self) -> None:
        """Only its owner can read it."""
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_bounded(self) -> None:
        """Of a long one, what is older than what fits twice is gone."""
        self.patch(self.log._file, "rotateLength", 1000)
        for n in range(100):
            self.logger.info("{n} is a number, and not the last one", n=n)
        files = sorted(self.path.parent.glob(self.path.name + "*"))
        self.assertEqual([file.name for file in files], [self.path.name, self.path.name + ".1"])
        self.assertLess(max(file.stat().st_size for file in files), 1200)
        self.assertIn("99 is a number", self.path.read_text())

    def test_unwritten(self) -> None:
        """What can't be written is left out: nobody else is kept from logging."""

        def full(text: str) -> None:
            raise OSError(ENOSPC, "No space left on device")

        self.patch(self.log._file, "write", full)
        heard: list[LogEvent] = []
        both = LogPublisher(self.log, heard.append)
        Logger("here", observer=both).info("x")
        self.assertEqual(len(heard), 1)  # and nothing about the file


class WantedTests(SynchronousTestCase):
    """Whether there is one."""

    def test_none(self) -> None:
        """Nothing is written unless it is asked for."""
        self.assertEqual(wanted({}), [])
        self.assertEqual(wanted({VARIABLE: ""}), [])

    def test_unwritable(self) -> None:
        """A file that can't be made is named, with the variable that asks for it."""
        error = self.assertRaises(DebugUnwritable, wanted, {VARIABLE: "/no/such/directory/debug.txt"})
        self.assertEqual(
            str(error), "TCPCHAT_DEBUG: /no/such/directory/debug.txt can't be written: No such file or directory"
        )
