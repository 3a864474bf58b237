"""Closed groups, as people start them."""

from __future__ import annotations

from tests.integration.case import PeersTestCase
from tests.integration.processes import PeerProcess
from twisted_chat.cli.joining import ENVIRONMENT

SECRET = "xyzzy plugh"


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
