"""What keeps the reactor from being held up."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from twisted_chat.reactors import LEAVING, leave_at_signals, settle_memory

STOPPED_TWICE = """
from twisted.internet import selectreactor
selectreactor.install()
from twisted_chat.reactors import steady_reactor
reactor = steady_reactor()
reactor.addSystemEventTrigger("before", "shutdown", reactor.stop)
for _each in range(2):
    reactor.callWhenRunning(reactor.stop)
import sys
from twisted.python.log import startLogging
startLogging(sys.stdout)
reactor.run()
"""


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


class StoppingTests(SynchronousTestCase):
    """The end of the reactor."""

    def test_twice(self) -> None:
        """To tell it to stop when it is stopping already is no mistake: nothing is logged."""
        environment = {**os.environ, "PYTHONPATH": str(Path(twisted_chat.__file__).parents[1])}
        done = subprocess.run(
            [sys.executable, "-c", STOPPED_TWICE], env=environment, capture_output=True, text=True, timeout=60
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("ReactorNotRunning", done.stdout)
        self.assertIn("Main loop terminated", done.stdout)


class Stoppable:
    """Keeps the signals that it was told of."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def sigTerm(self, number: int, frame: Any) -> None:
        """See `ReactorBase.sigTerm`."""
        self.heard.append(number)


@skipUnless(hasattr(signal, "SIGHUP"), "there are no such signals here")
class SignalTests(SynchronousTestCase):
    """Signals that end a process."""

    def setUp(self) -> None:
        self.numbers = [getattr(signal, name) for name in LEAVING]
        for number in self.numbers:
            self.addCleanup(signal.signal, number, signal.getsignal(number))
            signal.signal(number, signal.SIG_DFL)
        self.reactor = Stoppable()

    def test_every_one(self) -> None:
        """Each is told to the reactor, by its number: the status that the process ends with."""
        leave_at_signals(self.reactor)
        for number in self.numbers:
            os.kill(os.getpid(), number)
        self.assertEqual(self.reactor.heard, self.numbers)

    def test_taken(self) -> None:
        """Those that are ignored, as by `nohup`, or somebody else's, stay so."""
        others: list[int] = []
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, lambda number, frame: others.append(number))
        leave_at_signals(self.reactor)
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGUSR1)
        self.assertEqual((self.reactor.heard, others), ([], [signal.SIGUSR1]))
