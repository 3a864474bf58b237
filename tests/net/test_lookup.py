"""Names of hosts: when they are looked up, and what becomes of the answers."""

from __future__ import annotations

import socket
from itertools import pairwise
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.net.lookup import FIRST_WAIT, LONGEST_WAIT, MAX_ADDRESSES, Lookup


class Resolver:
    """Answers when the test wants it to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.receiver: Any = None

    def resolveHostName(self, receiver: Any, name: str) -> None:
        """Note the question."""
        self.asked.append(name)
        self.receiver = receiver
        receiver.resolutionBegan(None)

    def answer(self, *hosts: str, scope: int = 0) -> None:
        """Answer the last question."""
        for host in hosts:
            family = IPv6Address("TCP", host, 0, 0, scope) if ":" in host else IPv4Address("TCP", host, 0)
            self.receiver.addressResolved(family)
        self.receiver.resolutionComplete()


class Reactor(Clock):
    """A clock that knows whom to ask."""

    def __init__(self) -> None:
        super().__init__()
        self.nameResolver = Resolver()


class LookupTests(SynchronousTestCase):
    """A name in time."""

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.resolver = self.reactor.nameResolver
        self.told: list[set[str]] = []
        self.satisfied = False
        self.lookup = Lookup(
            self.reactor, "ana.local", lambda hosts: self.told.append(set(hosts)), lambda: self.satisfied
        )
        self.lookup.look()

    def test_both_kinds(self) -> None:
        """IPv4 and IPv6 addresses are told, each once, a link-local one with its scope."""
        self.resolver.answer("10.0.0.1", "fd77::1", "10.0.0.1")
        self.assertEqual(self.told, [{"10.0.0.1", "fd77::1"}])
        self.reactor.advance(FIRST_WAIT)
        [(number, name), *_] = socket.if_nameindex()
        self.resolver.answer("fe80::1", scope=number)
        self.assertEqual(self.told[1:], [{f"fe80::1%{name}"}])

    def test_changes_only(self) -> None:
        """The same answer again is no news; none at all, as without a network, takes nothing away."""
        for hosts in (["10.0.0.1"], ["10.0.0.1"], [], ["10.0.0.2"]):
            self.resolver.answer(*hosts)
            self.reactor.advance(LONGEST_WAIT)
        self.assertEqual(self.told, [{"10.0.0.1"}, {"10.0.0.2"}])

    def test_bounded(self) -> None:
        """However many addresses a name has, eight are called."""
        self.resolver.answer(*(f"10.0.0.{number}" for number in range(100)))
        self.assertEqual(len(self.told[0]), MAX_ADDRESSES)

    def test_waits_grow(self) -> None:
        """While nobody is there it is asked less and less often, every ten seconds in the end, and one question at a time."""
        asked_at = []
        self.reactor.pump([1.0] * 30)
        self.assertEqual(len(self.resolver.asked), 1, "the first is not answered")
        for _ in range(600):
            if len(self.resolver.asked) > len(asked_at):
                asked_at.append(self.reactor.seconds())
                self.resolver.answer()
            self.reactor.advance(1)
        waits = [late - early for early, late in pairwise(asked_at)]
        self.assertLessEqual(waits[0], FIRST_WAIT * 1.5 + 1)
        self.assertEqual(waits, sorted(waits))
        self.assertAlmostEqual(waits[-1], LONGEST_WAIT, delta=1)

    def test_satisfied(self) -> None:
        """While somebody is there nobody is asked; when he is gone, within 5 s."""
        self.resolver.answer("10.0.0.1")
        self.satisfied = True
        self.reactor.pump([1.0] * 600)
        self.assertEqual(len(self.resolver.asked), 1)
        self.satisfied = False
        self.reactor.advance(FIRST_WAIT)
        self.assertEqual(len(self.resolver.asked), 2)

    def test_at_once(self) -> None:
        """It can be asked for at once, which makes no second series of questions."""
        self.resolver.answer("10.0.0.1")
        self.lookup.look()
        self.assertEqual(len(self.resolver.asked), 2)
        self.resolver.answer("10.0.0.1")
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)

    def test_stop(self) -> None:
        """After `stop` nothing is asked, told, or left ticking."""
        self.lookup.stop()
        self.resolver.answer("10.0.0.1")
        self.lookup.look()
        self.assertEqual((self.told, len(self.resolver.asked), self.reactor.getDelayedCalls()), ([], 1, []))
