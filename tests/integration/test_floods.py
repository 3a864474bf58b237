"""Too much of everything: connections, batches, frames. The others chat on, and are not kept waiting."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from itertools import count, islice
from statistics import median
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.task import deferLater
from zope.interface import implementer

from tests.integration.case import PeersTestCase
from tests.integration.guest import Guest, call, visit
from tests.integration.processes import HOST, PeerProcess, eventually
from twisted_chat.core.feeds.batches import Batch, sign_batch
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import Frame, Have, Ping, Pong, Range, Want, encode
from twisted_chat.net.budget import BURST, RATE

PROMPT = 0.25
"""Seconds within which what somebody types is to be seen, half of the time at least, on a machine that has other work too."""
JOINS_WITHIN = 2.0
"""Seconds within which a peer that calls is to be let in."""
NOW = 1_700_000_000_000
TALKS = 8


def batches(identity: Identity, text: Callable[[int], str], records: int = 1) -> Iterator[Batch]:
    """Yield one batch after the other of one feed, each with so many records, sealed as it is asked for."""
    prev = b""
    for number in count():
        said = [Say(text(number))] * records
        batch = sign_batch(
            identity, Group(), 7, 1 + number * records, prev, NOW, NOW * 1000 + number * records, "Zoe", said
        )
        prev = batch.hash
        yield batch


@implementer(IPullProducer)
class Stream:
    """Sends lines over a guest's connection for as long as they are taken; `done` fires when all are, or it is stopped."""

    CHUNK = 200

    def __init__(self, guest: Guest, lines: Iterator[bytes]) -> None:
        self.done: Deferred[None] = Deferred()
        self._guest = guest
        self._lines = lines
        guest.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send more."""
        chunk = b"".join(islice(self._lines, self.CHUNK))
        if chunk:
            self._guest.transport.write(chunk)
        else:
            self.stopProducing()

    def stopProducing(self) -> None:
        """End."""
        if not self.done.called:
            self._guest.transport.unregisterProducer()
            self.done.callback(None)


class Deaf(Guest):
    """A guest that counts what it hears, and keeps nothing of it."""

    heard = 0

    def _keep(self, frame: Frame) -> None:
        self.heard += 1


class Crowd(ClientFactory):
    """Connections that say nothing, each made again when it is closed, until `go`."""

    noisy = False

    def __init__(self, reactor: Any, port: int, size: int) -> None:
        self.calls = 0
        self._connectors: set[Any] = set()
        self._gone: Deferred[None] | None = None
        for _ in range(size):
            self._connectors.add(reactor.connectTCP(HOST, port, self))

    def buildProtocol(self, addr: Any) -> Protocol:
        """Count."""
        self.calls += 1
        return Protocol()

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        """Call again."""
        if self._gone is None:
            connector.connect()
        else:
            self._connectors.discard(connector)
            if not self._connectors:
                self._gone.callback(None)

    clientConnectionFailed = clientConnectionLost

    def go(self) -> Deferred[None]:
        """Hang up everywhere."""
        self._gone = Deferred()
        for connector in list(self._connectors):
            connector.disconnect()
        return self._gone


class FloodTestCase(PeersTestCase):
    """Ana and Bia chat; Zoe is hostile, and linked to Ana."""

    async def start(self, *arguments: str) -> None:
        """Start them."""
        self.ana, self.bia = self.peers.start("Ana", None, *arguments), self.peers.start("Bia")
        await self.peers.linked()
        self.zoe = await self.visit(Guest("Zoe"))

    async def visit(self, guest: Guest) -> Guest:
        """Return a guest of Ana's, who has gone when the test ends."""

        def hang_up() -> Deferred[Any]:
            guest.transport.abortConnection()
            return guest.closed

        await visit(self.reactor, self.ana.port, guest)
        self.addCleanup(hang_up)
        return guest

    async def talk(self, what: str) -> None:
        """Let Ana and Bia talk to each other, each a few times, and assert that they are not kept waiting."""
        waits: list[float] = []
        for number in range(TALKS):
            for speaker, hearer in ((self.ana, self.bia), (self.bia, self.ana)):
                waits.append(await self.heard(speaker, hearer, f"{what} {number}"))
                await deferLater(self.reactor, 0.05)
        self.measured(f"{what}: median", 1000 * median(waits), "ms")
        self.measured(f"{what}: slowest", 1000 * max(waits), "ms")
        self.assertLess(median(waits), PROMPT)

    async def heard(self, speaker: PeerProcess, hearer: PeerProcess, text: str) -> float:
        """Return in how many seconds what one types the other sees."""
        began = self.reactor.seconds()
        speaker.say(text)
        await hearer.wait_for(f"{speaker.name}: {text}")
        return float(self.reactor.seconds() - began)


class TestMemberFloods(FloodTestCase):
    async def test_tiny_batches(self) -> None:
        """A member says thousands of things, each signed for itself, as fast as they are taken: all of it arrives, and what
        others say meanwhile does not wait for it."""
        await self.start()
        lines = [batch.line for batch in islice(batches(self.zoe.identity, "flood {}".format), 7_000)]
        stream = Stream(self.zoe, iter(lines))
        await self.talk("under a flood of batches")
        await stream.done
        await self.bia.wait_for("Zoe: flood 6999")
        self.assert_healthy()

    async def test_wants(self) -> None:
        """A member wants the same long feed from its beginning, again and again, and takes it all."""
        await self.start()
        author = Identity(secrets.token_bytes(32))
        for batch in islice(batches(author, lambda number: "x" * 500, 40), 200):
            self.zoe.send_line(batch.line)
        feed = batch.feed
        await self.zoe.until(self.reactor, lambda: self.zoe.held.get(feed) == 8000, "Ana to hold it")
        other = await self.visit(Deaf("Yara", asks=False))
        stream = Stream(other, iter(lambda: encode(Want(feed, 1)), b""))
        await self.talk("while one wants everything again and again")
        stream.stopProducing()
        self.assert_healthy()

    async def test_same_again(self) -> None:
        """A member says the same again and again: it is shown once, and read no faster than what means little."""
        await self.start()
        yara = await self.visit(Deaf("Yara", asks=False))
        batch = next(batches(yara.identity, "once {}".format))
        began = self.reactor.seconds()
        sent = count()
        stream = Stream(yara, (batch.line for _ in sent))
        await self.talk("while one repeats itself")
        await deferLater(self.reactor, 5)
        stream.stopProducing()
        room = 20_000  # lines that wait in buffers
        self.assertLess(next(sent), BURST + (self.reactor.seconds() - began) * RATE + room)
        self.assertEqual(len([line for line in self.bia.lines if "once 0" in line]), 1)
        self.assert_healthy()

    async def test_control_frames(self) -> None:
        """Of frames that mean little and cost work, a member that sends as many as are taken gets rid of what anybody could
        need, and from then on of as many as are earned."""
        await self.start()
        yara = await self.visit(Deaf("Yara", asks=False))
        began = self.reactor.seconds()
        stream = Stream(yara, iter(lambda: encode(Ping(1)), b""))
        await self.talk("under a flood of pings")
        await eventually(self.reactor, lambda: yara.heard > 0.9 * BURST, lambda: f"{yara.heard} answers")
        stream.stopProducing()
        self.assertLess(yara.heard, BURST + (self.reactor.seconds() - began) * RATE)
        self.measured("pings answered", yara.heard, "")
        self.assertFalse(yara.closed.called, "read less, not hung up on")
        self.assert_healthy()

    async def test_lists(self) -> None:
        """A member says that it holds much, then nothing, then much again."""
        await self.start()
        author = secrets.token_bytes(32)
        much = encode(Have({author: [Range(epoch, 1, 1000) for epoch in range(1200)]}))
        nothing = encode(Have({author: [Range(epoch, 1, 0) for epoch in range(1200)]}))
        stream = Stream(self.zoe, (much if number % 2 else nothing for number in count()))
        await self.talk("under a flood of lists")
        stream.stopProducing()
        self.assert_healthy()

    async def test_quota(self) -> None:
        """Of a member that says more than there is room for no more is taken; its link stays, people are told once, and see it
        in /status; others are heard as before."""
        await self.start("--quota", "1M")
        for batch in islice(batches(self.zoe.identity, lambda number: f"{number} " + "x" * 2000, 14), 60):
            self.zoe.send_line(batch.line)
        told = await self.ana.wait_for("--quota")
        self.assertIn("1,048,576 bytes", told)
        self.assertIn("Zoe", told)
        self.zoe.send(Ping(77))
        await self.zoe.until(self.reactor, lambda: Pong(77) in self.zoe.frames, "a pong")
        await self.talk("beyond a quota")
        self.ana.say("/status")
        await self.ana.wait_for("storage quota full: Zoe")
        self.assertEqual(len([line for line in self.ana.lines if "--quota" in line]), 1)
        self.assertEqual(len([line for line in self.ana.log_lines() if "1048576" in line]), 1)
        held = self.zoe.held[batch.feed]
        self.assertTrue(14 * 30 < held < 14 * 45, held)
        self.assert_healthy()


class TestConnectionFloods(PeersTestCase):
    async def test_idle_connections(self) -> None:
        """500 connections that say nothing, and are made again whenever one is closed: those who belong here are let in all
        the same, and the refused are counted in /status."""
        ana = self.peers.start("Ana")
        await ana.eventually(lambda: any("connect" in line or "Hello" in line for line in ana.lines), "a start")
        crowd = Crowd(self.reactor, ana.port, 500)
        self.addCleanup(crowd.go)
        await deferLater(self.reactor, 0.5)
        waits = [await self.joins(ana) for _ in range(5)]
        self.measured("slowest to join", max(waits), "s")
        self.measured("calls meanwhile", crowd.calls, "")
        self.assertLess(max(waits), JOINS_WITHIN)
        ana.say("/status")
        self.noted(await ana.wait_for("connections refused: full"))
        self.assert_healthy(ana)

    async def test_slow_lines(self) -> None:
        """Callers that send a byte now and then, and never a newline, take up no place for long."""
        ana = self.peers.start("Ana")
        await ana.eventually(lambda: bool(ana.lines), "a start")
        callers = [await call(self.reactor, ana.port) for _ in range(60)]

        def drip() -> None:
            for caller in callers:
                if not caller.closed.called:
                    caller.send(b"{")
                    dripping.append(None)

        dripping: list[None] = []
        for _ in range(4):
            drip()
            self.assertLess(await self.joins(ana), JOINS_WITHIN)
            await deferLater(self.reactor, 0.3)
        heard = await gatherResults([caller.closed for caller in callers])
        byes = [line.partition(b"\n")[2] for line in heard]
        self.assertEqual({*byes}, {b'{"t":"bye","reason":"full"}\n', b'{"t":"bye","reason":"timeout"}\n'})
        ana.say("/status")
        await ana.wait_for("timeout ")
        self.assert_healthy(ana)

    async def joins(self, ana: PeerProcess) -> float:
        """Return how many seconds it takes somebody to be let in, who calls again after half a second when hung up on."""
        began = self.reactor.seconds()
        while True:
            try:
                guest = await visit(self.reactor, ana.port, Guest(secrets.token_hex(4)))
                guest.transport.loseConnection()
                return float(self.reactor.seconds() - began)
            except Exception:
                if self.reactor.seconds() - began > 30:
                    raise
                await deferLater(self.reactor, 0.5)
