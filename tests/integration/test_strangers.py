"""Programs that are no peers: those that live on known ports, and those that call."""

from __future__ import annotations

import random
import secrets
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.fuzz.mutation import LINES
from tests.integration.case import PeersTestCase
from tests.integration.guest import Guest, call, visit
from tests.integration.processes import HOST, MODULE, PATIENCE
from tests.integration.test_hostile import saying, sealed
from twisted_chat.core.group import Group
from twisted_chat.core.keys import SEED_BYTES, Identity
from twisted_chat.core.wire.frames import VERSION, Greet, encode
from twisted_chat.core.wire.opening import OPENING_SECONDS, Introduction, Opening, Role
from twisted_chat.net.connection import FLUSH_SECONDS

NOISE = 100 * 1024 * 1024
CHUNK = 64 * 1024
GREETING = b'{"t":"greet"'
BYE = b'{"t":"bye","reason":"%b"}\n'


class Foreign(ServerFactory):
    """A service that has nothing to do with the chat. `says` is what it opens with."""

    def __init__(self, says: bytes) -> None:
        self.says = says
        self.heard = b""
        self.calls = 0
        self.ended = 0

    def buildProtocol(self, addr: object) -> Protocol:
        """Take a call."""
        service = self

        class Conversation(Protocol):
            def connectionMade(self) -> None:
                service.calls += 1
                self.transport.write(service.says)

            def dataReceived(self, data: bytes) -> None:
                service.heard += data

            def connectionLost(self, reason: Failure = connectionDone) -> None:
                service.ended += 1

        return Conversation()


@implementer(IPullProducer)
class Noise(Protocol):
    """Sends random bytes for as long as they are taken; `closed` fires with how many that were."""

    def __init__(self, seed: int) -> None:
        self.closed: Deferred[int] = Deferred()
        self._chunk = random.Random(seed).randbytes(CHUNK)
        self._sent = 0

    def connectionMade(self) -> None:
        """Begin."""
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send more."""
        self._sent += CHUNK
        self.transport.write(self._chunk)

    def stopProducing(self) -> None:
        """End."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits."""
        self.closed.callback(self._sent)


class Recorded(Guest):
    """A guest whose words somebody hears on the wire: `sent`."""

    def makeConnection(self, transport: Any) -> None:
        """Keep what is sent from now on."""
        self.sent = b""
        write = transport.write

        def keep(data: bytes) -> None:
            self.sent += data
            write(data)

        transport.write = keep
        super().makeConnection(transport)


class TestForeignServices(PeersTestCase):
    async def test_chat_among_foreign_services(self) -> None:
        """With services on known ports that talk first, are silent or send garbage, the peers chat, and none of these
        services gets a byte from them, however often they call."""
        *ports, ana, bia = self.peers.ports
        garbage = random.Random(5).randbytes(3000)
        services = [Foreign(says) for says in (b"220 mail.example.org ESMTP ready\r\n", b"", garbage)]
        for port, service in zip(ports, services, strict=True):
            listening = self.reactor.listenTCP(port, service, interface=HOST)
            self.addCleanup(listening.stopListening)
        one, other = self.peers.start("Ana", ana), self.peers.start("Bia", bia)
        await self.peers.linked()
        await one.eventually(lambda: all(service.ended >= 4 for service in services), "two calls from each peer")
        one.say("ping")
        await other.wait_for("Ana: ping")
        other.say("pong")
        await one.wait_for("Bia: pong")
        self.assertEqual([service.heard for service in services], [b"", b"", b""])
        for peer in (one, other):
            refusals = [line for line in peer.log_lines() if "recusada" in line]
            self.assertEqual(len(refusals), 3, f"one line for each service, not one for each call: {refusals}")
        self.assert_healthy()


class TestCallers(PeersTestCase):
    """Each test leaves a chat that goes on."""

    async def start(self) -> None:
        """Have Ana, who gets the calls, and Bia, with whom she chats."""
        self.ana, self.bia = self.peers.start("Ana"), self.peers.start("Bia")
        await self.peers.linked()
        self.base = self.ana.rss()

    async def goes_on(self) -> None:
        """Assert that the two chat as if nothing had happened."""
        self.bia.say("still there?")
        await self.ana.wait_for("Bia: still there?")
        self.ana.say("still here")
        await self.bia.wait_for("Ana: still here")
        self.measured("growth", self.ana.peak() - self.base, "MiB")
        self.assert_healthy()

    async def test_refusals(self) -> None:
        """Whatever is not the protocol is greeted, told `bye`, hung up on, and costs one line in the log."""
        await self.start()
        lines = {
            "garbage": b"hello?\n",
            "an HTTP request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "100,000 brackets, on a line too long": b"[" * 100_000 + b"\n",
            "60,000 brackets": b"[" * 60_000 + b"\n",
            "brackets in a field nobody knows": b'{"t":"hello","x":' + b"[" * 60_000 + b"\n",
            "brackets in a frame nobody knows": b'{"t":"zz","x":' + b"[" * 60_000 + b"]" * 5_000 + b"}\n",
            "a lone surrogate": b'{"t":"hello","group":"\\ud800","name":"\\udfff"}\n',
            "a number of 65,000 digits": b'{"t":"greet","v":' + b"9" * 65_000 + b',"tls":false}\n',
            "invalid UTF-8": b'{"t":"bye","reason":"\xff\xfe"}\n',
            "NUL bytes": b"\0" * 1000 + b"\n",
            "a frame before its turn": b'{"t":"ping","n":1}\n',
            "no end of line": b"x" * 70_000,
        }
        for number, (what, line) in enumerate(lines.items(), 1):
            caller = await call(self.reactor, self.ana.port)
            await caller.greeted
            caller.send(line)
            await caller.closed
            greet, _, rest = caller.heard.partition(b"\n")
            self.assertTrue(greet.startswith(GREETING), what)
            self.assertEqual(rest, BYE % b"protocol", what)
            await self.ana.eventually(lambda: len(self.refusals()) >= number, f"a line in the log for {what}")  # noqa: B023
            self.assertEqual(len(self.refusals()), number, what)
        await self.goes_on()

    def hello(self) -> bytes:
        """Return a good `hello`."""
        introduction = Introduction(Identity(secrets.token_bytes(SEED_BYTES)), Group(), "Zoe", 0, 1, False)
        hello = Opening(introduction, Role.DIALER).receive(encode(Greet(VERSION, False))[:-1])
        assert isinstance(hello, bytes)
        return hello

    def refusals(self) -> list[str]:
        """Return the lines in Ana's log about refused connections."""
        return [line for line in self.ana.log_lines() if "recusada" in line]

    async def test_before_its_turn(self) -> None:
        """No frame has any effect before the opening is through: whatever is said instead of `hello`, or after it instead of
        `auth`, ends the connection, and nothing of the conversation or its members has been said to whoever said it."""
        await self.start()
        said = sealed(Identity(secrets.token_bytes(SEED_BYTES)), saying("unseen"))
        lines = [*LINES, said.line[:-1]]
        for hello in (b"", self.hello()):
            for line in lines:
                caller = await call(self.reactor, self.ana.port)
                await caller.greeted
                caller.send(hello + line + b"\n" + said.line)
                *answers, bye, rest = (await caller.closed).split(b"\n")
                self.assertEqual(rest, b"")
                self.assertTrue(bye.startswith(b'{"t":"bye"') or b'"bye"' in line, (line, bye))
                self.assertLessEqual(len(answers), 2 if hello else 1, line)
        await self.goes_on()
        self.assertFalse([line for peer in (self.ana, self.bia) for line in peer.lines if "unseen" in line])

    async def test_replay(self) -> None:
        """An opening that was heard on the wire, said again word for word, is refused: the listener's nonce is another."""
        await self.start()
        guest = Recorded("Zoe")
        await visit(self.reactor, self.ana.port, guest)
        guest.transport.loseConnection()
        await guest.closed
        await self.ana.wait_for("Zoe")
        for _ in range(3):
            caller = await call(self.reactor, self.ana.port)
            await caller.greeted
            caller.send(guest.sent)
            heard = await caller.closed
            self.assertTrue(heard.endswith(BYE % b"auth"), heard)
        await self.ana.eventually(lambda: len(self.refusals()) >= 3, "lines in the log")
        self.ana.say("/status")
        await self.ana.wait_for("connections refused: auth 3")
        await self.goes_on()

    async def test_unfinished_handshakes(self) -> None:
        """Callers of a closed group that begin to turn to TLS and don't come to an end are hung up on within seconds, and
        counted; who knows the passphrase is let in meanwhile."""
        path = self.peers.directory / "passphrase"
        path.touch(mode=0o600)
        path.write_text("correct horse battery\n")
        ana = self.peers.start("Ana", None, "--passphrase-file", str(path))
        await ana.wait_for("Ana")
        beginnings = (
            b"",
            b'{"t":"tls"}\n',
            b'{"t":"tls"}\n\x16\x03\x01\x02\x00\x01\x00',
            b'{"t":"tls"}\nGET / HTTP/1.1\r\n',
        )
        callers = [await call(self.reactor, ana.port) for _ in range(28)]
        for number, caller in enumerate(callers):
            caller.send(beginnings[number % len(beginnings)])
        bia = self.peers.start("Bia", None, "--passphrase-file", str(path))
        await bia.wait_for("Ana joined")
        began = self.reactor.seconds()
        await gatherResults([caller.closed for caller in callers])
        self.assertLess(self.reactor.seconds() - began, OPENING_SECONDS + FLUSH_SECONDS + 1)
        ana.say("/status")
        counted = await ana.wait_for("connections refused:")
        self.assertIn("timeout 21", counted)
        self.assertIn("tls 7", counted)
        self.assert_healthy()

    async def test_few_descriptors(self) -> None:
        """A peer that may open few files, and is called by more than that, gets over it: later callers are let in again."""
        limited = ("/bin/sh", "-c", 'ulimit -n 40; exec "$0" "$@"', *MODULE)
        self.ana, self.bia = self.peers.start("Ana", command=limited), self.peers.start("Bia")
        await self.peers.linked()
        self.base = self.ana.rss()
        callers = [await call(self.reactor, self.ana.port) for _ in range(150)]
        heard = await gatherResults([caller.closed for caller in callers])
        self.assertIn(b"", heard, "there were descriptors enough for all that may wait")
        caio = self.peers.start("Caio")
        await caio.wait_for("Ana joined")
        await self.goes_on()

    async def test_silence(self) -> None:
        """Callers that say nothing, or never end their line, are hung up on within seconds; as many as there may be
        don't keep a peer from being called."""
        await self.start()
        callers = [await call(self.reactor, self.ana.port) for _ in range(100)]
        await gatherResults([caller.greeted for caller in callers])
        for caller in callers[::2]:
            caller.send(b'{"t":"hel')
        caio = self.peers.start("Caio")
        await caio.wait_for("Ana joined")
        heard = await gatherResults([caller.closed for caller in callers])
        self.assertEqual({line.partition(b"\n")[2] for line in heard}, {BYE % b"full", BYE % b"timeout"})
        await self.goes_on()

    async def test_noise(self) -> None:
        """100 MiB of random bytes are refused as they come, in bounded memory."""
        await self.start()
        sent = calls = 0
        while sent < NOISE:
            endpoint = TCP4ClientEndpoint(self.reactor, HOST, self.ana.port)
            noise = await connectProtocol(endpoint, Noise(calls))
            sent += await noise.closed.addTimeout(PATIENCE, self.reactor)
            calls += 1
        self.measured("calls for 100 MiB", calls, "calls")
        await self.goes_on()
