"""What is fed to a peer by a program: lines that are almost requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher

from tests.fuzz.mutation import chunks, mutated
from tests.fuzz.targets import HOST, KEPT, SESSION, START, Crash
from twisted_chat.assembly import assemble
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.json.client import Client
from twisted_chat.frontends.json.table import BY_NAME, ERRORS
from twisted_chat.peer import NetworkSettings, Parts, PeerSettings
from twisted_chat.storage.memory import MemoryStore

_PARAMS: dict[str, dict[str, Any]] = {
    "say": {"text": "hi", "room": "#tea", "me": True, "auto": True},
    "whisper": {"to": "Zoe", "text": "psst"},
    "history": {
        "count": 3,
        "before": "1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=.1.1",
        "room": "#tea",
        "with": "Zoe",
    },
    "search": {"words": "hi", "count": 3},
    "join": {"room": "#tea"},
    "part": {"room": "#tea"},
    "topic": {"room": "#tea", "text": "leaves"},
    "nick": {"name": "Zoe"},
    "away": {"text": "lunch"},
    "ignore": {"member": "Zoe", "ignored": True},
    "subscribe": {"rooms": ["#tea"], "events": ["joined"], "after": ""},
}
REQUESTS = [
    json.dumps({"jsonrpc": "2.0", "id": 1, "method": name, "params": _PARAMS.get(name, {})}).encode()
    for name in BY_NAME
] + [
    b'{"jsonrpc":"2.0","id":"a","method":"history","params":{"after":""}}',
    b'{"jsonrpc":"2.0","method":"say","params":{"text":"nobody asks"}}',
    b'[{"jsonrpc":"2.0","id":1,"method":"rooms"}]',
]
CODES = {error.code for error in ERRORS}


class Wire:
    """What leads to the program, which reads everything."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        """See `Wire`."""
        self.data += data

    def nothing(self, *given: Any) -> None:
        """Don't care."""

    registerProducer = unregisterProducer = pauseProducing = resumeProducing = loseConnection = nothing


def programs(random: Random) -> Iterator[None]:
    """One program, which says `SESSION` things to a peer: each answer is one of JSON-RPC, and nothing is logged as a mistake."""
    faults: list[str] = []

    def look(event: Any) -> None:
        if event.get("isError") or "log_failure" in event:
            faults.append(str(event.get("log_failure") or event))

    globalLogPublisher.addObserver(look)
    clock: Any = MemoryReactorClock()
    parts = Parts(Identity(random.randbytes(32)), MemoryStore(KEPT), new_epoch=lambda: random.getrandbits(53))
    peer = assemble(
        clock, PeerSettings("Zoe", Group(), NetworkSettings(HOST, 5000, ())), parts, lambda: START + clock.seconds()
    )
    peer.start()
    wire = Wire()
    client = Client(Seat(peer.conversation), clock, wire, lambda: None)
    try:
        for _ in range(SESSION):
            for piece in chunks(random, mutated(random, random.choice(REQUESTS)) + b"\n"):
                client.feed(piece)
            clock.advance(0.01)
            data, wire.data = wire.data, b""
            for line in data.splitlines():
                _judge(json.loads(line))
            if faults:
                raise Crash(faults[0])
            yield
    finally:
        client.gone()
        globalLogPublisher.removeObserver(look)


def _judge(line: dict[str, Any]) -> None:
    if line.get("jsonrpc") != "2.0" or ("method" not in line and "id" not in line):
        raise Crash(f"no line of JSON-RPC: {line}")
    if "error" in line and line["error"]["code"] not in CODES:
        raise Crash(f"no error of ours: {line}")
    if "error" in line and line["error"]["code"] == -32603:
        raise Crash(f"a mistake: {line}")
