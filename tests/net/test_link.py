"""One connection, seen from one end, with a clock that the test turns."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.trial.unittest import SynchronousTestCase

from tests.core.wire.test_opening import introduce
from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.wire.frames import (
    MAX_LINE,
    AnyFrame,
    Bye,
    Digest,
    Frame,
    Greet,
    Have,
    Linked,
    Peers,
    Ping,
    Pong,
    decode,
    encode,
)
from twisted_chat.core.wire.opening import Opening, Role, Slow, Step
from twisted_chat.net.flow import TURN, Reason
from twisted_chat.net.link import MAX_UNTAKEN, Link
from twisted_chat.net.pulse import DEAD_AFTER, Verdict
from twisted_chat.net.sockets import UNREAD
from twisted_chat.net.tls import Encryption


class Connection(StringTransportWithDisconnection):
    """A transport that closes when it is told to, at once or (`slow`) never by itself."""

    slow = False
    aborted = False

    def __init__(self, **addresses: Any) -> None:
        super().__init__(**addresses)
        self.options: dict[int, int] = {}

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Accept."""

    def getHandle(self) -> Connection:
        """Return what plays the socket."""
        return self

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Keep it."""
        self.options[option] = value

    def loseConnection(self) -> None:
        """See `ITransport`."""
        self.disconnecting = True
        if not self.slow:
            super().loseConnection()

    def abortConnection(self) -> None:
        """See `ITCPTransport`."""
        self.aborted = True
        if self.connected:
            super().loseConnection()

    def said(self) -> list[AnyFrame | None]:
        """Return what was written since this was asked last."""
        lines = self.value().split(b"\n")
        self.clear()
        assert lines.pop() == b""
        return [decode(line) for line in lines]


class Owner:
    """What a link reports to: keeps it all."""

    def __init__(self) -> None:
        self.reports: list[Any] = []
        self.refuses: Refusal | None = None

    def link_computes(self, compute: Callable[[], None]) -> Deferred[None]:
        """See `LinkOwner`."""
        return execute(compute)

    def link_secured(self, link: Link) -> None:
        """See `LinkOwner`."""

    def link_risks(self, link: Link) -> None:
        """See `LinkOwner`."""

    def link_admitted(self, link: Link) -> None:
        """See `LinkOwner`."""
        self.reports.append("admitted")
        if self.refuses:
            raise self.refuses

    def link_ready(self, link: Link) -> None:
        """See `LinkOwner`."""
        self.reports.append("ready")

    def link_heard(self, link: Link, frame: Frame) -> None:
        """See `LinkOwner`."""
        self.reports.append(frame)
        if self.refuses:
            raise self.refuses

    def link_resumed(self, link: Link) -> None:
        """See `LinkOwner`."""
        self.reports.append("resumed")

    def link_recovered(self, link: Link) -> None:
        """See `LinkOwner`."""
        self.reports.append("recovered")

    def link_closed(self, link: Link, refusal: Refusal | None) -> None:
        """See `LinkOwner`."""
        self.reports.append(("closed", refusal and refusal.reason))


class LinkTestCase(SynchronousTestCase):
    """Ana's end of a link; `other` plays Bia's."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.owner = Owner()

    def connect(self, role: Role) -> None:
        """Make the connection."""
        self.link = Link(self.owner, introduce(1), Encryption(False), role, self.clock)
        self.transport = Connection(peerAddress=IPv4Address("TCP", "127.0.0.1", 5002))
        self.transport.protocol = self.link
        self.other = Opening(introduce(2), role.other)
        self.link.makeConnection(self.transport)

    def open(self, role: Role = Role.DIALER) -> None:
        """Go through the opening."""
        self.connect(role)
        self.converse()
        self.transport.clear()
        self.owner.reports.clear()

    def converse(self) -> None:
        """Let both ends talk until both are ready; what this end says after that stays in its transport."""
        self.hear(self.other.begin())
        while not (self.link.ready and self.other.step is Step.READY):
            line, _, rest = self.transport.value().partition(b"\n")
            self.transport.clear()
            self.transport.write(rest)
            self.hear(self.other.receive(line))

    def hear(self, *what: bytes | Frame) -> None:
        """Let lines or frames arrive."""
        for each in what:
            self.link.dataReceived(each if isinstance(each, bytes) else encode(each))


class OpeningTests(LinkTestCase):
    """From the connection to the first frame."""

    def test_both_roles(self) -> None:
        """Either end becomes ready, knows the other, and tells its owner: first to admit it, then that it is there."""
        for role in Role:
            self.setUp()
            self.connect(role)
            self.converse()
            self.assertEqual(self.owner.reports, ["admitted", "ready"])
            self.assertEqual((self.link.member, self.link.hello.name), (self.other.me.identity.id, "P2"))
            self.assertEqual(self.link.instance, (self.other.me.identity.id, 2))
            self.assertTrue(self.link.writable and self.link.durable)
            self.clock.advance(60)
            self.assertEqual(self.clock.getDelayedCalls(), [], "no timer of the opening is left")

    def test_dialer_is_silent_first(self) -> None:
        """A dialer sends not a byte before it is greeted, nor when it hangs up after 3 s."""
        self.connect(Role.DIALER)
        self.clock.advance(2.9)
        self.assertEqual((self.transport.value(), self.transport.connected), (b"", True))
        self.clock.advance(0.2)
        self.assertEqual((self.transport.value(), self.transport.connected), (b"", False))
        self.assertEqual(self.owner.reports, [("closed", errors.TIMEOUT)])

    def test_foreign_service(self) -> None:
        """A dialer that is greeted by something else hangs up without a word, whatever that was."""
        for greeting in (b"220 mail ESMTP\r\n", b"HTTP/1.1 400\r\n\r\n", b"\xff\xfe\n", encode(Ping(1)), b"x" * 70_000):
            self.setUp()
            self.connect(Role.DIALER)
            self.hear(greeting)
            self.assertEqual((self.transport.value(), self.transport.connected), (b"", False))
            self.assertEqual(self.owner.reports, [("closed", errors.PROTOCOL)])

    def test_other_version(self) -> None:
        """A peer of another version is told why."""
        self.connect(Role.DIALER)
        self.hear(Greet(9, False))
        self.assertEqual(self.transport.said(), [Bye(errors.VERSION)])

    def test_listener_is_patient_for_five_seconds(self) -> None:
        """A listener gives the whole opening 5 s, then says so."""
        self.connect(Role.LISTENER)
        self.clock.advance(4.9)
        self.assertEqual(self.transport.said(), [Greet(1, False)])
        self.clock.advance(0.2)
        self.assertEqual(self.transport.said(), [Bye(errors.TIMEOUT)])
        self.assertEqual(self.owner.reports, [("closed", errors.TIMEOUT)])

    def test_slow_drip(self) -> None:
        """Five seconds are all there is, even if something arrives all the time."""
        self.connect(Role.LISTENER)
        for _ in range(60):
            self.hear(b'{"t":"later"}\n' if self.transport.connected else b"")
            self.clock.advance(0.1)
        self.assertFalse(self.transport.connected)

    def test_garbage(self) -> None:
        """Whatever is not a frame closes the link with `bye protocol`; what comes after is not looked at."""
        for junk in (b"hello?\n", b"GET / HTTP/1.1\r\n", b"\x00" * 70_000, b"[" * 60_000 + b"\n", encode(Have({}))):
            self.setUp()
            self.connect(Role.LISTENER)
            self.transport.clear()
            self.hear(junk + b"more\nand more\n")
            self.assertEqual(self.transport.said(), [Bye(errors.PROTOCOL)])
            self.assertEqual(self.owner.reports, [("closed", errors.PROTOCOL)])

    def test_not_admitted(self) -> None:
        """Who has proven who it is can still be refused, and is told why."""
        self.owner.refuses = Refusal(errors.FULL)
        self.connect(Role.LISTENER)
        for _ in range(2):
            lines = self.transport.value().splitlines()
            self.transport.clear()
            self.hear(*[self.other.receive(line) for line in lines])
        self.assertEqual(self.transport.said()[-1], Bye(errors.FULL))
        self.assertEqual(self.owner.reports, ["admitted", ("closed", errors.FULL)])

    def test_mistake_while_computing(self) -> None:
        """What fails in a thread by a mistake of this program is logged, and closes the link at once."""
        for compute, then in ((lambda: 1 / 0, lambda: b""), (lambda: None, lambda: 1 / 0)):
            self.setUp()
            self.connect(Role.LISTENER)
            self.link.opener._go_on(Slow(compute, then))  # type: ignore[arg-type]
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
            self.assertTrue(self.transport.aborted)

    def test_one_reason(self) -> None:
        """A link that is closed for one reason and takes its time is not reported for another."""
        self.connect(Role.LISTENER)
        self.transport.slow = True
        self.clock.advance(4.5)
        self.hear(b"garbage\n")
        self.clock.advance(1)
        self.clock.advance(2)
        self.assertTrue(self.transport.aborted)
        self.assertEqual(self.owner.reports, [("closed", errors.PROTOCOL)])


class ReadyTests(LinkTestCase):
    """A link that carries frames."""

    def setUp(self) -> None:
        super().setUp()
        self.open()

    def test_frames(self) -> None:
        """Frames go to the owner, those from later versions nowhere; a ping is answered."""
        self.hear(Have({}), b'{"t":"later"}\n', Ping(7))
        self.assertEqual(self.owner.reports, [Have({})])
        self.assertEqual(self.transport.said(), [Pong(7)])

    def test_little_unread(self) -> None:
        """The system is told to take no more than a little before it is read."""
        self.assertEqual(self.transport.options[socket.SO_RCVBUF], UNREAD)

    def test_refused_frame(self) -> None:
        """A frame the owner refuses closes the link with the reason."""
        self.owner.refuses = Refusal(errors.FORGED, "the detail stays here")
        self.hear(Digest({}))
        self.assertEqual(self.transport.said(), [Bye(errors.FORGED)])
        self.assertEqual(self.owner.reports[1:], [("closed", errors.FORGED)])

    def test_bye_once(self) -> None:
        """However often it is closed, `bye` is said once, and nothing after it."""
        self.transport.slow = True
        self.link.refuse(Refusal(errors.LIMIT))
        self.link.refuse(Refusal(errors.FORGED))
        self.link.close(errors.LEFT)
        self.link.farewell()
        self.link.send(Ping(1))
        self.hear(b"junk\n")
        self.assertEqual(self.transport.said(), [Bye(errors.LIMIT)])
        self.clock.advance(2)
        self.assertEqual(self.owner.reports, [("closed", errors.LIMIT)])

    def test_the_other_says_bye(self) -> None:
        """The other's `bye` closes this end without another, and its word is kept."""
        self.hear(encode(Bye(errors.LEFT)) + encode(Have({})))
        self.assertEqual(self.transport.value(), b"")
        self.assertEqual((self.link.ended_by, self.owner.reports), (errors.LEFT, [("closed", None)]))

    def test_abort_after_two_seconds(self) -> None:
        """A closing link that can't get rid of its buffer is dropped after 2 s."""
        self.transport.slow = True
        self.link.close(errors.LEFT)
        self.clock.advance(1.9)
        self.assertFalse(self.transport.aborted)
        self.clock.advance(0.2)
        self.assertTrue(self.transport.aborted)

    def test_farewell(self) -> None:
        """Who leaves says so and lets the other close, so that all that was sent is read; after 2 s it closes itself."""
        self.link.farewell()
        self.assertEqual(self.transport.said(), [Bye(errors.LEFT)])
        self.assertTrue(self.transport.connected)
        self.clock.advance(1.9)
        self.assertTrue(self.transport.connected)
        self.clock.advance(0.2)
        self.assertFalse(self.transport.connected)

    def test_both_leave(self) -> None:
        """Two that leave at once don't wait for each other."""
        self.link.farewell()
        self.hear(encode(Bye(errors.LEFT)))
        self.assertFalse(self.transport.connected)

    def test_time_to_close(self) -> None:
        """Who leaves and is answered has 2 s from then for what is in the buffer, not from when it said that it leaves."""
        self.transport.slow = True
        self.link.farewell()
        self.clock.advance(1.5)
        self.hear(encode(Bye(errors.LEFT)))
        self.clock.advance(1.9)
        self.assertFalse(self.transport.aborted)
        self.clock.advance(0.2)
        self.assertTrue(self.transport.aborted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_paused(self) -> None:
        """While the buffer is full, of `pong`, `peers` and `linked` the newest is kept; the owner hears when there is room."""
        producer = self.transport.producer
        producer.pauseProducing()
        self.assertFalse(self.link.writable)
        for n in range(1000):
            self.hear(Ping(n))
            self.link.send(Peers([]))
            self.link.send(Linked([n.to_bytes(32, "big")]))
        self.assertEqual(self.transport.value(), b"")
        producer.resumeProducing()
        self.assertEqual(self.transport.said(), [Pong(999), Peers([]), Linked([(999).to_bytes(32, "big")])])
        self.assertEqual(self.owner.reports, ["resumed"])
        producer.pauseProducing()
        producer.resumeProducing()
        self.assertEqual(self.transport.said(), [])

    def test_probe(self) -> None:
        """A probe is told of its own pong, and after 2 s that none has come."""
        answers: list[bool] = []
        self.link.ping(answers.append)
        (ping,) = self.transport.said()
        assert isinstance(ping, Ping)
        self.hear(Pong(ping.n + 1))
        self.assertEqual(answers, [])
        self.hear(Pong(ping.n), Pong(ping.n))
        self.clock.advance(3)
        self.assertEqual(answers, [True])
        self.link.ping(answers.append)
        self.clock.advance(2)
        self.assertEqual(answers, [True, False])

    def test_probe_of_a_lost_link(self) -> None:
        """A probe on a link that is lost is told at once."""
        answers: list[bool] = []
        self.link.ping(answers.append)
        self.transport.abortConnection()
        self.assertEqual(answers, [False])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_recovered(self) -> None:
        """A suspect link that is heard again says so, once."""
        self.link.doubt()
        self.assertTrue(self.link.suspect)
        self.hear(Have({}), Have({}))
        self.assertEqual(self.owner.reports, ["recovered", Have({}), Have({})])

    def test_longest_line(self) -> None:
        """A line of 64 KiB is taken, a longer one refused, and memory for it is not."""
        line = b'{"t":"later","x":"' + b"x" * (MAX_LINE - 20) + b'"}'
        self.assertEqual(len(line), MAX_LINE)
        self.hear(line + b"\n", Ping(1))
        self.assertEqual(self.transport.said(), [Pong(1)])
        for _ in range(100):
            self.hear(b"x" * 1000)
        self.assertEqual(self.transport.said(), [Bye(errors.PROTOCOL)])

    def test_reading_paused(self) -> None:
        """While this end does not read, lines wait; then they come, all of them."""
        self.link.pauseProducing()
        self.hear(Ping(1), Ping(2))
        self.assertEqual(self.transport.said(), [])
        self.link.resumeProducing()
        self.assertEqual(self.transport.said(), [Pong(1), Pong(2)])

    def test_turns(self) -> None:
        """Who brings much at once is not heard to the end at a stretch: after 10 ms the others have their turn."""
        heard: list[AnyFrame] = []

        def take(link: Link, frame: AnyFrame) -> None:
            heard.append(frame)
            self.clock.rightNow += TURN / 4  # it takes its time, in which no timer fires

        def resume() -> None:
            turns.append(len(heard))
            Link.resumeProducing(self.link)

        turns: list[int] = []
        self.patch(self.owner, "link_heard", take)
        self.patch(self.link, "resumeProducing", resume)
        self.hear(encode(Have({})) * 18)
        self.assertEqual(len(heard), 5)
        self.clock.advance(0)
        self.assertEqual((turns, len(heard)), ([5, 10, 15], 18))

    def test_silence_of_our_own_doing(self) -> None:
        """However long a link was not read, its silence until then counts for nothing when it is read again."""
        self.link.reading.stop(Reason.DISK)
        self.clock.advance(DEAD_AFTER + 1)
        self.link.reading.go_on(Reason.DISK)
        self.assertIs(self.link.pulse.check(self.clock.seconds()), Verdict.FINE)
        self.clock.advance(DEAD_AFTER + 1)
        self.assertIs(self.link.pulse.check(self.clock.seconds()), Verdict.DEAD)

    def test_takes_no_answer(self) -> None:
        """Who has this end answer and takes nothing is cut off before its answers fill the memory; who takes them is not."""
        line = b"x" * 1_000_000
        for _ in range(5):
            self.transport.producer.pauseProducing()
            for _ in range(MAX_UNTAKEN // len(line)):
                self.link.send_line(line)
            self.transport.producer.resumeProducing()
        self.assertTrue(self.transport.connected)
        self.transport.producer.pauseProducing()
        for _ in range(MAX_UNTAKEN // len(line) + 1):
            self.link.send_line(line)
        self.assertTrue(self.transport.aborted)
        self.assertEqual(self.owner.reports[-1], ("closed", errors.LIMIT))
