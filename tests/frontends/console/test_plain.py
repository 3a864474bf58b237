"""A session at the plain console, on a terminal and on a pipe."""

from __future__ import annotations

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.kit.hosting import StillHost
from tests.kit.saying import said, who
from twisted_chat.core import events
from twisted_chat.core.answers import help_on
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.commands import COMMANDS
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import LogFailing
from twisted_chat.core.feeds.records import KnownRecord, Say
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.refusals import NoSuchCommand
from twisted_chat.core.seat import Seat
from twisted_chat.core.writing.text import MAX_TEXT
from twisted_chat.frontends.console.plain import FLUSH_SECONDS, PlainConsole
from twisted_chat.frontends.console.width import widest
from twisted_chat.frontends.console.wrapping import INDENT
from twisted_chat.frontends.contract import Given
from twisted_chat.speech.answers import lines
from twisted_chat.speech.events import sentences
from twisted_chat.speech.refusals import congested, refused

ANA = b"a" * 32
BIA = b"b" * 32
CAIO = b"c" * 32


class FakeOutlet:
    """Takes `capacity` records, then is congested until it has `relieve`d itself of them."""

    def __init__(self, capacity: int = 1_000_000) -> None:
        self.records: list[KnownRecord] = []
        self.capacity = capacity

    @property
    def congested(self) -> bool:
        return len(self.records) >= self.capacity

    def append(self, record: KnownRecord) -> None:
        self.records.append(record)

    def relieve(self, room: int) -> None:
        self.capacity = len(self.records) + room


class ConsoleCase(SynchronousTestCase):
    """A console of Bia's, on a string."""

    terminal = False
    columns = 100

    def setUp(self) -> None:
        self.outlet = FakeOutlet()
        self.left = 0
        self.conversation = Conversation(
            Roster(BIA, "Bia"), StillHost(self.outlet, self.leave), Clock(), HybridClock(lambda: 0)
        )
        self.clock = Clock()
        self.transport = StringTransport()
        columns = (lambda: self.columns) if self.terminal else None
        self.console = PlainConsole(
            Given(Seat(self.conversation), self.clock, 5002, "logs_chat.txt"), self.terminal, columns
        )
        self.console.makeConnection(self.transport)
        self.welcome = self.shown()
        self.conversation.linked(ANA, "Ana", "127.0.0.1", 5000, True)
        self.joined = self.shown()

    def leave(self) -> None:
        self.left += 1

    def type(self, *lines: str) -> None:
        self.console.dataReceived("".join(f"{line}\n" for line in lines).encode())

    def shown(self) -> list[str]:
        """The lines shown since last asked."""
        shown = self.transport.value().decode().splitlines()
        self.transport.clear()
        return shown

    def said(self) -> list[str]:
        """The texts said since last asked."""
        texts = [record.text for record in self.outlet.records if isinstance(record, Say)]
        self.outlet.capacity -= len(texts)
        self.outlet.records.clear()
        return texts


class OutTests(ConsoleCase):
    """What happens is shown."""

    def test_welcome(self) -> None:
        """At the start: one's name, port, how to leave, where the log is."""
        welcome = "\n".join(self.welcome)
        for part in ("👤 Bia", "5002", "sair", "/help", "/logs_chat.txt"):
            self.assertIn(part, welcome)

    def test_events(self) -> None:
        """Events are lines, in the words of `words`, one write an event."""
        self.assertEqual(self.joined, ["✅ Ana joined (127.0.0.1:5000)"])
        writes: list[bytes] = []
        self.patch(self.transport, "write", writes.append)
        self.conversation.emit(said("oi", "tudo bem?"))
        self.conversation.emit(events.Refused("h", 1, "protocol", "x"))
        self.conversation.unlinked(ANA, left=True)
        batch = sentences(said("oi", "tudo bem?"))
        self.assertEqual(writes, ["".join(f"{line}\n" for line in batch).encode(), "🔚 Ana left\n".encode()])

    def test_log_failing(self) -> None:
        """That the log can't be written is shown with the reason."""
        self.conversation.emit(LogFailing("logs_chat.txt", "No space left on device"))
        self.assertIn("No space left on device", self.shown()[0])


class CommandTests(ConsoleCase):
    """What is asked for is answered, and is said to nobody."""

    def tearDown(self) -> None:
        self.assertEqual(self.said(), [])

    def test_who(self) -> None:
        """`/who` and `/quem` list who is here with address."""
        for word in ("/who", "/quem"):
            self.type(word)
            self.assertEqual(self.shown(), lines(who(self.conversation.here())))
        self.assertIn("Ana (127.0.0.1:5000)", lines(who(self.conversation.here()))[1])

    def test_help(self) -> None:
        """`/help` is the table, `/help who` one line of it, and for a word that is not in it a hint."""
        self.type("/help")
        self.assertEqual(self.shown(), lines(help_on(COMMANDS, whole=True)))
        self.type("/ajuda /who")
        self.assertEqual(len(self.shown()), 1)
        self.type("/help whoo")
        self.assertEqual(self.shown(), lines(NoSuchCommand(word="whoo", suggestion="who")))

    def test_unknown(self) -> None:
        """A mistyped command is a hint."""
        self.type("/qiut")
        self.assertEqual(self.shown(), lines(NoSuchCommand(word="qiut", suggestion="quit")))
        self.assertEqual(self.left, 0)

    def test_leave(self) -> None:
        """Every way to leave leaves once, and what was typed after it is not said."""
        for word in ("sair", " SAIR ", "/sair", "/quit", "/exit"):
            self.setUp()
            self.type(word, "too late")
            self.type("too late", "sair")
            self.assertEqual(self.left, 1, word)

    def test_goodbye(self) -> None:
        """Leaving, for whatever reason, says where the log is; nothing typed after it is said."""
        self.conversation.emit(events.Leaving("Bia", "/tmp/logs_chat.txt"))
        self.type("too late")
        self.assertEqual(self.shown(), sentences(events.Leaving("Bia", "/tmp/logs_chat.txt")))


class InTests(ConsoleCase):
    """What is typed is said."""

    def test_lines(self) -> None:
        """Each line is a message, as typed; blank ones are not; CRLF is a line break."""
        self.console.dataReceived("oi\r\n\n   \n  olá //x\n//y".encode())
        self.console.dataReceived(b"\n")
        self.assertEqual(self.said(), ["oi", "  olá //x", "/y"])
        self.assertEqual(self.shown(), [])

    def test_refused_in_words(self) -> None:
        """A line that can't be said is refused in words, nothing of it is said, and the next one is."""
        for line, code in (
            (b"x" * (MAX_TEXT + 1), "text-long"),
            (b"x" * 100_000, "text-long"),
            (b"a\x1bb", "text-control"),
            (b"a\xffb", "text-encoding"),
        ):
            self.console.dataReceived(line + b"\nok\n")
            self.assertEqual(self.shown(), [refused(BadText(code))])
            self.assertEqual(self.said(), ["ok"])

    def test_ten_thousand_lines(self) -> None:
        """10,000 lines at once are 10,000 messages in order."""
        lines = [f"line {n}" for n in range(10_000)]
        self.type(*lines)
        self.assertEqual(self.said(), lines)


class PipeTests(ConsoleCase):
    """On a pipe nothing is lost and the end of the input is not the end."""

    def test_half_closeable(self) -> None:
        """`StandardIO` is to leave one side open when the other closes."""
        verifyObject(IHalfCloseableProtocol, self.console)

    def test_end_of_input(self) -> None:
        """At the end of the input a last line without line break is said, and the peer stays."""
        self.console.dataReceived(b"first\nlast")
        self.console.readConnectionLost()
        self.assertEqual(self.said(), ["first", "last"])
        self.conversation.emit(events.Left("Ana"))
        self.assertEqual(self.shown(), ["🔚 Ana left"])
        self.assertEqual(self.left, 0)

    def test_congested(self) -> None:
        """While too much waits to be kept the pipe is not read, and what was read goes on later, in order."""
        self.outlet.capacity = 3
        lines = [str(n) for n in range(10)]
        self.type(*lines)
        self.assertEqual(self.outlet.records, [Say(str(n)) for n in range(3)])
        self.assertEqual(self.transport.producerState, "paused")
        self.outlet.relieve(2)
        self.conversation.relieved()
        self.assertEqual(len(self.outlet.records), 5)
        self.assertEqual(self.transport.producerState, "paused")
        self.outlet.relieve(100)
        self.conversation.relieved()
        self.assertEqual(self.said(), lines)
        self.assertEqual(self.transport.producerState, "producing")
        self.assertEqual(self.shown(), [])

    def test_leaving_waits_its_turn(self) -> None:
        """`sair` after lines that wait leaves after they were said."""
        self.outlet.capacity = 1
        self.type("a", "b", "sair")
        self.assertEqual(self.left, 0)
        self.outlet.relieve(100)
        self.conversation.relieved()
        self.assertEqual(self.said(), ["a", "b"])
        self.assertEqual(self.left, 1)

    def test_output_closed(self) -> None:
        """If nobody reads the output any more, what is piped in is still said."""
        self.transport.producer.stopProducing()
        self.console.writeConnectionLost()
        self.conversation.emit(said("oi"))
        self.type("a", "/who")
        self.assertEqual(self.said(), ["a"])
        self.assertEqual(self.shown(), [])


class TerminalTests(ConsoleCase):
    """On a terminal a person is told."""

    terminal = True

    def test_end_of_input(self) -> None:
        """Ctrl-D leaves, after what was typed before it was said."""
        self.console.dataReceived(b"last")
        self.console.readConnectionLost()
        self.assertEqual(self.said(), ["last"])
        self.assertEqual(self.left, 1)

    def test_long_lines(self) -> None:
        """Long lines are broken before the terminal would, and what goes on is set in: no row looks like another's message."""
        self.columns = 40
        self.conversation.emit(said("oi " + "\u3164" * 20 + " " * 16 + "[12:00:00] Caio: hi"))
        first, *further = self.shown()
        self.assertRegex(first, r"^\[[0-9:]+\] Ana: oi")
        self.assertGreater(len(further), 1)
        for row in further:
            self.assertTrue(row.startswith(INDENT) and widest(row) <= 40, row)

    def test_leaves_once(self) -> None:
        """Ctrl-D after `sair` is nothing new."""
        self.type("sair")
        self.console.readConnectionLost()
        self.assertEqual(self.left, 1)

    def test_congested(self) -> None:
        """While too much waits to be kept a message is refused with a word, and commands work."""
        self.outlet.capacity = 1
        self.type("a", "b", "/who", "sair")
        self.assertEqual(self.said(), ["a"])
        self.assertEqual(self.shown(), [congested(), *lines(who(self.conversation.here()))])
        self.assertEqual(self.left, 1)
        self.assertEqual(self.transport.producerState, "producing")


class StopTests(ConsoleCase):
    """At the end everything is written, if somebody reads it."""

    def stop(self) -> list[None]:
        stopped: list[None] = []
        self.console.stop().addCallback(stopped.append)
        return stopped

    def test_flushed(self) -> None:
        """It is over when the transport has written everything."""
        stopped = self.stop()
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(stopped, [])
        self.console.connectionLost()
        self.assertEqual(stopped, [None])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stuck(self) -> None:
        """A terminal that does not take its last lines is waited for one second; that it takes them later does no harm."""
        stopped = self.stop()
        self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(stopped, [None])
        self.console.connectionLost()

    def test_output_closed(self) -> None:
        """If the output is closed already, there is nothing to wait for."""
        self.transport.producer.stopProducing()
        self.assertEqual(self.stop(), [None])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_not_read_again(self) -> None:
        """What was held back when the end came is not said after it."""
        self.outlet.capacity = 1
        self.type("a", "b")
        self.stop()
        self.outlet.relieve(100)
        self.conversation.relieved()
        self.assertEqual(self.said(), ["a"])
        self.assertEqual(self.transport.producerState, "paused")
