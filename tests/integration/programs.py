"""Programs that are slow, and are killed with or without their peer, get each message once.

`python -m tests.integration.programs`: one peer talks. A second one is a JSON pipe, a third one has a socket. At both ends sits a
reader that is killed again and again, and goes on after the last place that it has dealt with. Its peer is killed, too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from tests.integration.processes import HOST, MODULE, ROOT, free_ports

PATIENCE = 120.0
"""Seconds without a message after which none is expected to come."""
START_SECONDS = 60.0
Life = Generator[dict[str, Any], None, None]
"""What a reader is told until it is killed."""
STALL_SECONDS = 1.0
"""How long a reader reads nothing, once in each of its lives."""


@dataclass
class Heard:
    """What one reader was told, over all its lives."""

    texts: list[str] = field(default_factory=list)
    place: str = ""
    kills: int = 0
    peak: float = 0.0
    """The most memory that a peer of its had, in MiB, and how much it had when its reader began."""
    before: float = 0.0

    def faults(self, count: int) -> list[str]:
        """Return what is wrong with it."""
        wanted = {f"n{number}" for number in range(count)}
        lost, twice = wanted - set(self.texts), len(self.texts) - len(set(self.texts))
        order = [int(text[1:]) for text in self.texts] == sorted(int(text[1:]) for text in self.texts)
        return [
            *([f"{len(lost)} lost, such as {sorted(lost)[:3]}"] if lost else []),
            *([f"{twice} came twice"] if twice else []),
            *([] if order else ["out of order"]),
        ]


class Stage:
    """Where the peers live: ports and directories of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports = free_ports(3)
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, number: int, *flags: str) -> subprocess.Popen[bytes]:
        """Start a peer."""
        name = f"p{number}"
        ports = ",".join(map(str, self.ports))
        process = subprocess.Popen(
            [*MODULE, "--name", name, "--port", str(self.ports[number]), "--ports", ports, "--listen", HOST,
             "--data", str(self.directory / name), "--log", str(self.directory / f"{name}.log"), *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip
        self.running.append(process)
        return process

    def end(self) -> None:
        """Kill what still runs."""
        for process in self.running:
            process.kill()
            process.wait()


def memory(process: subprocess.Popen[bytes], of: str) -> float:
    """Return a number of MiB that the system tells of a process; 0 where it tells none."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{process.pid}/status").read_text().split(f"{of}:")[1].split()[0]) / 1024
    return 0.0


def request(method: str, **params: Any) -> bytes:
    """Return a line that asks for something."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"


def talk(stage: Stage, count: int) -> None:
    """Say so many things, as fast as they are taken."""
    peer = stage.start(0, "--console", "json")
    assert peer.stdin is not None and peer.stdout is not None
    drain = Thread(target=peer.stdout.read, daemon=True)
    drain.start()
    for number in range(count):
        peer.stdin.write(request("say", text=f"n{number}"))
    peer.stdin.flush()  # and it stays, for who comes late


def listen(heard: Heard, count: int, kills: int, live: Callable[[str, int], Life]) -> None:
    """Be a reader until everything was heard, and be killed meanwhile so many times."""
    chance = random.Random(len(heard.texts))
    while len(set(heard.texts)) < count:
        most = chance.randrange(1, max(2, 2 * count // (kills + 1))) if heard.kills < kills else count + 1
        with closing(live(heard.place, heard.kills)) as lines:
            for told in lines:
                if told.get("method") == "message" and told["params"]["text"].startswith("n"):
                    heard.texts.append(told["params"]["text"])
                    heard.place = told["params"]["place"]
                    most -= 1
                    if most == 1:
                        time.sleep(STALL_SECONDS)
                    if not most or len(heard.texts) >= count:
                        break
        heard.kills += 1


@contextmanager
def measured(peer: subprocess.Popen[bytes], heard: Heard) -> Iterator[None]:
    """Note how much memory a peer takes while it is read from."""
    heard.before = max(heard.before, memory(peer, "VmRSS"))
    try:
        yield
    finally:
        heard.peak = max(heard.peak, memory(peer, "VmHWM"))


def piped(stage: Stage, heard: Heard) -> Callable[[str, int], Life]:
    """Return a life of a reader at a pipe, whose end is the peer's too."""

    def live(place: str, life: int) -> Life:
        peer = stage.start(1, "--console", "json")
        assert peer.stdin is not None and peer.stdout is not None
        peer.stdin.write(request("subscribe", after=place))
        peer.stdin.flush()
        first = json.loads(peer.stdout.readline())
        assert "result" in first, first
        try:
            with measured(peer, heard):
                for line in peer.stdout:
                    yield json.loads(line)
        finally:
            peer.send_signal(signal.SIGKILL if life % 2 else signal.SIGTERM)
            peer.stdout.close()
            peer.wait()

    return live


def at_socket(stage: Stage, heard: Heard) -> Callable[[str, int], Life]:
    """Return a life of a reader at a socket: the peer lives on, half of the times."""
    path = stage.directory / "rpc"
    peers: list[subprocess.Popen[bytes]] = []

    def live(place: str, life: int) -> Life:
        if not peers:
            peers.append(stage.start(2, "--console", "none", "--rpc", str(path)))
        try:
            with connected(path) as wire:
                wire.sendall(request("subscribe", after=place))
                with wire.makefile("rb") as lines, measured(peers[0], heard):
                    first = json.loads(lines.readline())
                    assert "result" in first, first
                    for line in lines:
                        yield json.loads(line)
        finally:
            if life % 2:
                peer = peers.pop()
                peer.kill()
                peer.wait()

    return live


@contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """Give a connection, once somebody listens."""
    deadline = time.monotonic() + START_SECONDS
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(PATIENCE)
        while True:
            try:
                wire.connect(os.fspath(path))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield wire


def run(count: int, kills: int, tell: Callable[[str], object] = lambda line: None) -> list[str]:
    """Let it happen; return what went wrong, and tell how it went."""
    with tempfile.TemporaryDirectory(prefix="tcp") as directory:
        stage = Stage(Path(directory))
        pipe, wire = Heard(), Heard()
        try:
            began = time.monotonic()
            threads = [
                Thread(target=talk, args=(stage, count), daemon=True),
                Thread(target=listen, args=(pipe, count, kills, piped(stage, pipe)), daemon=True),
                Thread(target=listen, args=(wire, count, kills, at_socket(stage, wire)), daemon=True),
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE + count / 100 + 10 * kills)
            seconds = time.monotonic() - began
        finally:
            stage.end()
        for name, heard in (("pipe", pipe), ("socket", wire)):
            tell(
                f"{name}: {len(heard.texts)} messages, {heard.kills} lives, {seconds:.0f} s, "
                f"{heard.before:.0f} MiB at the beginning of a life, {heard.peak:.0f} MiB at most\n"
            )
        return [
            f"{name}: {fault}" for name, heard in (("pipe", pipe), ("socket", wire)) for fault in heard.faults(count)
        ]


def main() -> int:
    """Run as the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.programs", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    faults = run(options.messages, options.kills, sys.stdout.write)
    sys.stdout.write("".join(f"{fault}\n" for fault in faults) or "each message once\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
