"""Encrypted links over real sockets: two peers, somebody between them, and somebody who keeps them waiting."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock, deferLater
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from tests.core.wire.test_opening import introduce
from tests.integration.processes import free_ports
from tests.kit.relay import Relay
from tests.net.test_link import Owner
from twisted_chat.assembly import assemble
from twisted_chat.core import errors
from twisted_chat.core.events import Event, Joined, Left, Refused, WrongPassphrase
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.messages import Messages
from twisted_chat.core.status import Finding
from twisted_chat.core.wire.opening import OPENING_SECONDS, Role
from twisted_chat.net.dialing import ASKED
from twisted_chat.net.failures import PER_ADDRESS, PERIOD, Failures
from twisted_chat.net.link import Link
from twisted_chat.net.tls import Encryption
from twisted_chat.peer import NetworkSettings, Parts, Peer, PeerSettings
from twisted_chat.storage.memory import MemoryStore

HOST = "127.0.0.1"
PASSPHRASE = "correct horse"
PATIENCE = 20.0
GROUP = "the group's own name"


class PeersTestCase(TestCase):
    """Whole peers in this process, that keep what they say in memory and link over loopback."""

    timeout = 60

    def setUp(self) -> None:
        self.ports: dict[Peer, int] = {}
        """Where each listens."""
        self.events: dict[str, list[Event]] = {}
        self._waiting: list[tuple[Any, Deferred[None]]] = []

    def peer(
        self,
        name: str,
        dials: int = 0,
        passphrase: str | None = None,
        identity: Identity | None = None,
        knows: bytes = b"",
        port: int = 0,
    ) -> Peer:
        """Start a peer that listens where nobody else does, and calls the port `dials` if that is given. It `knows` a member."""
        port = port or free_ports(1)[0]
        address = NetworkSettings(HOST, port, ((HOST, dials),) if dials else ())
        group = Group(GROUP, passphrase is not None)
        settings = PeerSettings(name, group, address, passphrase=passphrase)
        peer = assemble(reactor, settings, Parts(identity, MemoryStore()) if identity else None)
        self.events[name] = []

        def happened(event: Event) -> None:
            self.events[name].append(event)
            for holds, done in self._waiting:
                if not done.called and holds():
                    done.callback(None)

        if knows:
            peer.conversation.roster.claim(knows, "Known")
        peer.conversation.watch(happened)
        peer.listen()
        peer.start()
        self.ports[peer] = port
        self.addCleanup(peer.stop)
        return peer

    def of(self, name: str, kind: type) -> list[Any]:
        """Return the events of one kind at one peer."""
        return [event for event in self.events[name] if isinstance(event, kind)]

    def until(self, holds: Any) -> Deferred[None]:
        """Fire when `holds()` does: it is looked at with every event."""
        done: Deferred[None] = Deferred()
        self._waiting.append((holds, done))
        if holds():
            done.callback(None)
        return done.addTimeout(PATIENCE, reactor)

    def next_failure(self, peer: Peer) -> Deferred[None]:
        """Fire when a connection of a peer's has come to nothing, and it can call again."""
        failed: Deferred[None] = Deferred()
        outcomes = peer.mesh.outcomes
        before = outcomes.failed

        def fail(*arguments: Any) -> None:
            before(*arguments)
            if not failed.called:
                reactor.callLater(0, failed.callback, None)

        self.patch(outcomes, "failed", fail)
        return failed.addTimeout(PATIENCE, reactor)

    def relay(self, target: Peer, meddles: bool = True) -> Relay:
        """Stand between whoever calls and `target`."""
        relay = Relay(reactor, self.ports[target], meddles)
        self.addCleanup(relay.stop)
        return relay


class TalkTests(PeersTestCase):
    """Two who may talk."""

    async def talk(self, passphrase: str | None, encrypted: bool) -> None:
        """Have Bia call Ana and say something."""
        ana = self.peer("Ana", passphrase=passphrase)
        bia = self.peer("Bia", self.ports[ana], passphrase)
        await self.until(lambda: self.of("Ana", Joined) and self.of("Bia", Joined))
        self.assertEqual([link.encrypted for peer in (ana, bia) for link in peer.mesh.links], [encrypted] * 2)
        bia.conversation.say("hi " + "x" * 8_000)
        await self.until(lambda: self.of("Ana", Messages))

    async def test_closed(self) -> None:
        """With one passphrase they talk, encrypted, on loopback too."""
        await self.talk(PASSPHRASE, True)

    async def test_open_on_loopback(self) -> None:
        """In an open group on one machine the wire stays readable."""
        await self.talk(None, False)

    async def test_open_across_the_network(self) -> None:
        """In an open group links that leave the machine are encrypted."""
        self.patch(Encryption, "needed", lambda encryption, host: True)
        await self.talk(None, True)

    async def test_through_a_forwarder(self) -> None:
        """Somebody between them who only passes bytes on is none of their business, and reads nothing."""
        ana = self.peer("Ana", passphrase=PASSPHRASE)
        relay = self.relay(ana, meddles=False)
        self.peer("Bia", relay.port, PASSPHRASE)
        await self.until(lambda: self.of("Ana", Joined) and self.of("Bia", Joined))
        self.assertIn(b'"tls"', relay.read)
        for secret in (b"pake", b"hello", GROUP.encode(), b"Ana", b"Bia"):
            self.assertNotIn(secret, relay.read)


class WrongTests(PeersTestCase):
    """Two who may not."""

    async def test_wrong_passphrase(self) -> None:
        """Both are told, nobody joins, and the one that called does not call again for ten minutes."""
        ana = self.peer("Ana", passphrase=PASSPHRASE)
        bia = self.peer("Bia", self.ports[ana], "correct house")
        await self.until(lambda: self.of("Ana", WrongPassphrase) and self.of("Bia", WrongPassphrase))
        self.assertFalse(self.of("Ana", Joined) + self.of("Bia", Joined))
        (dialer,) = bia.mesh.calls.values()
        self.assertGreater(dialer.wrong_until - reactor.seconds(), PERIOD - PATIENCE)


class SparedTests(PeersTestCase):
    """Who is let in though somebody else behind the same address guesses at the passphrase, or has been at the address called."""

    def spend(self, failures: Failures) -> None:
        """Let all guesses be used up that may be made from this machine, or at it."""
        for _ in range(PER_ADDRESS):
            failures.failed(HOST)

    async def test_known(self) -> None:
        """Where no more guesses are taken a member that was linked before, and has started anew, is let in; a newcomer is not."""
        ana = self.peer("Ana", passphrase=PASSPHRASE)
        identity = Identity(b"b" * 32)
        bia = self.peer("Bia", self.ports[ana], PASSPHRASE, identity)
        await self.until(lambda: self.of("Ana", Joined) and self.of("Bia", Joined))
        await bia.stop()
        await self.until(lambda: self.of("Ana", Left))
        self.spend(ana.mesh.outcomes._callers)
        new = self.peer("Caio", self.ports[ana], PASSPHRASE)
        await self.until(lambda: ana.mesh.outcomes.refused[errors.WAIT])
        self.events["Ana"].clear()
        (ana_id,) = [member.id for member in bia.conversation.roster.others()]
        again = self.peer("Bia", self.ports[ana], PASSPHRASE, identity, ana_id)
        await self.until(lambda: self.of("Ana", Joined) and again.mesh.links)
        self.assertEqual([event.name for event in self.of("Ana", Joined)], ["Bia"])
        self.assertEqual(new.mesh.links, [])

    async def test_known_guesses(self) -> None:
        """Who shows that it is known, and has the passphrase wrong, is not spared again: nobody has more guesses than others."""
        eva = Identity(b"e" * 32)
        ana_id = Identity(b"a" * 32)
        ana = self.peer("Ana", passphrase=PASSPHRASE, identity=ana_id, knows=eva.id)
        failures = ana.mesh.outcomes._callers
        wrong = self.peer("Eva", self.ports[ana], "correct house", eva, ana_id.id)
        await self.until(lambda: ana.mesh.outcomes.refused[errors.PASSPHRASE])
        self.assertTrue(ana.mesh.outcomes.mistrusts(eva.id))
        self.assertEqual(failures._failed, {})
        (dialer,) = wrong.mesh.calls.values()
        dialer.wrong, dialer._rests_until = b"", 0.0
        dialer.wake()
        await self.until(lambda: self.of("Ana", WrongPassphrase))
        self.assertEqual(len(failures._failed[HOST]), 1)

    async def test_called(self) -> None:
        """Who may risk no more guesses at an address gives no proof to a stranger there, and links with a known member."""
        ana_id, bia_id = Identity(b"a" * 32), Identity(b"b" * 32)
        ana = self.peer("Ana", passphrase=PASSPHRASE, identity=ana_id, knows=bia_id.id)
        bia = self.peer("Bia", passphrase=PASSPHRASE, identity=bia_id, knows=ana_id.id)
        new = self.peer("Caio", passphrase=PASSPHRASE)
        self.spend(bia.mesh.outcomes._called)
        for peer in (new, ana):
            bia.mesh.calls.seek(HOST, self.ports[peer], ASKED)
        await self.until(lambda: self.of("Bia", Joined))
        self.assertEqual([event.name for event in self.of("Bia", Joined)], ["Ana"])
        self.assertEqual(new.mesh.links, [])

    async def test_wrong_proofs(self) -> None:
        """What counts is that a proof was wrong: others' words, and openings broken off, use up nothing."""
        ana = self.peer("Ana", passphrase=PASSPHRASE)
        failures = ana.mesh.outcomes._callers
        self.peer("Eva", self.ports[ana], "correct house")
        await self.until(lambda: self.of("Ana", WrongPassphrase))
        self.assertEqual(len(failures._failed[HOST]), 1)
        for said in (b"", b'{"t":"bye","reason":"passphrase"}\n', b'{"t":"tls"}\n'):
            caller = await connectProtocol(TCP4ClientEndpoint(reactor, HOST, self.ports[ana]), Silent(said))
            if not said.startswith(b'{"t":"bye'):
                caller.transport.loseConnection()
            await caller.closed
        self.assertEqual(len(failures._failed[HOST]), 1)

    async def test_another_process(self) -> None:
        """Where a process was that did not know the passphrase, it is not tried again; another one there is, within seconds."""
        eva = self.peer("Eva", passphrase="correct house")
        port = self.ports[eva]
        bia = self.peer("Bia", port, PASSPHRASE)
        await self.until(lambda: self.of("Bia", WrongPassphrase))
        (dialer,) = bia.mesh.calls.values()
        await self.until(lambda: dialer.found.finding is Finding.OTHER_PASSPHRASE)
        for _ in range(2):
            failed = self.next_failure(bia)
            dialer._rests_until = 0.0
            dialer.wake()
            await failed
        self.assertEqual(len(self.of("Eva", WrongPassphrase)), 1)
        self.assertEqual(len(bia.mesh.outcomes._called._failed[HOST]), 1)
        await eva.stop()
        await deferLater(reactor, 0)  # until the port is free
        self.peer("Ana", passphrase=PASSPHRASE, port=port)
        dialer._rests_until = 0.0
        dialer.wake()
        await self.until(lambda: self.of("Bia", Joined))


class RelayTests(PeersTestCase):
    """Somebody stands between the two and ends both TLS connections."""

    async def test_closed(self) -> None:
        """Without the passphrase he gets nothing: no name, of group or member, no message; and both find out."""
        ana = self.peer("Ana", passphrase=PASSPHRASE)
        relay = self.relay(ana)
        bia = self.peer("Bia", relay.port, PASSPHRASE)
        bia.conversation.say("for friends alone")
        await self.until(lambda: self.of("Ana", WrongPassphrase) and self.of("Bia", WrongPassphrase))
        self.assertIn(b'"mac"', relay.read, "he was there")
        for secret in (b"hello", GROUP.encode(), b"Ana", b"Bia", b"friends", b"batch"):
            self.assertNotIn(secret, relay.read)

    async def test_open(self) -> None:
        """In an open group he learns who they are, as anybody may; what is said over the link never reaches him."""
        self.patch(Encryption, "needed", lambda encryption, host: True)
        ana = self.peer("Ana")
        relay = self.relay(ana)
        bia = self.peer("Bia", relay.port)
        bia.conversation.say("for friends alone")
        await self.until(lambda: self.of("Ana", Refused) and self.of("Bia", Refused))
        self.assertEqual({event.reason for event in self.of("Ana", Refused)}, {errors.AUTH})
        self.assertFalse(self.of("Ana", Joined) + self.of("Bia", Joined))
        self.assertIn(b'"hello"', relay.read, "he was there")
        for secret in (b"friends", b"batch", b"digest"):
            self.assertNotIn(secret, relay.read)


class Silent(Protocol):
    """Says the bytes it is told to, and then nothing. `heard` is what came; `closed` fires when the link hangs up."""

    def __init__(self, says: bytes) -> None:
        self.heard = b""
        self.closed: Deferred[None] = Deferred()
        self._says = says

    def connectionMade(self) -> None:
        """Say it."""
        self.transport.write(self._says)

    def dataReceived(self, data: bytes) -> None:
        """Keep what comes."""
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits."""
        self.closed.callback(None)


class PatientOwner(Owner):
    """An owner that tells when its link is gone, or has got so far that TLS is to be started."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: Deferred[None] = Deferred()

    def link_computes(self, compute: Any) -> Deferred[None]:
        """See `LinkOwner`."""
        return deferToThread(compute)

    def link_closed(self, link: Link, refusal: Any) -> None:
        """See `LinkOwner`."""
        super().link_closed(link, refusal)
        self.closed.callback(None)


class StartingEncryption(Encryption):
    """Tells when TLS is started."""

    def __init__(self) -> None:
        super().__init__(True)
        self.started: Deferred[None] = Deferred()

    def start(self, transport: Any) -> None:
        """See `Encryption`."""
        super().start(transport)
        self.started.callback(None)


class HandshakeTests(TestCase):
    """A listener whose caller does not behave; the link's time is the test's."""

    timeout = 60

    async def call(self, says: bytes) -> Silent:
        """Have somebody call who says so much; return them once TLS has been started."""
        self.clock, self.owner, self.encryption = Clock(), PatientOwner(), StartingEncryption()
        factory = Factory()
        factory.buildProtocol = lambda addr: Link(  # type: ignore[method-assign]
            self.owner, introduce(1, passphrase=PASSPHRASE), self.encryption, Role.LISTENER, self.clock
        )
        port = reactor.listenTCP(0, factory, interface=HOST)
        self.addCleanup(port.stopListening)
        caller = await connectProtocol(TCP4ClientEndpoint(reactor, HOST, port.getHost().port), Silent(says))
        await self.encryption.started
        return caller

    async def test_never_starts(self) -> None:
        """A handshake that never starts is over after five seconds, like every opening that takes too long."""
        caller = await self.call(b'{"t":"tls"}\n')
        self.clock.advance(OPENING_SECONDS)
        await gatherResults([caller.closed, self.owner.closed])
        self.assertEqual(self.owner.reports, [("closed", errors.TIMEOUT)])

    async def test_plain_bytes(self) -> None:
        """After `tls` come bytes of TLS; a line in the clear is not looked at, and ends the link."""
        caller = await self.call(b'{"t":"tls"}\n{"t":"bye","reason":"left"}\n')
        await gatherResults([caller.closed, self.owner.closed])
        self.assertEqual(self.owner.reports, [("closed", errors.TLS)])
