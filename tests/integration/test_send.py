"""`tcpchat send`, as scripts call it."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.integration.case import PeersTestCase
from tests.integration.processes import PeerProcess
from twisted_chat.core.writing.text import MAX_TEXT


class TestSend(PeersTestCase):
    """One-shot messages: the exit status is what scripts go by."""

    def send(self, *words: str, options: tuple[str, ...] = (), text: bytes = b"", name: str = "bot") -> PeerProcess:
        """Start `tcpchat send` with `text` on its standard input."""
        ports = ",".join(map(str, self.peers.ports))
        sending = self.peers.run(name, 0, ("send", "--name", name, "--ports", ports, *options), words=words)
        sending.type(text)
        sending.close_input()
        return sending

    async def ended(self, sending: PeerProcess, status: int) -> str:
        """Wait for the end; assert its status, and that nothing was shown or logged. Return what stderr had, once."""
        self.assertEqual(await sending.when_ended(), status, sending.errors)
        self.assertEqual((sending.lines, sending.log.exists()), ([], False))
        said, sending.errors = sending.errors, ""
        self.assertNotIn("Traceback", said)
        return said

    async def test_delivered(self) -> None:
        """With a peer there: the message arrives, from an argument or, all its lines as one, from standard input; status 0
        and not a word, unless asked for; the others see it come and leave."""
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        self.assertEqual(await self.ended(self.send("build 7 passed"), 0), "")
        await ana.wait_for("bot: build 7 passed")
        await ana.wait_for("bot left")
        self.assertEqual(await self.ended(self.send("-", text="um\r\ndois: ✓\n\n".encode()), 0), "")
        await ana.wait_for("bot: um\\ndois: ✓")
        said = await self.ended(self.send("--", "-1", options=("--verbose",)), 0)
        self.assertIn("delivered: 1 other peer has it on disk", said)
        await ana.wait_for("bot: -1")
        self.assertEqual(self.peers.faults(), [])

    async def test_nobody_there(self) -> None:
        """With nobody there: status 1, saying so. The next one that finds somebody brings both messages, once each."""
        self.assertIn("nobody was reached", await self.ended(self.send("first", options=("--timeout", "1")), 1))
        ana = self.peers.start("Ana", self.peers.ports[0])
        await ana.wait_for("Welcome")
        self.assertEqual(await self.ended(self.send("second"), 0), "")
        for text in ("first", "second"):
            await ana.wait_for(f"bot: {text}")
        self.assertEqual(ana.logged(sent=False).count(("bot", "first")), 1)

    async def test_refused(self) -> None:
        """What can't be said is refused before anybody is called: status 2. A name whose peer runs is said to be in
        use: status 1."""
        for words, text, why in (
            (("-",), b"x" * (MAX_TEXT + 1), "at most 8,192 bytes"),
            (("-",), b"\n", "at least one character"),
            (("-",), b"\xff", "UTF-8"),
            (("two", "words"), b"", "one TEXT is needed"),
            ((), b"", "one TEXT is needed"),
        ):
            self.assertIn(why, await self.ended(self.send(*words, text=text), 2))
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        again = self.send("oi", name="Ana")
        self.assertEqual(await again.when_ended(), 1)
        self.assertIn(f"in use by another process: Ana, port {ana.port}", again.errors)

    async def test_one_feed(self) -> None:
        """What is sent one after the other, and by a peer of that name, goes into one feed, where files can be in memory."""
        if not Path("/dev/shm").is_mount():
            raise SkipTest("there are no files in memory here")
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        for text in ("um", "dois", "três"):
            await self.ended(self.send(text), 0)
        self.assertEqual([text for _, text in ana.logged(sent=False)], ["um", "dois", "três"])
        await self.peers.stop()
        (path,) = [path for path in ana.data.rglob("*.db") if "Ana" in str(path)]
        with closing(sqlite3.connect(path)) as connection:
            self.assertEqual(connection.execute("SELECT high FROM feeds").fetchall(), [(3,)])

    async def test_at_once(self) -> None:
        """Several that send under one name at once take turns: each message arrives."""
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        texts = ["um", "dois", "três"]
        sending = [self.send(text, options=("--timeout", "60")) for text in texts]
        for each in sending:
            await self.ended(each, 0)
        self.assertEqual(sorted(text for _, text in ana.logged(sent=False)), sorted(texts))

    async def test_one_at_a_time(self) -> None:
        """Who waited its whole time-out for another that sends says who that is: status 1."""
        first = self.send("um", options=("--timeout", "3600"))
        await first.eventually(lambda: list(first.data.rglob("*.db")), "the first one's database")
        self.assertIn(
            f"in use by another process: tcpchat send, process {first.pid}",
            await self.ended(self.send("dois", options=("--timeout", "1")), 1),
        )
        first.signal(signal.SIGTERM)
        await self.ended(first, 1)

    async def test_told_to_end(self) -> None:
        """SIGTERM ends it before its time, with what it said kept: status 1."""
        sending = self.send("later", options=("--timeout", "3600"))

        def kept() -> bool:
            return any(b"later" in path.read_bytes() for path in sending.data.rglob("*.db*"))

        await sending.eventually(kept, "the message on disk")
        sending.signal(signal.SIGTERM)
        await self.ended(sending, 1)

    async def test_log(self) -> None:
        """With `--log` there is one, as of any peer."""
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        sending = self.send("oi", options=("--log", "logs_chat.txt"))
        self.assertEqual(await sending.when_ended(), 0, sending.errors)
        self.assertEqual(sending.logged(sent=True), [("bot", "oi")])
        self.assertTrue(sending.log_lines()[-1].endswith("[INF SAIDA] bot, encerrou o chat."))


class TestDoctor(PeersTestCase):
    """`/doctor`, between real peers."""

    async def test_told(self) -> None:
        """Each known port with what is there, where this peer listens, where messages are kept and the room left there."""
        ana, bia = self.peers.start("Ana"), self.peers.start("Bia")
        await self.peers.linked()
        ana.say("/médico")
        for what in (
            f"listening at 127.0.0.1:{ana.port}",
            f"127.0.0.1:{ana.port}  🏠 this peer itself",
            f"127.0.0.1:{bia.port}  ✅ linked with Bia",
            f"127.0.0.1:{self.peers.ports[3]}  ⚪ free",
            f"messages are kept in {ana.data}",
            "MiB free",
            f"the log is {ana.log}",
        ):
            await ana.wait_for(what)
        caio = self.peers.start("Caio", None, "--group", "work")
        await ana.eventually(lambda: "another group" in self.asked(ana), "Caio's being found")
        self.assertIn(f"127.0.0.1:{caio.port}  🚪 a tcpchat peer of another group", self.asked(ana))
        await self.peers.stop()
        self.assertEqual(self.peers.faults(), [])

    def asked(self, peer: PeerProcess) -> str:
        """Ask again, and return all that was answered so far."""
        peer.say("/doctor")
        return "\n".join(peer.lines)
