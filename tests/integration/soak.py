"""Peers that go on for long: `python -m tests.integration.soak --minutes 60`.

They talk all the time, and one of them leaves and comes back now and then. What those that stay use is measured: after
the first sixth of the time it must not grow any more.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.task import deferLater, react

from tests.integration.processes import PeerProcess, Peers

STAY = ("Ana", "Bia", "Caio")
GUEST = "Davi"
BEAT = 0.5
"""Seconds between two messages of one peer."""
LOOKS = 12
"""How often it is measured."""
GROWTH = 1.1
"""How much more memory may be used at the end than when all had begun to repeat itself."""


class Use(NamedTuple):
    """What one process uses."""

    memory: float
    """MiB that are resident."""
    descriptors: int
    threads: int
    seconds: float
    """Of a processor, since it began."""


def use(peer: PeerProcess) -> Use:
    """Measure a process."""
    place = f"/proc/{peer.pid}"
    return Use(peer.rss(), len(os.listdir(f"{place}/fd")), len(os.listdir(f"{place}/task")), peer.processor_time())


async def soak(reactor: Any, directory: Path, minutes: float) -> list[str]:
    """Let peers talk for so long; return what is wrong."""
    peers = Peers(reactor, str(directory), len(STAY) + 1)
    try:
        return await _soak(reactor, peers, minutes * 60)
    finally:
        await peers.end()


async def _soak(reactor: Any, peers: Peers, seconds: float) -> list[str]:
    for name in (*STAY, GUEST):
        peers.start(name)
    await peers.linked()
    began, number = reactor.seconds(), 0
    measured: list[dict[str, Use]] = []
    while (now := reactor.seconds() - began) < seconds:
        for name in (*STAY, GUEST):
            if peers.running[name].status is None:
                peers.running[name].say(f"{name} {number}")
        number += 1
        if now >= seconds * (len(measured) + 1) / LOOKS:
            measured.append({name: use(peers.running[name]) for name in STAY})
            sys.stdout.write(f"{now / 60:5.1f} min  {measured[-1]}\n")
            sys.stdout.flush()
            await peers.stop(peers.running[GUEST])
            peers.start(GUEST)
        for name in STAY:  # nobody reads here what was shown long ago
            del peers.running[name].lines[:-100]
        await deferLater(reactor, BEAT)
    faults = peers.faults()
    first, last = measured[len(measured) // 6], measured[-1]
    for name in STAY:
        if last[name].memory > GROWTH * first[name].memory or last[name].descriptors > first[name].descriptors + 2:
            faults.append(f"{name} used {first[name]} and came to {last[name]}")
    await peers.stop()
    return faults


def main() -> None:
    """Run it by hand. The status is 1 if there were faults."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()

    async def run(reactor: Any) -> None:
        with tempfile.TemporaryDirectory() as directory:
            faults = await soak(reactor, Path(directory) / "peers", arguments.minutes)
        sys.stdout.write("\n".join([*faults, f"{len(faults)} faults\n"]))
        if faults:
            raise SystemExit(1)

    react(run)


if __name__ == "__main__":
    main()
