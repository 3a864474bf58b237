"""Standard input, output and error closed from the start, or full: nothing is written elsewhere, and no exit status is wrong."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from unittest import skipUnless

from twisted.internet.defer import gatherResults

from tests.integration.case import PeersTestCase
from tests.integration.processes import MODULE, TWISTD, PeerProcess
from tests.kit.feeding import Author
from twisted_chat.cli.subcommands import main
from twisted_chat.storage.database import open_database
from twisted_chat.storage.folders import DataDirectory
from twisted_chat.storage.tables import Tables

FULL = "/dev/full"
ALL_CLOSED = "<&- >&- 2>&-"
ALL_FULL = f">{FULL} 2>{FULL}"
BROKEN = ("<&-", ">&-", "2>&-", ALL_CLOSED, f">{FULL}", f"2>{FULL}", ALL_FULL)
"""How programs are started here, as a shell writes it."""
FEW = {"<&-": (0, 1), ">&-": (0, 2), "2>&-": (0, 3), f"2>{FULL}": (0, 3), ALL_FULL: (0, 1, 2)}
"""The commands, by number, to which it matters that just this is missing; with the rest of `BROKEN` every one is tried:
each costs a second."""
BY_HAND = "unset PYTHONUNBUFFERED; exec"
"""With Python's own buffers, whatever the tests run with."""


@skipUnless(os.path.exists(FULL), "no device here is always full")
class StreamsTestCase(PeersTestCase):
    """Programs that are started with something missing."""

    def assert_no_mistake(self, process: PeerProcess) -> None:
        """Assert that nobody was told of a mistake, whatever else was said."""
        for mark in ("Traceback", "Exception ignored", "Error:"):
            self.assertNotIn(mark, "\n".join([process.errors, *process.lines]), process.name)


class TestCommands(StreamsTestCase):
    """What does one thing and ends."""

    def setUp(self) -> None:
        super().setUp()
        self.data = self.peers.directory / "data"
        tables = Tables(open_database(DataDirectory(self.data).identity("bot").database("chat", False)), self.fail)
        with tables.transaction():
            for batch in Author().batches((1, 2)):
                tables.append(batch, 0)
        tables.connection.close()
        self.archive = self.peers.directory / "archive"
        self.patch(sys, "stderr", io.StringIO())
        self.assertEqual(main(["export", *self.of_bot(self.data), "--output", str(self.archive)]), 0)

    def of_bot(self, data: Path) -> tuple[str, ...]:
        """Return the flags for the conversation in a directory."""
        return "--name", "bot", "--data", str(data)

    def commands(self, place: Path) -> dict[tuple[str, ...], tuple[int, int | None, str]]:
        """Return what there is to run, in `place` where that changes something, those first that tell most.

        Of each there is its exit status; what that is without a standard input, None if it needs none; and what it shows on
        standard output, empty if nothing.
        """
        shutil.copytree(self.data, place / "forgotten")
        ports = ",".join(map(str, self.peers.ports))
        sending = ("send", "--ports", ports, "--data", str(self.peers.directory / "sent"), "--verbose", "--name")
        return {
            (*sending, "argument", place.name): (0, None, ""),
            (*sending, "pipe", "-"): (0, 2, ""),
            ("export", *self.of_bot(self.data)): (0, None, "archive"),
            ("--bogus",): (1, None, ""),
            ("--help",): (0, None, "Usage"),
            ("invite",): (0, None, "passphrase"),
            ("export", *self.of_bot(self.data), "--output", str(place / "file")): (0, None, ""),
            ("export", *self.of_bot(self.data), "--output", FULL): (1, None, ""),
            ("verify", str(self.archive)): (0, None, "2 messages"),
            ("verify", "-"): (2, 2, ""),
            ("forget", *self.of_bot(place / "forgotten"), "--yes"): (0, None, ""),
        }

    async def test_every_one(self) -> None:
        """Each command ends as it would have ended with everything in place, unless it is what it shows or reads that is missing:
        then it has failed, and says why where it can. What is sent arrives."""
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        piped = 0
        for number, redirection in enumerate(BROKEN):
            place = self.peers.directory / f"text{number}"
            place.mkdir()
            running = {}
            commands = list(self.commands(place).items())
            for each in FEW.get(redirection, range(len(commands))):
                words, ends = commands[each]
                piped += "pipe" in words and "<" not in redirection
                line = f"{BY_HAND} {shlex.join([*MODULE, *words])} {redirection}"
                process = self.peers.run(f"{number}-{len(running)}", 0, (), ("/bin/sh", "-c", line))
                process.type(b"from a pipe")
                process.close_input()
                running[line] = process, ends
            await gatherResults([process.when_ended() for process, _ in running.values()])
            for line, (process, (status, deaf, shown)) in running.items():
                unread = "<&-" in redirection and deaf is not None
                unshown = redirection.startswith(">") or redirection == ALL_CLOSED
                expected = deaf if unread else 1 if unshown and shown else status
                self.assertEqual(process.status, expected, f"{line}\n{process.errors}")
                self.assertIn("" if unshown else shown, "\n".join(process.lines), line)
                self.assert_no_mistake(process)
                if "2>" not in redirection:
                    self.assertEqual("standard output: " in process.errors, bool(unshown and shown), line)
                    self.assertEqual("standard input: B" in process.errors, unread, line)
            await ana.wait_for(f"argument: {place.name}")
        received = [text for name, text in ana.logged(sent=False) if name == "pipe"]
        self.assertEqual(received, ["from a pipe"] * piped)
        self.assertEqual(ana.faults(), [])


class TestPeers(StreamsTestCase):
    """Peers, which go on without what is missing."""

    async def assert_chat(self, *started: tuple[tuple[str, ...], str]) -> None:
        """Start peers so, four at a time, and assert that each takes part, that nothing of its own has the numbers 0 to 2, and
        that it leaves as it is told to."""
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        for first in range(0, len(started), 4):
            peers = {}
            for number, (command, redirection) in enumerate(started[first : first + 4], 1):
                line = f'{BY_HAND} {shlex.join(command)} "$@" {redirection}'
                command = ("/bin/sh", "-c", line, "sh")
                peers[line] = self.peers.start(f"P{first + number}", self.peers.ports[number], command=command)
            for peer in peers.values():
                await ana.wait_for(f" {peer.name} joined")
            ana.say(f"oi {first}")
            for line, peer in peers.items():
                heard = ("Ana", f"oi {first}")
                await peer.eventually(lambda heard=heard, peer=peer: heard in peer.logged(), line)  # type: ignore[misc]
                for held in (os.path.realpath(f"/proc/{peer.pid}/fd/{number}") for number in range(3)):
                    self.assertFalse(
                        "socket:" in held or "anon_inode:" in held or held.endswith(".db"), f"{line}: {held}"
                    )
                peer.signal(signal.SIGTERM)
            for line, peer in peers.items():
                self.assertEqual(await peer.when_ended(), -signal.SIGTERM, f"{line}\n{peer.errors}")
                await ana.wait_for(f"{peer.name} left")
                self.assertTrue(peer.log_lines()[-1].endswith(f"[INF SAIDA] {peer.name}, encerrou o chat."), line)
                self.assertEqual(peer.faults(), [], line)
                self.assert_no_mistake(peer)
        self.assertEqual(ana.faults(), [])

    async def test_every_stream(self) -> None:
        """Whatever is missing, a peer takes part and leaves with a goodbye."""
        await self.assert_chat(*((MODULE, redirection) for redirection in BROKEN))

    async def test_every_reactor(self) -> None:
        """So does one that twistd runs, on any reactor: also on one that takes descriptors before this program is asked."""
        reactors = [(*TWISTD, f"--reactor={name}", "-n", "tcpchat") for name in ("select", "poll", "epoll", "asyncio")]
        await self.assert_chat(*((command, broken) for broken in (ALL_CLOSED, ALL_FULL) for command in reactors))
