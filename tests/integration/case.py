"""What the tests with real processes have in common."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.trial.unittest import TestCase

from tests.integration.processes import PeerProcess, Peers

MEMORY = 80.0
"""MiB that a peer may have resident, whatever happens to it."""
NAMES = ("Ana", "Bia", "Caio", "Davi", "Eva")

_log = Logger()


class PeersTestCase(TestCase):
    """A test with a place for its peers. None of them may say a word of a mistake, and none outlives the test."""

    timeout = 600
    reactor: Any

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor = reactor
        self.peers = Peers(reactor, self.mktemp())
        self.addCleanup(lambda: Deferred.fromCoroutine(self.peers.end()))

    def measured(self, what: str, value: float, unit: str) -> None:
        """Note a figure in trial's `test.log`."""
        self.noted(f"{what}: {value:.2f} {unit}")

    def noted(self, what: str) -> None:
        """Note something in trial's `test.log`."""
        _log.info("{test}: {what}", test=self.id().rpartition(".")[2], what=what)

    def assert_in_order(self, seen: list[tuple[str, str]]) -> None:
        """Assert that of messages such as `("Ana", "Ana.2 17")` none is there twice, and that within each life of an
        author (the `2`) the numbers grow."""
        last: dict[str, int] = {}
        for _author, text in seen:
            life, _, number = text.partition(" ")
            self.assertGreater(int(number), last.get(life, -1), f"{text} after {life} {last.get(life)}")
            last[life] = int(number)

    def assert_healthy(self, *peers: PeerProcess) -> None:
        """Assert that peers which run (default: all) kept within their memory, and that nobody reported a mistake."""
        for peer in peers or tuple(self.peers.running.values()):
            self.measured(f"peak of {peer.name}", peer.peak(), "MiB")
            self.assertLess(peer.peak(), MEMORY, f"MiB, {peer.name}")
        self.assertEqual(self.peers.faults(), [])
