"""Peers that talk on terminals while they are killed and suspended and their disks fill up: `python -m tests.integration.siege`.

What becomes of it is judged from the terminals and from exports alone, by `judge`.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater, react

from tests.integration.judge import Archive, Screen, judge, look, open_archive
from tests.integration.processes import ROOT, PeerProcess, Peers
from tests.integration.report import Report
from tests.kit import forkserver

NAMES = ("Ana", "Bia", "Caio", "Davi")
PAUSE = 0.02
"""Seconds between a receipt and what the person says next."""
IMPATIENCE = 3.0
"""Seconds after which a person goes on without a receipt."""
LIFE = 3.0
"""Seconds that a peer lives at most once it is up."""
SUSPENDED = 2.0
"""Seconds that one is suspended at most."""
FULL = 3.0
"""Seconds that a disk is full at most."""
DISK = "64m"
CONVERGED = 30.0
"""Seconds in which all must hold the same once nothing happens any more; how fast they do is another test's business."""


@dataclass
class SiegeReport(Report):
    """What came of a siege."""

    suspensions: int = 0
    full_disks: int = 0
    typed: int = 0
    acknowledged: int = 0

    def figures(self) -> str:
        """Return what was done, in figures."""
        return (
            f"{super().figures()}, {self.suspensions} suspensions and {self.full_disks} full disks; {self.typed:,} messages "
            f"typed, {self.acknowledged:,} acknowledged"
        )


@contextmanager
def disks(directory: Path) -> Iterator[bool]:
    """Give each peer a small disk of its own, where that is allowed; say whether it is."""
    mounted = []
    for name in NAMES:
        place = directory / name / f"data-{name}"
        place.mkdir(parents=True, mode=0o700)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "none", place]
        with contextlib.suppress(FileNotFoundError):
            if subprocess.run(mount, capture_output=True).returncode == 0:
                mounted.append(place)
    try:
        yield len(mounted) == len(NAMES)
    finally:
        for place in mounted:
            subprocess.run(["umount", "-l", place], check=True)


class Siege:
    """One run. The same seed makes the same choices; when processes do what is up to the system."""

    def __init__(self, reactor: Any, peers: Peers, seed: int, fillable: bool) -> None:
        """`fillable` says that each peer has a disk of its own that may be filled."""
        self.report = SiegeReport(seed)
        self._reactor = reactor
        self._peers = peers
        self._fillable = fillable
        self._random = random.Random(seed)
        self._lives = dict.fromkeys(NAMES, 0)
        self._typed: dict[str, list[str]] = {name: [] for name in NAMES}
        self._all: list[PeerProcess] = []
        self._busy: set[str] = set()
        """Whose peer is suspended, or has a full disk."""
        self._over = False

    async def run(self, kills: int) -> SiegeReport:
        """Do it, and say what came of it."""
        began = self._reactor.seconds()
        for name in NAMES:
            self._start(name)
        await self._peers.linked()
        people = [Deferred.fromCoroutine(self._talk(name)) for name in NAMES]
        troubles: list[Deferred[None]] = []
        for _ in range(kills):
            troubles = [each for each in troubles if not each.called]
            if (name := self._victim()) is not None and self._random.random() < 0.1:
                troubles.append(Deferred.fromCoroutine(self._suspend(name)))
            if self._fillable and (name := self._victim()) is not None and self._random.random() < 0.05:
                troubles.append(Deferred.fromCoroutine(self._fill(name)))
            await self._kill(self._random.choice(NAMES))
        await gatherResults(troubles, consumeErrors=True)
        self._over = True
        await gatherResults(people, consumeErrors=True)
        await self._converge()
        self.report.seconds = self._reactor.seconds() - began
        await self._peers.stop()
        self._judge()
        return self.report

    def _start(self, name: str) -> None:
        self._lives[name] += 1
        self._all.append(self._peers.start(name, None, "--console", "plain", terminal=True))

    def _sleep(self, seconds: float) -> Deferred[None]:
        return deferLater(self._reactor, seconds)

    def _victim(self) -> str | None:
        free = [name for name in NAMES if name not in self._busy]
        return self._random.choice(free) if len(free) > 1 else None  # one at least goes on undisturbed

    async def _talk(self, name: str) -> None:
        """Say one thing after the other, as a person does who waits for the ✓ a while."""
        while not self._over:
            peer = self._peers.running[name]
            self._say(peer)
            shown = len(peer.lines)
            deadline = self._reactor.seconds() + IMPATIENCE
            while (
                self._reactor.seconds() < deadline
                and peer.status is None
                and not any(line.startswith("✓") for line in peer.lines[shown:])
            ):
                await self._sleep(PAUSE)
            await self._sleep(PAUSE)

    def _say(self, peer: PeerProcess) -> str:
        texts = self._typed[peer.name]
        text = f"{peer.name}.{self._lives[peer.name]} {len(texts)} {secrets.token_hex(3)}"
        texts.append(text)
        if peer.status is None:
            peer.say(text)
        return text

    async def _kill(self, name: str) -> None:
        """Kill a peer that is up, or has a full disk and so may never be."""
        peer = self._peers.running[name]
        began = self._reactor.seconds()
        while len(peer.lines) < 2 and name not in self._busy and self._reactor.seconds() < began + CONVERGED:
            await self._sleep(PAUSE)
        await self._sleep(self._random.uniform(0, LIFE / len(NAMES)))
        await peer.kill()
        self.report.kills += 1
        self._start(name)

    async def _suspend(self, name: str) -> None:
        self._busy.add(name)
        peer = self._peers.running[name]
        if peer.status is None:
            peer.suspend()
            self.report.suspensions += 1
            await self._sleep(self._random.uniform(0, SUSPENDED))
            if peer.status is None:
                peer.resume()
        self._busy.discard(name)

    async def _fill(self, name: str) -> None:
        """Fill a disk for a while. Who is started meanwhile may refuse to, and is started again once there is room."""
        self._busy.add(name)
        filling = self._peers.running[name].data / "fill"
        with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
        self.report.full_disks += 1
        await self._sleep(self._random.uniform(0, FULL))
        filling.unlink()
        if self._peers.running[name].status is not None:
            self._start(name)
        self._busy.discard(name)

    async def _converge(self) -> None:
        """Wait until all have shown the last word of each, and each that it has a ✓."""
        for name in NAMES:
            if self._peers.running[name].status is not None:
                self.report.faults.append(f"{name} has ended by itself: {self._peers.running[name].lines[-3:]}")
                self._start(name)
        running = [self._peers.running[name] for name in NAMES]
        await gatherResults([peer.wait_for("Welcome") for peer in running], consumeErrors=True)
        last = {peer.name: self._say(peer) for peer in running}
        for peer in running:
            for word in last.values():
                await peer.wait_for(lambda line, word=word: line.endswith(f": {word}"), seconds=CONVERGED)
            await peer.until(
                lambda peer=peer: peer.name in [screen.name for screen in self._screens([peer]) if screen.acknowledged],
                "a ✓",
                CONVERGED,
            )
        deadline = self._reactor.seconds() + CONVERGED
        while self._reactor.seconds() < deadline:
            first, *others = [self._export(name).hashes for name in NAMES]
            if all(other == first for other in others):
                return
            await self._sleep(1)

    def _screens(self, peers: list[PeerProcess]) -> list[Screen]:
        return [look(peer.name, peer.lines) for peer in peers]

    def _export(self, name: str) -> Archive:
        export = ("export", "--name", name, "--data", str(self._peers.running[name].data))
        done = forkserver.run(str(ROOT), export, {"PYTHONPATH": str(ROOT)})
        archive = open_archive(done.stdout.encode())
        archive.faults += done.stderr.splitlines()
        return archive

    def _judge(self) -> None:
        archives = {name: self._export(name) for name in NAMES}
        screens = self._screens(self._all)
        self.report.typed = sum(map(len, self._typed.values()))
        self.report.acknowledged = sum(len(screen.acknowledged) for screen in screens)
        self.report.faults += judge(self._typed, screens, archives)
        self.report.faults += [
            f"{peer.name}: {peer.lines[-1]}" for peer in self._all if any("Traceback" in line for line in peer.faults())
        ]


async def besiege(reactor: Any, directory: Path, kills: int, seed: int) -> SiegeReport:
    """Run a siege in a directory that is not there yet, and leave nothing running."""
    peers = Peers(reactor, str(directory), len(NAMES))
    with disks(directory) as fillable:
        try:
            return await Siege(reactor, peers, seed, fillable).run(kills)
        finally:
            await peers.end()


def main() -> None:
    """Run it by hand. The status is 1 if there were faults."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.siege", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    arguments = parser.parse_args()

    async def run(reactor: Any) -> None:
        with tempfile.TemporaryDirectory() as directory:
            report = await besiege(reactor, Path(directory) / "peers", arguments.kills, arguments.seed)
        sys.stdout.write(f"{report}\n")
        if report.faults:
            raise SystemExit(1)

    react(run)


if __name__ == "__main__":
    main()
