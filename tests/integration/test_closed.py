"""Closed groups, as people start them."""

from __future__ import annotations

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import LoopingCall

from tests.integration.case import PeersTestCase
from tests.integration.guest import call
from tests.integration.processes import HOST, PeerProcess, eventually
from twisted_chat.cli.joining import ENVIRONMENT

SECRET = "xyzzy plugh"


class Stalling(Protocol):
    """Begins TLS, and never ends it."""

    def connectionMade(self) -> None:
        """Begin."""
        self.transport.write(b'{"t":"tls"}\n\x16\x03\x01\x02\x00\x01\x00')


class TestClosed(PeersTestCase):
    """Groups that a passphrase closes, on one machine."""

    def setUp(self) -> None:
        super().setUp()
        self.right = self.file("right", SECRET)

    def file(self, name: str, passphrase: str) -> tuple[str, str]:
        """The flag for a file with this passphrase."""
        path = self.peers.directory / name
        path.touch(mode=0o600)
        path.write_text(passphrase + "\n")
        return "--passphrase-file", str(path)

    def sending(self, *way: str) -> PeerProcess:
        """Start `tcpchat send`."""
        ports = ",".join(map(str, self.peers.ports))
        return self.peers.run("bot", 0, ("send", "--name", "bot", "--ports", ports, *way), words=("build 7",))

    async def test_members_only(self) -> None:
        """Who knows the passphrase is in, scripts too; who does not, or has none, sees nobody, and is seen by nobody."""
        ana = self.peers.start("Ana", None, *self.right)
        bia = self.peers.start("Bia", None, *self.right)
        eva = self.peers.start("Eva")
        await self.peers.linked(ana, bia)
        ana.say("for us alone")
        await bia.wait_for("Ana: for us alone")
        self.assertEqual(await self.sending(*self.right).when_ended(), 0)
        await ana.wait_for("bot: build 7")
        self.assertEqual(
            await self.sending("--timeout", "2").when_ended(), 0
        )  # to Eva's group, which has the same name
        await eva.wait_for("bot: build 7")
        self.assertNotIn("Eva", " ".join([*ana.lines, *bia.lines]))
        await self.peers.stop(ana, bia, eva)
        self.assertEqual(eva.logged(sent=False), [("bot", "build 7")])
        self.assertEqual(ana.logged(sent=False), [("bot", "build 7")])
        self.assertEqual([line for name in (ana, bia, eva) for line in name.faults()], [])

    async def test_stalled_handshakes(self) -> None:
        """While somebody on this machine begins TLS 150 times a second and never ends it, scripts on it get through."""
        ana = self.peers.start("Ana", None, *self.right)
        await ana.wait_for("Ana")
        factory = Factory.forProtocol(Stalling)
        factory.noisy = False
        endpoint = TCP4ClientEndpoint(self.reactor, HOST, ana.port)
        stalled: list[Stalling] = []

        def stall() -> None:
            endpoint.connect(factory).addCallbacks(stalled.append, lambda reason: None)

        flood = LoopingCall(stall)
        flood.clock = self.reactor
        flood.start(1 / 500)
        try:
            await eventually(self.reactor, lambda: len(stalled) > 100, lambda: f"{len(stalled)} stalled")
            for number in range(3):
                began = self.reactor.seconds()
                self.assertEqual(await self.sending("--timeout", "30", *self.right).when_ended(), 0)
                self.measured(f"delivered through the crowd, {number + 1}", self.reactor.seconds() - began, "s")
        finally:
            flood.stop()
            for one in stalled:
                one.transport.abortConnection()
        self.assertEqual(ana.faults(), [])

    async def test_strangers_words(self) -> None:
        """Callers who say that a passphrase is wrong, and guessers who are wrong, as many as come, keep no member out that was
        there before, nor stop those that are linked."""
        ana, bia = (self.peers.start(name, None, *self.right) for name in ("Ana", "Bia"))
        await self.peers.linked()
        ana.say("we meet")
        await bia.wait_for("Ana: we meet")
        await self.peers.stop(bia)
        wrong = self.file("wrong", "open sesame")
        for _ in range(40):
            caller = await call(self.reactor, ana.port)
            await caller.greeted
            caller.send(b'{"t":"bye","reason":"passphrase"}\n')
            await caller.closed
        self.assertNotIn("🔑", "\n".join(ana.lines))
        for number in range(3):
            ended = self.sending("--timeout", "1", *wrong, "--data", str(self.peers.directory / f"guess{number}"))
            self.assertEqual(await ended.when_ended(), 1)
        await ana.wait_for("🔑")
        ana.lines.clear()
        bia = self.peers.start("Bia", None, *self.right)
        await bia.wait_for("Ana joined")
        await self.peers.stop(ana, bia)

    async def test_another_passphrase(self) -> None:
        """A group keeps to its passphrase: a peer that starts with another one says so and does not start."""
        ana, bia = (self.peers.start(name, None, *self.right) for name in ("Ana", "Bia"))
        await self.peers.linked()
        await self.peers.stop()
        again = self.peers.start("Ana", None, *self.file("wrong", "open sesame"))
        self.assertEqual(await again.when_ended(), 1)
        self.assertIn("not the one that this group had before", again.errors)
        self.assertEqual((ana.faults(), bia.faults()), ([], []))

    async def test_asked(self) -> None:
        """On a terminal the passphrase is asked for, is not shown, and lets in whoever types it."""
        self.peers.start("Ana", None, *self.right)
        bia = self.peers.start("Bia", None, "--ask-passphrase", "--console", "plain", terminal=True)
        await bia.eventually(lambda: "Passphrase of group chat" in bia.question, "the question")
        bia.type(SECRET.encode() + b"\n")
        await self.peers.linked()
        self.assertNotIn(SECRET, "\n".join(bia.lines))
        await self.peers.stop()
        self.assertNotIn(SECRET, bia.log.read_text())
        self.assertEqual(self.peers.faults(), [])

    async def test_not_in_argv(self) -> None:
        """A peer does not start with a passphrase in its command line; the words lead to the other ways."""
        ana = self.peers.start("Ana", None, "--passphrase", SECRET)
        self.assertEqual(await ana.when_ended(), 1)
        self.assertIn(ENVIRONMENT, ana.errors)
        self.assertNotIn(SECRET, ana.errors)
