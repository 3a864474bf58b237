"""One tcpchat peer as a process that is measured: all that `service` puts together, and a front end that counts.

It does what it is told on its standard input, a line of JSON a command.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.stdio import StandardIO
from twisted.logger import globalLogBeginner
from twisted.protocols.basic import LineOnlyReceiver

from benchmarks.messages import Tally, Work, compose
from twisted_chat import chatlog
from twisted_chat.assembly import assemble, lasting
from twisted_chat.chatlog import ChatLog
from twisted_chat.core.events import Event, Joined
from twisted_chat.core.group import Group
from twisted_chat.core.messages import Delivered, Messages
from twisted_chat.peer import NetworkSettings, Peer, PeerSettings
from twisted_chat.reactors import install_reactor, settle_memory, steady_reactor
from twisted_chat.storage.folders import DataDirectory

PHASE_TYPED = 99
"""The phase that messages bear that are said as by a person, beside a burst."""


class Counting:
    """The front end: says what it is told to, checks what it hears."""

    def __init__(self, reactor: Any, peer: Peer, spec: dict[str, Any]) -> None:
        self._reactor = reactor
        self._peer = peer
        self._me: int = spec["me"]
        self._others: int = spec["members"] - 1
        self._ready = False
        self._tally: Tally | None = None
        self._typed_latencies: list[int] = []
        self._typed = 0
        self._own = 0
        self._own_said = 0
        self._own_last = 0
        self._acknowledged = 0
        self._began = 0
        self._linked = 0
        self._told = True
        self._greeting = False
        if "expect" in spec:
            self._expect(Work(**spec["expect"]))
        peer.conversation.watch(self._hear)

    def obey(self, command: dict[str, Any]) -> None:
        """Do what the run says."""
        do = command["do"]
        if do == "expect":
            self._expect(Work(**command["work"]))
            _tell({"expecting": True})
        elif do == "greet":
            self._greeting = True
            _tell({"greeting": True})
        elif do == "go":
            self._go()
        elif do == "type":
            self._type(command["rate"])

    def _expect(self, work: Work) -> None:
        self._tally = Tally(work, self._me)
        self._own = self._own_said = self._typed = self._acknowledged = 0
        self._typed_latencies = []
        self._told = False
        self._began = time.monotonic_ns()

    def _go(self) -> None:
        assert self._tally is not None
        work = self._tally.work
        self._began = time.monotonic_ns()
        if self._me in work.senders:
            if work.rate:
                self._pace(work, 0, self._reactor.seconds())
            else:
                self._burst(work)
        if work.typed and self._me == 0:
            self._type(work.typed)
        self._look()

    def _burst(self, work: Work) -> None:
        conversation = self._peer.conversation
        for _ in range(work.burst):
            if self._own_said == work.count:
                return
            if conversation.congested:
                conversation.when_relieved(lambda: self._burst(work))
                return
            number, self._own_said = self._own_said, self._own_said + 1
            conversation.say(compose(self._me, work.phase, number))
        self._reactor.callLater(0, self._burst, work)

    def _pace(self, work: Work, number: int, start: float) -> None:
        self._own_said += 1
        self._peer.conversation.say(compose(self._me, work.phase, number))
        if number + 1 < work.count:
            due = start + (number + 1) / work.rate
            self._reactor.callLater(max(0.0, due - self._reactor.seconds()), self._pace, work, number + 1, start)

    def _type(self, rate: float) -> None:
        if self._tally is None or not self._told:
            if not self._peer.conversation.congested:
                self._peer.conversation.say(compose(self._me, PHASE_TYPED, self._typed))
                self._typed += 1
            self._reactor.callLater(1 / rate, self._type, rate)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Messages):
            self._heard(event)
        elif isinstance(event, Delivered):
            receipt = event.receipt(self._own_last)
            if receipt.kept and not receipt.lacking:
                self._acknowledged = time.monotonic_ns()
                self._look()
        elif isinstance(event, Joined):
            self._linked = time.monotonic_ns()
            if self._greeting:
                self._peer.conversation.say(f"welcome from {self._me}")
            if not self._ready and len(self._peer.conversation.here()) == self._others:
                self._ready = True
                _tell({"ready": True})

    def _heard(self, event: Messages) -> None:
        texts = [record.text for record in event.records]
        if event.own:
            self._own += len(texts)
            self._own_last = event.first + len(texts) - 1
            return
        if self._greeting and texts[0].startswith("newcomer"):
            _tell({"met": time.monotonic_ns()})
        if self._tally is None:
            return
        if self._tally.work.typed:
            texts = self._without_typed(texts)
        self._tally.take(texts)
        self._look()

    def _without_typed(self, texts: list[str]) -> list[str]:
        mark = f"00 {PHASE_TYPED}"
        now = time.monotonic_ns()
        made = [int(text[15:35]) for text in texts if text.startswith(mark)]
        self._typed_latencies += [now - then for then in made if then > self._linked]
        return [text for text in texts if not text.startswith(mark)]

    def _look(self) -> None:
        """Say that all is done, once: all received, and all that was said on everybody's disk."""
        if self._tally is None or self._told or not self._tally.complete:
            return
        sends = self._me in self._tally.work.senders
        if sends and (self._own_said < self._tally.work.count or not self._acknowledged):
            return
        if sends and self._own < self._own_said + self._typed:
            return
        self._told = True
        _tell({
            "done": True,
            "began": self._began,
            "linked": self._linked,
            "acknowledged": self._acknowledged,
            "typed": self._typed_latencies,
            **self._tally.result(),
        })  # fmt: skip


class Commands(LineOnlyReceiver):
    """The standard input."""

    delimiter = b"\n"

    def __init__(self, counting: Counting, leave: Any) -> None:
        self._counting = counting
        self._leave = leave

    def lineReceived(self, line: bytes) -> None:
        """Take one command."""
        self._counting.obey(json.loads(line))

    def connectionLost(self, reason: Any = None) -> None:
        """Leave when the run is over."""
        self._leave()


def _tell(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def run(spec: dict[str, Any]) -> None:
    """Be a peer until the standard input ends."""
    install_reactor(daemon=False)
    reactor = steady_reactor()
    home = Path(spec["home"])
    name = f"m{spec['me']:02d}"
    log = ChatLog(str(home / "logs_chat.txt"))
    globalLogBeginner.beginLoggingTo([log], redirectStandardIO=False, discardBuffer=True)
    folder = DataDirectory(home / "data").identity(name)
    folder.lock(name)
    group = Group("bench")
    port = spec["ports"][spec["me"]]
    address = NetworkSettings("127.0.0.1", port, tuple(("127.0.0.1", other) for other in spec["ports"]))

    def leave() -> None:
        peer.stop().addBoth(lambda _: reactor.stop())

    settings = PeerSettings(name, group, address)
    peer = assemble(reactor, settings, lasting(reactor, settings, folder), leave=leave)
    peer.listen()
    counting = Counting(reactor, peer, spec)
    peer.conversation.watch(chatlog.record)

    def started(_: None) -> None:
        settle_memory()
        StandardIO(Commands(counting, leave), reactor=reactor)
        if spec["members"] == 1:
            _tell({"ready": True})

    start: Deferred[None] = peer.start()
    start.addCallback(started)
    reactor.run()
    log.close()
    folder.unlock()


def main() -> None:
    """Run, under a profiler if the specification names a file for what it finds."""
    spec = json.loads(sys.argv[1])
    if "profile" in spec:
        import cProfile

        cProfile.runctx("run(spec)", globals(), {"spec": spec, "run": run}, spec["profile"])
    else:
        run(spec)


if __name__ == "__main__":
    main()
