"""Disks that are full, and databases that are deleted while a peer runs."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.integration.case import PeersTestCase
from tests.integration.processes import MODULE, TWISTD, PeerProcess

PLAIN = ("--console", "plain")
FAILING = "[ERRO] As mensagens não podem ser guardadas agora"
ON_TMPFS = ("unshare", "-m", "sh", "-c", 'mkdir -p "$0" && mount -t tmpfs -o size=1m none "$0" && exec "$@"')
"""Runs a program with a small disk of its own at a path that follows."""


class TestFullDisk(PeersTestCase):
    """A disk that takes nothing more."""

    def setUp(self) -> None:
        if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            raise SkipTest("needs Linux, and the right to mount")
        super().setUp()

    def start(self, name: str, *arguments: str, command: tuple[str, ...] = MODULE) -> PeerProcess:
        """Start a peer on a terminal, its data on a disk of 1 MiB."""
        data = self.peers.directory / name / f"data-{name}"
        return self.peers.start(name, None, *PLAIN, *arguments, command=(*ON_TMPFS, str(data), *command), terminal=True)

    def fill(self, peer: PeerProcess) -> Path:
        """Fill the disk of a peer that runs; return the file that does."""
        filling = Path(f"/proc/{peer.pid}/root{peer.data}/fill")
        with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        return filling

    async def say(self, peer: PeerProcess, text: str) -> list[str]:
        """Say something; return what is shown of it, up to the first receipt."""
        since = len(peer.lines)
        peer.say(text)
        await peer.wait_for(lambda line: line.startswith(("✓", "…")), since)
        return [line for line in peer.lines[since:] if line.startswith(("✓", "…"))]

    async def fill_up(self, peer: PeerProcess) -> tuple[Path, int]:
        """Fill a peer's disk, and say things until nothing of them gets there; return what fills it, and where that began."""
        filling = self.fill(peer)
        for number in range(100):
            since = len(peer.lines)
            if await self.say(peer, f"{number} {'x' * 2000}") == ["… not yet on disk"]:
                return filling, since
        raise AssertionError("the disk takes everything")

    async def test_alone(self) -> None:
        """Alone, no message that is not on disk gets a ✓; the last does once there is room, and that once."""
        ana = self.start("Ana")
        await ana.wait_for("Welcome")
        self.assertEqual(await self.say(ana, "first"), ["✓ kept here"])
        filling, since = await self.fill_up(ana)
        self.assertEqual(await self.say(ana, "second"), ["… not yet on disk"])
        self.assertIn("messages can't be kept right now: database or disk is full", "\n".join(ana.lines))
        filling.unlink()
        await ana.wait_for("✓ kept here", since)
        self.assertEqual([line for line in ana.lines[since:] if line.startswith("✓")], ["✓ kept here"])

    async def test_with_another_suspended(self) -> None:
        """With somebody there who does not answer, a receipt says so, and does not repeat what was true of the message before."""
        ana = self.start("Ana")
        bia = self.peers.start("Bia")
        await self.peers.linked()
        self.assertEqual(await self.say(ana, "one"), ["✓ 1/1"])
        bia.suspend()
        since = len(ana.lines)
        filling, _ = await self.fill_up(ana)
        self.assertNotIn("✓ 1/1", ana.lines[since:])
        bia.resume()
        filling.unlink()
        await ana.wait_for("✓ 1/1", since)
        await self.peers.stop()

    async def test_sair(self) -> None:
        """Who leaves with messages that the disk did not take is told how many, in their language, and the log in Portuguese;
        the exit status is 1, whichever command started the peer."""
        for name, command, lang, words in (
            ("Ana", MODULE, "en", "Messages that could not be kept in "),
            ("Bia", (*TWISTD, "-n", "tcpchat"), "en", "Messages that could not be kept in "),
            ("Caio", MODULE, "pt_BR", "Mensagens que não puderam ser guardadas em "),
        ):
            peer = self.start(name, "--lang", lang, command=command)
            await peer.wait_for("logs_chat.txt")
            await self.leave_with_a_full_disk(peer, words)

    async def leave_with_a_full_disk(self, peer: PeerProcess, words: str) -> None:
        """Say much that the disk does not take, and leave; what is told begins with `words`."""
        self.fill(peer)
        peer.say(*(f"{number} {'x' * 2000}" for number in range(200)))
        await peer.eventually(lambda: FAILING in peer.log.read_text(), "trouble")
        peer.say("sair")
        self.assertEqual(await peer.when_ended(), 1, peer.lines[-5:])
        self.assertIn(words, peer.lines[-1])
        (logged,) = [line for line in peer.log_lines() if "[ERRO] Mensagens que não puderam ser guardadas em " in line]
        self.assertIn(int(logged.partition(".db: ")[2].partition(".")[0]), range(1, 201))
        self.assertNotIn("Traceback", "\n".join(peer.lines))


class TestDeleted(PeersTestCase):
    """A database that is deleted while a peer runs."""

    def database(self, peer: PeerProcess) -> Path:
        """Where a peer keeps its only conversation."""
        (found,) = peer.data.glob("identities/*/*.db")
        return found

    async def test_made_anew(self) -> None:
        """That is told, all is written anew, and is there at the next start after a kill."""
        ana = self.peers.start("Ana", None, *PLAIN, terminal=True)
        await ana.wait_for("Welcome")
        ana.say("before")
        await ana.wait_for("✓ kept here")
        database = self.database(ana)
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
        await ana.tells("messages can't be kept right now: the database was deleted while it was in use")
        await ana.wait_for("messages are kept again")
        since = len(ana.lines)
        ana.say("after")
        await ana.wait_for("✓ kept here", since)
        await ana.kill()
        log = ana.log.read_text()
        self.assertIn("não podem ser guardadas agora: o banco de dados foi apagado enquanto estava em uso", log)
        ana = self.peers.start("Ana", None, *PLAIN, terminal=True)
        for text in ("before", "after"):
            await ana.wait_for(f": {text}")
        await self.peers.stop()
        self.assertEqual(ana.status, 0)

    async def test_nowhere(self) -> None:
        """Where it can't be made anew there is no ✓ any more, and the exit status is 1: what was kept is said to be lost."""
        ana = self.peers.start("Ana", None, *PLAIN, terminal=True)
        await ana.wait_for("Welcome")
        ana.say("before")
        await ana.wait_for("✓ kept here")
        shutil.rmtree(ana.data)
        await ana.tells("the database was deleted while it was in use")
        since = len(ana.lines)
        ana.say("after")
        await ana.wait_for("… not yet on disk", since)
        ana.say("sair")
        self.assertEqual(await ana.when_ended(), 1)
        self.assertFalse([line for line in ana.lines[since:] if "✓" in line])
        self.assertIn("was deleted while it was in use, and ", ana.text)
        self.assertIn("[ERRO] ", "\n".join(line for line in ana.log_lines() if "não pôde ser refeito" in line))

    async def test_key_missing(self) -> None:
        """A database without its key is no reason to become somebody else: the start is refused, with what to do."""
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        await self.peers.stop()
        (key,) = ana.data.glob("identities/*/key")
        key.unlink()
        ana = self.peers.start("Ana")
        self.assertEqual(await ana.when_ended(), 1)
        self.assertIn(f"{key} is missing, but conversations are kept beside it", ana.errors)
        self.assertFalse(key.exists())


class TestDamaged(PeersTestCase):
    """A database in which a bit has changed."""

    async def test_fetched_again(self) -> None:
        """That is told once; a newcomer gets the rest, and, when somebody with all of it comes, both get that too."""
        ana, bia = self.peers.start("Ana"), self.peers.start("Bia")
        await self.peers.linked()
        for number in range(10):
            ana.say(f"message {number}")
            await bia.wait_for(f"Ana: message {number}")
        await self.peers.stop()
        database = next(bia.data.glob("identities/*/*.db"))
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            changed = "CAST(replace(body, 'message 4', 'message 5') AS BLOB)"
            rows = connection.execute(
                f"UPDATE batches SET body = {changed} WHERE instr(body, 'message 4') > 0"
            ).rowcount
        self.assertEqual(rows, 1)
        bia, caio = self.peers.start("Bia"), self.peers.start("Caio")
        await caio.wait_for("message 9")
        await bia.eventually(lambda: "Algo que Ana disse não pode mais ser lido" in bia.log.read_text(), "damage")
        ana = self.peers.start("Ana")
        await bia.eventually(
            lambda: "O que não podia ser lido de Ana está aqui de novo." in bia.log.read_text(), "mended"
        )
        await caio.eventually(lambda: "Ana: message 4" in caio.log.read_text(), "the one that was lost")
        await self.peers.stop()
        self.assertEqual(bia.log.read_text().count("MSG RECEBIDA] Ana: message 4"), 1)
        (fault,) = self.peers.faults()
        self.assertIn("[ERRO] Algo que Ana disse", fault)
