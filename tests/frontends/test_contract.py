"""The contract between a front end and whoever starts it, and a front end that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from tests.core.test_conversation import ConversationTestCase
from tests.frontends.toy import TOY
from tests.simulation.world import World
from tests.test_layers import beyond_a_seat
from twisted_chat.children import FrontEndService
from twisted_chat.cli import flags
from twisted_chat.core.errors import ChatError
from twisted_chat.core.events import Event, Fault, Joined
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.contract import STOP_SECONDS, Door, Given
from twisted_chat.service import DOORS


class ListeningReactor(Clock):
    """A clock, and a port at which nobody calls."""

    factory: Any = None
    stopped = False

    def listenTCP(self, port: int, factory: Any, interface: str = "") -> Any:
        """See `IReactorTCP`."""
        self.factory, self.port, self.interface = factory, port, interface
        return self

    def stopListening(self) -> Deferred[None]:
        """See `IListeningPort`."""
        self.stopped = True
        return succeed(None)


class ToyTests(SynchronousTestCase):
    """Ana's peer has the toy; Bia has her own."""

    def setUp(self) -> None:
        self.world = World(1, 2)
        self.ana, self.bia = self.world.actors
        for actor in self.world.actors:
            actor.start()
        self.world.network.run(3)
        assert self.ana.peer is not None
        self.conversation = self.ana.peer.conversation
        self.reactor = ListeningReactor()
        given = Given(Seat(self.conversation), self.reactor, 5000, "log", {"toy": 7000})
        self.service = FrontEndService(self.reactor, TOY, lambda: given, self.fail)
        self.service.startService()

    def visitor(self) -> tuple[Any, StringTransport]:
        """Somebody connects."""
        protocol, transport = self.reactor.factory.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def lines(self, transport: StringTransport) -> list[str]:
        """What came since this was asked last, without the times."""
        self.world.network.run(1)
        lines = [line.partition("] ")[2] or line for line in transport.value().decode().splitlines()]
        transport.clear()
        return lines

    def test_enough(self) -> None:
        """It hears and says, pages through what was said, and leaves; two visitors hear the same, and one's leaving is not the
        other's, nor the peer's."""
        (one, wire), (_, other) = self.visitor(), self.visitor()
        self.assertEqual((self.reactor.port, self.reactor.interface), (7000, "127.0.0.1"))
        for number in range(4):
            one.dataReceived(f"n{number}\n".encode())
            self.world.network.run(0.1)
        self.bia.say()
        heard = self.lines(wire)
        self.assertEqual(([line[-2:] for line in heard[:4]], heard[4][-4:]), (["n0", "n1", "n2", "n3"], "P1.0"))
        self.assertEqual(self.lines(other), heard)
        self.assertEqual(self.bia.shown(), ["n0", "n1", "n2", "n3", "P1.0"])
        pages = []
        for _ in range(4):
            one.dataReceived(b"/older\n")
            pages.append([line[-2:] for line in self.lines(wire)])
        self.assertEqual(pages, [["n3", ".0"], ["n1", "n2"], ["n0"], []])
        one.dataReceived(b"\x1b\n")
        self.assertEqual(self.lines(wire)[0][0], "❌")
        one.dataReceived(b"/leave\n")
        self.assertTrue(wire.disconnecting)
        one.connectionLost()
        self.bia.say()
        self.assertEqual((self.lines(wire), len(self.lines(other))), ([], 1))
        self.assertEqual(self.ana.linked_with(), ["P1"])
        self.successResultOf(self.service.stopService())
        self.assertTrue(self.reactor.stopped)

    def test_knows_no_more(self) -> None:
        """It imports nothing but what front ends may, and is short."""
        source = Path(__file__).with_name("toy.py").read_text(encoding="utf-8")
        self.assertEqual(beyond_a_seat("frontends.toy", source), [])
        code = [line for line in source.splitlines() if line.strip() and not line.startswith(("from", '"""'))]
        self.assertLess(len(code), 50)


class Failing:
    """A front end that does what it is told to, mostly wrong."""

    def __init__(self, start: Any = lambda: None, stop: Any = lambda: succeed(None)) -> None:
        self.start = start
        self.stop = stop


class FrontEndTests(ConversationTestCase):
    """A front end that fails, and one beside it."""

    def setUp(self) -> None:
        super().setUp()
        self.told: list[str] = []
        self.seats: list[Seat] = []
        self.heard: list[Event] = []

    def service(self, front_end: Any) -> FrontEndService:
        """Return the service of a front end."""

        def give() -> Given:
            self.seats.append(Seat(self.conversation))
            self.seats[-1].watch(self.heard.append)
            return Given(self.seats[-1], self.clock, 5000, "log")

        def make(given: Given) -> Any:
            return front_end if front_end is not None else 1 / 0

        return FrontEndService(self.clock, Door("odd", (), lambda given: True, make), give, self.told.append)

    def check_left(self) -> None:
        """The seat is left: nobody who sat there hears anything more."""
        self.heard.clear()
        self.happened()
        self.conversation.emit(Joined("Ana", "h", 1, True))
        self.assertEqual((self.heard, len(self.happened())), ([], 1))

    def test_broken_start(self) -> None:
        """One that can't be made or started by a mistake is logged and told as a fault; its seat is left; it is not stopped."""
        for front_end in (None, Failing(lambda: 1 / 0), Failing(lambda: fail(ZeroDivisionError()))):
            service = self.service(front_end)
            service.startService()
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
            self.assertEqual(self.happened(), [Fault()])
            self.check_left()
            if front_end is not None:
                front_end.stop = self.fail
            self.successResultOf(service.stopService())
        self.assertEqual(self.told, [])

    def test_reason(self) -> None:
        """Why one can't start that the person can mend is told in words."""

        def start() -> None:
            raise ChatError("port 80 is taken")

        self.service(Failing(start)).startService()
        self.assertEqual((self.told, self.happened()), (["port 80 is taken"], []))
        self.check_left()

    def test_broken_stop(self) -> None:
        """One that can't stop is logged, and its seat is left."""
        for stop in (lambda: 1 / 0, lambda: fail(ZeroDivisionError())):
            service = self.service(Failing(stop=stop))
            service.startService()
            self.assertIsNone(self.successResultOf(service.stopService()))
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
            self.check_left()

    def test_never_stops(self) -> None:
        """One that does not come to an end is waited for a little while."""
        service = self.service(Failing(stop=Deferred))
        service.startService()
        stopped = service.stopService()
        self.clock.advance(STOP_SECONDS - 0.1)
        self.assertNoResult(stopped)
        self.clock.advance(0.1)
        self.assertIsNone(self.successResultOf(stopped))
        self.assertEqual(len(self.flushLoggedErrors()), 1)
        self.check_left()

    def test_fails_after_the_end(self) -> None:
        """One that was still starting when it was stopped, and fails then, harms nobody."""
        starting: Deferred[None] = Deferred()
        service = self.service(Failing(lambda: starting))
        service.startService()
        self.successResultOf(service.stopService())
        starting.errback(ZeroDivisionError())
        self.assertEqual(self.happened(Fault), [])


class DoorTests(SynchronousTestCase):
    """The front ends there are."""

    def test_flags(self) -> None:
        """Every flag that a front end brings is one of `tcpchat`'s."""
        known = {flag.name for flag in flags.CHAT}
        self.assertEqual([name for door in DOORS for name in door.flags if name not in known], [])
