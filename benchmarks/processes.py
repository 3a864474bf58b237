"""Child processes: started, told, listened to, measured, and never left behind."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
LEAVE_SECONDS = 15.0


class BenchmarkFailed(Exception):
    """A run that can't be counted: a process died, a message was lost, or time ran out."""


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback address that nobody holds, below those given to connections."""
    found: list[int] = []
    with ExitStack() as probes:
        for port in random.SystemRandom().sample(range(12_000, 32_000), 1000):
            probe = probes.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise BenchmarkFailed("no free ports")


class Child:
    """One process, its output a line of JSON a time. `pid` is its number."""

    def __init__(self, name: str, command: Sequence[str], home: Path, text: bool = False) -> None:
        """Start it in `home`, its errors in a file there; with `text` its output is not JSON."""
        home.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.errors = home / "stderr.txt"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "LANGUAGE": "en", "LC_ALL": "C.UTF-8"}
        with self.errors.open("ab") as errors:
            self._process = subprocess.Popen(
                command, cwd=home, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        self.pid = self._process.pid
        self._text = text
        self._heard: Queue[Any] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, words: Any) -> None:
        """Write a line."""
        assert self._process.stdin is not None
        line = words if self._text else json.dumps(words)
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def expect(self, key: str, seconds: float) -> Any:
        """Return the next thing heard that has `key` in it."""
        while True:
            try:
                heard = self._heard.get(timeout=seconds)
            except Empty:
                raise BenchmarkFailed(f"{self.name}: no {key!r} within {seconds:g} s{self._said()}") from None
            if heard is None:
                raise BenchmarkFailed(f"{self.name} ended: {self._process.wait()}{self._said()}")
            if key in heard:
                return heard

    def processor_seconds(self) -> float:
        """Return user and system time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, what: str = "VmRSS") -> float:
        """Return MiB resident, or at most so far with `VmHWM`."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split(f"{what}:")[1].split()[0]) / 1024

    def end(self) -> None:
        """Close its input, or else kill it."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait(self, kill: bool = False) -> None:
        """Wait until it is gone."""
        if kill:
            self._process.kill()
        try:
            self._process.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            text = line.decode("utf-8", "replace").rstrip("\n")
            self._heard.put(text if self._text else json.loads(text))
        self._heard.put(None)

    def _said(self) -> str:
        words = self.errors.read_text(errors="replace").strip()[-1500:]
        return f"\n{words}" if words else ""


class Team:
    """The members of one run, and the servers they need; a context manager that ends them all."""

    def __init__(self, members: Sequence[Child], servers: Sequence[Child] = ()) -> None:
        self.members = list(members)
        self.servers = list(servers)

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self.members:
            member.end()
        for member in self.members:
            member.wait(kill=kind is not None)
        for server in self.servers:
            server.wait(kill=True)

    def processor_seconds(self) -> float:
        """Return what all have used so far."""
        return sum(child.processor_seconds() for child in [*self.members, *self.servers])

    def expect(self, key: str, seconds: float) -> list[Any]:
        """Hear the same of every member."""
        return [member.expect(key, seconds) for member in self.members]

    def tell(self, words: Any) -> None:
        """Tell every member."""
        for member in self.members:
            member.tell(words)


def python(module: str, spec: dict[str, Any]) -> list[str]:
    """Return the command that runs a module of ours."""
    return [sys.executable, "-m", module, json.dumps(spec)]
