"""Real peers in real processes, for tests: started, spoken to, listened to, stopped, and never left behind."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest

import twisted_chat
from tests.kit import forkserver

PATIENCE = 60.0
"""Seconds after which what was waited for is taken not to come."""
LOOK_SECONDS = 0.02
"""How often a condition is looked at that no output announces."""
HOST = "127.0.0.1"
MODULE = (sys.executable, "-m", "twisted_chat")
TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()")
ROOT = Path(twisted_chat.__file__).resolve().parent.parent
KEPT = 2000
"""Characters that are kept of each line shown: what is told may name a path, however deep the tests run."""

_SAID = re.compile(r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d\] : \[MSG (ENVIADA|RECEBIDA)\] ([^:]+): (.*)")


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback address that nobody holds.

    They lie below those the system gives to connections: a peer that is down must find its own still free when it
    comes back, however many connections there were meanwhile.
    """
    candidates = random.SystemRandom().sample(range(12_000, 32_000), 500)
    found: list[int] = []
    with ExitStack() as probes:
        for port in candidates:
            probe = probes.enter_context(socket.socket())
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise SkipTest(f"{count} free ports can't be found")


def eventually(
    reactor: Any, condition: Callable[[], object], words: Callable[[], str], seconds: float = PATIENCE
) -> Deferred[None]:
    """Fire when `condition` holds, looking again and again; fail with `words` after `seconds`."""
    deadline = reactor.seconds() + seconds

    def look() -> None:
        if condition():
            looking.stop()
        elif reactor.seconds() > deadline:
            raise AssertionError(f"in vain for {seconds:g} s: {words()}")

    looking = LoopingCall(look)
    looking.clock = reactor
    return looking.start(LOOK_SECONDS).addCallback(lambda _: None)


class PeerProcess(ProcessProtocol):
    """One process that runs, or refuses to run, a peer. Made by `Peers.start`.

    `lines` is what it has shown so far, `errors` its standard error, `status` how it ended: the exit status, or minus the
    signal's number; None while it runs.
    """

    def __init__(self, reactor: Any, name: str, port: int, data: Path, log: Path) -> None:
        self.name = name
        self.port = port
        self.data = data
        self.log = log
        self.lines: list[str] = []
        self.errors = ""
        self.status: int | None = None
        self._reactor = reactor
        self._log_start = self._log_size()
        self._log_end: int | None = None
        self._rest = b""
        self._waiting: list[tuple[Callable[[], object], Deferred[None]]] = []
        self._ended: list[Deferred[int]] = []

    # What can be done to it.

    def say(self, *lines: str) -> None:
        """Type lines, all at once."""
        self.transport.write("".join(f"{line}\n" for line in lines).encode())

    def type(self, keys: bytes) -> None:
        """Send bytes as they are."""
        self.transport.write(keys)

    def close_input(self) -> None:
        """End the peer's standard input."""
        self.transport.closeStdin()

    def signal(self, which: int) -> None:
        """Send a signal, unless the process has ended."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(which)

    def kill(self) -> Deferred[int]:
        """End it as `kill -9` does; fires when it is gone."""
        self.signal(signal.SIGKILL)
        return self.when_ended()

    def suspend(self) -> None:
        """Stop it in its tracks."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    # What can be seen of it.

    @property
    def text(self) -> str:
        """All it has shown so far, with a space for each line break, which a console on a terminal makes between words."""
        return " ".join(" ".join(self.lines).split())

    def tells(self, words: str) -> Deferred[None]:
        """Fire when it has shown these words, however they are broken into lines."""
        return self.until(lambda: words in self.text, words)

    @property
    def pid(self) -> int:
        """The process's number."""
        pid: int = self.transport.pid
        return pid

    def peak(self) -> float:
        """Return the most memory this process ever had resident, in MiB. Skips the test where nobody tells."""
        return self._memory("VmHWM")

    def rss(self) -> float:
        """Return the memory this process has resident, in MiB. Skips the test where nobody tells."""
        return self._memory("VmRSS")

    def processor_time(self) -> float:
        """Return the seconds of a processor this process has used. Skips the test where nobody tells."""
        used = self._told("stat").rpartition(")")[2].split()[11:13]
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")

    def _memory(self, field: str) -> float:
        return int(self._told("status").split(f"{field}:")[1].split()[0]) / 1024

    def _told(self, file: str) -> str:
        try:
            return Path(f"/proc/{self.pid}/{file}").read_text()
        except OSError:
            raise SkipTest("processes are measured in /proc, which this system does not have") from None

    def log_lines(self) -> list[str]:
        """Return the lines of its log from the start of this process to its end."""
        if not self.log.exists():
            return []
        return self.log.read_bytes()[self._log_start : self._log_end].decode().splitlines()

    def log_tail(self) -> str:
        """Return the last few messages of its log, however long that is."""
        with self.log.open("rb") as file:
            file.seek(max(self._log_start, self._log_size() - 64 * 1024))
            return file.read().decode("utf-8", "replace")

    def _log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def logged(self, sent: bool | None = None) -> list[tuple[str, str]]:
        """Return author and text of every message logged since the start of this process: own ones, others', or all."""
        found = []
        for line in self.log_lines():
            if (match := _SAID.fullmatch(line)) and (sent is None or sent == (match[1] == "ENVIADA")):
                found.append((match[2], match[3]))
        return found

    def wait_for(self, text: str | Callable[[str], object], since: int = 0, seconds: float = PATIENCE) -> Deferred[str]:
        """Fire with the first line shown, not before the one numbered `since`, that contains or satisfies `text`."""
        search = self._search(text if callable(text) else lambda line: text in line, since)
        found: list[str] = []

        def look() -> bool:
            found.extend(next(search))
            return bool(found)

        return self.until(look, f"waiting for {text!r}", seconds).addCallback(lambda _: found[0])

    def _search(self, fits: Callable[[str], object], start: int) -> Iterator[list[str]]:
        while True:
            end = len(self.lines)
            yield [line for line in self.lines[start:end] if fits(line)]
            start = end

    def until(self, condition: Callable[[], object], words: str, seconds: float = PATIENCE) -> Deferred[None]:
        """Fire when `condition` holds: it is looked at now, and whenever something is shown."""
        done: Deferred[None] = Deferred()
        if condition():
            done.callback(None)
            return done
        self._waiting.append((condition, done))
        if self.status is not None:
            self._give_up()

        def explain(value: Any, timeout: float) -> Any:
            raise AssertionError(f"{self._tail()}\n{words}: in vain for {timeout:g} s")

        return done.addTimeout(seconds, self._reactor, explain)

    def eventually(self, condition: Callable[[], object], words: str, seconds: float = PATIENCE) -> Deferred[None]:
        """Fire when `condition` holds, which is about the log, say, and so announced by nothing that is shown."""
        return eventually(self._reactor, condition, lambda: f"{words}\n{self._tail()}", seconds)

    def when_ended(self, seconds: float = PATIENCE) -> Deferred[int]:
        """Fire with the status when the process has ended."""
        ended: Deferred[int] = Deferred()
        if self.status is None:
            self._ended.append(ended)
        else:
            ended.callback(self.status)

        def explain(value: Any, timeout: float) -> Any:
            raise AssertionError(f"{self._tail()}\nstill runs after {timeout:g} s")

        return ended.addTimeout(seconds, self._reactor, explain)

    def faults(self) -> list[str]:
        """Return what must never be seen: lines of tracebacks, mistakes caught, anything on standard error."""
        seen = [*self.lines, *self.log_lines()]
        marks = ("Traceback", "[ERRO]", "a bug in this program")
        return [line for line in seen if any(mark in line for mark in marks)] + self.errors.splitlines()

    def _tail(self) -> str:
        shown = "\n".join(self.lines[-10:])
        return f"{self.name}, status {self.status}, {len(self.lines)} lines shown, the last:\n{shown}\n{self.errors}"

    # What Twisted reports.

    def outReceived(self, data: bytes) -> None:
        """Cut what is shown into lines; a question that waits for its answer is the last of them."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.lines += [line.decode("utf-8", "replace")[:KEPT].rstrip("\r") for line in lines]
        self._look()

    @property
    def question(self) -> str:
        """What stands on the line that is not finished."""
        return self._rest.decode("utf-8", "replace")

    def errReceived(self, data: bytes) -> None:
        """Keep what is said on standard error."""
        self.errors += data.decode("utf-8", "replace")

    def processEnded(self, reason: Failure) -> None:
        """Tell those that wait."""
        self.status = 0
        if not reason.check(ProcessDone):
            self.status = -reason.value.signal if reason.value.signal else reason.value.exitCode
        self._log_end = self._log_size()
        self._look()
        self._give_up()
        ended, self._ended = self._ended, []
        for waiting in ended:
            waiting.callback(self.status)

    def _look(self) -> None:
        for entry in list(self._waiting):
            condition, done = entry
            if not done.called and condition():
                done.callback(None)
        self._waiting = [entry for entry in self._waiting if not entry[1].called]

    def _give_up(self) -> None:
        waiting, self._waiting = self._waiting, []
        for _condition, done in waiting:
            if not done.called:
                done.errback(Failure(AssertionError(f"ended before what was waited for came\n{self._tail()}")))


class Peers:
    """The peers of one test: their directories below one place, their ports, and their end.

    `running` are those that were started last under each name; those that run the program as it is are `forked`
    unless that is what a test is about.
    """

    forked = forkserver.forks

    def __init__(self, reactor: Any, directory: str, count: int = 5) -> None:
        """Make `directory` for up to `count` peers."""
        self.directory = Path(directory).absolute()
        self.directory.mkdir(parents=True)
        self.ports = free_ports(count)
        self.running: dict[str, PeerProcess] = {}
        self._reactor = reactor
        self._all: list[PeerProcess] = []

    def start(
        self,
        name: str,
        port: int | None = None,
        *arguments: str,
        command: Sequence[str] = MODULE,
        home: str | None = None,
        data: str | None = None,
        descriptors: dict[int, Any] | None = None,
        terminal: bool = False,
    ) -> PeerProcess:
        """Start a peer, or start it again as the same member.

        `home` is the directory, of its own unless given, where it runs and has its log; `data`, in `home`, where its
        identity is. Ports not told are handed out in the order of the names. `descriptors` are as for `spawnProcess`.
        """
        if port is None:
            known = self.running.get(name)
            port = known.port if known else self.ports[len(self.running)]
        ports = ",".join(map(str, self.ports))
        told = ("--name", name, "--port", str(port), "--ports", ports)
        return self.run(name, port, (*told, *arguments), command, home, data, descriptors, terminal)

    def run(
        self,
        name: str,
        port: int,
        arguments: Sequence[str],
        command: Sequence[str] = MODULE,
        home: str | None = None,
        data: str | None = None,
        descriptors: dict[int, Any] | None = None,
        terminal: bool = False,
        words: Sequence[str] = (),
    ) -> PeerProcess:
        """Start a peer with exactly these arguments, its `--data`, and `words` after all flags."""
        place = self.directory / (home or name)
        place.mkdir(exist_ok=True)
        peer = PeerProcess(self._reactor, name, port, place / (data or f"data-{name}"), place / "logs_chat.txt")
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("TCPCHAT", "XDG"))},
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.directory),
            "LANGUAGE": "en",
            "LC_ALL": "C.UTF-8",
        }
        whole = [*command, *arguments, "--data", str(peer.data), *words]
        places = {0: "w", 1: "r", 2: "r", **(descriptors or {})}
        if self.forked and (command == MODULE or (command[0] == "ip" and command[4:] == MODULE)):
            given = (self._reactor, command[0], whole, environment, str(place), peer, None, None)
            forkserver.process(*given, *([] if terminal else [places]), terminal=terminal)
        elif terminal:
            self._reactor.spawnProcess(peer, command[0], whole, environment, str(place), usePTY=True)
        else:
            self._reactor.spawnProcess(peer, command[0], whole, environment, str(place), childFDs=places)
        self._all.append(peer)
        self.running[name] = peer
        return peer

    async def linked(self, *peers: PeerProcess) -> None:
        """Wait until each of `peers` (default: all) has been told of each other that it is here."""
        peers = peers or tuple(self.running.values())
        await gatherResults(
            [one.wait_for(f" {other.name} joined") for one in peers for other in peers if other is not one],
            consumeErrors=True,
        )

    async def stop(self, *peers: PeerProcess) -> None:
        """Have each of `peers` (default: all) leave as a person does, and wait for that."""
        peers = peers or tuple(self.running.values())
        for peer in peers:
            peer.say("sair")
        await gatherResults([peer.when_ended() for peer in peers], consumeErrors=True)

    def faults(self) -> list[str]:
        """Return what must never be seen, of every process of this test."""
        return [f"{peer.name}: {line}" for peer in self._all for line in peer.faults()]

    async def end(self) -> None:
        """Kill what still runs, and wait until it is gone."""
        await gatherResults([peer.kill() for peer in self._all if peer.status is None])
