"""Five peers that talk while one after the other is killed: `python -m tests.integration.chaos --kills 500`.

What becomes of it is compared with what guests were told that each peer holds on disk. What a peer logs in two of its lives was
not on its disk yet at the end of the first.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.internet.task import LoopingCall, react

from tests.integration.guest import Guest, visit
from tests.integration.processes import PeerProcess, Peers, eventually
from tests.integration.report import Report
from tests.integration.stores import Stored, copied, database, high_marks, read
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.wire.frames import Have

NAMES = ("Ana", "Bia", "Caio", "Davi", "Eva")
BEAT = 0.05
"""Seconds between two lines of one peer."""
BURST = 40
"""Lines of the longest bursts that come between."""
LIVED = 40
"""Lines that a peer shows before it is killed, at most."""
CONVERGED = 5.0
"""Seconds in which all must hold the same once nobody is killed any more."""


@dataclass
class ChaosReport(Report):
    """What came of the kills."""

    said: int = 0
    kept: int = 0
    announced: int = 0
    logged_again: int = 0
    converged: float = 0.0

    def figures(self) -> str:
        """Return what was done, in figures."""
        return (
            f"{super().figures()}; {self.said:,} messages typed, {self.kept:,} kept by all, {self.announced:,} announced as held "
            f"by those killed, {self.logged_again:,} logged again in another life; all equal {self.converged:.2f} s after the end"
        )


class Chaos:
    """One run. The same seed makes the same choices; when processes do what is up to the system."""

    def __init__(self, reactor: Any, directory: str, seed: int) -> None:
        self.report = ChaosReport(seed)
        self.peers = Peers(reactor, directory, len(NAMES))
        self._reactor = reactor
        self._random = random.Random(seed)
        self._lives = Counter(NAMES)
        self._counts: Counter[str] = Counter()
        self._guests: dict[PeerProcess, Guest] = {}  # by life: one may be let in by a peer that is just being killed
        self._held: dict[FeedId, int] = {}
        self._on_disk: dict[PeerProcess, dict[FeedId, int]] = {}
        """What was on the disk of each that was killed, when it was."""
        self._all: list[PeerProcess] = []
        self._visits: list[Deferred[None]] = []

    async def run(self, kills: int) -> ChaosReport:
        """Do it, and say what came of it. The processes have ended then, unless something raised: see `Peers.end`."""
        began = self._reactor.seconds()
        for name in NAMES:
            self._start(name)
        await self.peers.linked()
        talk = LoopingCall(self._talk)
        talk.clock = self._reactor
        talking = talk.start(BEAT)
        for _ in range(kills):
            await self._kill(self._random.choice(NAMES))
        talk.stop()
        await talking
        self.report.seconds = self._reactor.seconds() - began
        await self._converge()
        await self.peers.stop()
        self._compare()
        return self.report

    def _start(self, name: str) -> None:
        peer = self.peers.start(name)
        self._all.append(peer)
        self._visits.append(Deferred.fromCoroutine(self._visit(peer)))

    async def _visit(self, peer: PeerProcess) -> None:
        """Have a guest hear what the peer announces, for as long as it lives."""
        try:
            await peer.wait_for("Welcome")
            self._guests[peer] = await visit(self._reactor, peer.port, Guest(f"guest of {peer.name}"))
        except (AssertionError, ConnectError, ConnectionClosed):
            await peer.when_ended()  # killed meanwhile, else this fails

    def _talk(self) -> None:
        for name in NAMES:
            burst = self._random.randrange(BURST) if self._random.random() < 0.1 else 1
            peer = self.peers.running[name]
            first = self._counts[name]
            self._counts[name] += burst
            peer.say(*(f"{name}.{self._lives[name]} {number}" for number in range(first, first + burst)))

    async def _kill(self, name: str) -> None:
        peer = self.peers.running[name]
        goal = len(peer.lines) + self._random.randrange(LIVED)
        await peer.until(lambda: len(peer.lines) >= goal, f"line {goal}")
        guest = self._guests.pop(peer, None)
        if guest is not None and self._random.random() < 0.5:
            await self._announcement(guest)
        await peer.kill()
        self.report.kills += 1
        path = database(peer.data, name)
        on_disk = high_marks(copied(path, self.peers.directory / "scratch")) if path.exists() else {}
        if guest is not None:
            self.report.announced += sum(guest.held.values())
            for feed, high in guest.held.items():
                if on_disk.get(feed, 0) < high:
                    self.report.faults.append(
                        f"{name} announced {high} of {_named(feed)}, and had {on_disk.get(feed, 0)} on disk"
                    )
        self._on_disk[peer] = on_disk
        for feed, high in on_disk.items():
            self._held[feed] = max(high, self._held.get(feed, 0))
        self._lives[name] += 1
        self._start(name)

    async def _announcement(self, guest: Guest) -> None:
        """Wait for the moment at which a peer says that more is on its disk: the worst one to find that it isn't."""
        heard = len(guest.frames)
        await guest.until(
            self._reactor, lambda: len(guest.frames) > heard and isinstance(guest.frames[-1], Have), "a have"
        )

    async def _converge(self) -> None:
        """Wait until all peers announce the same, the last words of each included."""
        await gatherResults(self._visits, consumeErrors=True)
        last = {}
        for name in NAMES:
            last[name] = f"the end of {name} {secrets.token_hex(4)}"
            self.peers.running[name].say(last[name])
        began = self._reactor.seconds()
        everybody = [self.peers.running[name].wait_for(word) for name in NAMES for word in last.values()]
        await gatherResults(everybody, consumeErrors=True)

        def equal() -> bool:
            first, *others = [self._guests[self.peers.running[name]].held for name in NAMES]
            complete = all(first.get(feed, 0) >= high for feed, high in self._held.items())
            return complete and all(other == first for other in others)

        await eventually(self._reactor, equal, lambda: "all to hold the same")
        self.report.converged = self._reactor.seconds() - began
        if self.report.converged > CONVERGED:
            self.report.faults.append(f"all held the same only after {self.report.converged:.1f} s")

    def _compare(self) -> None:
        """Look for what is missing, doubled, or not the same everywhere."""
        faults = self.report.faults
        faults += self.peers.faults()
        stores = {name: read(database(self.peers.running[name].data, name)) for name in NAMES}
        for name, store in stores.items():
            faults += [f"{name}'s store: {fault}" for fault in store.faults]
            if store.hashes != stores["Ana"].hashes:
                faults.append(f"{name} holds something else than Ana")
            for feed, high in self._held.items():
                held = store.batches[feed][-1].last if feed in store.batches else 0
                if held < high:
                    faults.append(f"{name} lacks {held + 1}-{high} of {_named(feed)}, which was on somebody's disk")
            faults += [f"{name} holds twice: {text}" for text, count in Counter(store.texts).items() if count > 1]
        for peer in self._all:
            faults += [
                f"{peer.name} logged twice: {text}" for text, count in Counter(peer.logged()).items() if count > 1
            ]
        self._compare_lives(stores["Ana"])
        self.report.said = sum(self._counts.values())
        self.report.kept = len(stores["Ana"].texts)

    def _compare_lives(self, store: Stored) -> None:
        """Look for what a peer logged twice though it was on its disk when it was killed."""
        places = {
            record.text: (feed, batch.first + index)
            for feed, batches in store.batches.items()
            for batch in batches
            for index, record in enumerate(batch.records)
            if isinstance(record, Say)
        }
        before: dict[tuple[str, str], PeerProcess] = {}
        for peer in self._all:
            for _, text in peer.logged():
                former = before.get((peer.name, text))
                if former is not None:
                    self.report.logged_again += 1
                    feed, number = places[text]
                    if number <= self._on_disk[former].get(feed, 0):
                        self.report.faults.append(f"{peer.name} logged again what was on its disk: {text}")
                before[peer.name, text] = peer


def _named(feed: FeedId) -> str:
    return f"{feed.author.hex()[:8]}'s epoch {feed.epoch}"


def main() -> None:
    """Run it by hand. The status is 1 if there were faults."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    arguments = parser.parse_args()

    async def run(reactor: Any) -> None:
        with tempfile.TemporaryDirectory() as directory:
            chaos = Chaos(reactor, str(Path(directory) / "peers"), arguments.seed)
            try:
                report = await chaos.run(arguments.kills)
            finally:
                await chaos.peers.end()
        sys.stdout.write(f"{report}\n")
        if report.faults:
            raise SystemExit(1)

    react(run)


if __name__ == "__main__":
    main()
