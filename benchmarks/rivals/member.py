"""One member of a group that talks over a rival: a process told what to do on its standard input."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.messages import CHUNK, Tally, Work, compose
from benchmarks.rivals.client import Client, Place
from benchmarks.rivals.irc import IRCClient
from benchmarks.rivals.mesh import MeshClient
from benchmarks.rivals.mqtt import MQTTClient
from benchmarks.rivals.nats import JetStreamClient, NATSClient
from benchmarks.rivals.original import OriginalClient
from benchmarks.rivals.redis import RedisClient
from benchmarks.window import Window

CLIENTS: dict[str, type[Client]] = {
    "irc": IRCClient,
    "nats": NATSClient,
    "jetstream": JetStreamClient,
    "redis": RedisClient,
    "mqtt": MQTTClient,
    "mesh": MeshClient,
    "original": OriginalClient,
}


class Member:
    """Sends and receives as it is told."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._me: int = spec["me"]
        place = Place(self._me, spec["members"], spec["ports"])
        self._window = Window(Path(spec["counts"]), spec["members"], self._me, spec["window"])
        self._client = CLIENTS[spec["client"]](place, self._receive, self._window)
        self._loop = asyncio.get_running_loop()
        self._tally: Tally | None = None
        self._sent = asyncio.Event()

    async def run(self) -> None:
        """Connect, then obey until the input ends."""
        await self._client.open()
        _tell({"ready": True})
        reader = asyncio.StreamReader()
        await self._loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            command = json.loads(line)
            if command["do"] == "expect":
                self._expect(Work(**command["work"]))
            else:
                await self._go()

    def _expect(self, work: Work) -> None:
        self._tally = Tally(work, self._me)
        self._client.sent = self._client.acked = 0
        for other in self._client.place.others:
            self._window.note(other, 0 if other in work.senders else 1 << 62)
        _tell({"expecting": True})

    async def _go(self) -> None:
        assert self._tally is not None
        work = self._tally.work
        began = time.monotonic_ns()
        if self._me in work.senders:
            await (self._pace(work) if work.rate else self._burst(work))
        while not self._tally.complete:
            await asyncio.sleep(0.002)
        _tell({"done": True, "began": began, **self._tally.result()})

    async def _burst(self, work: Work) -> None:
        for start in range(0, work.count, CHUNK):
            numbers = range(start, min(start + CHUNK, work.count))
            await self._client.send([compose(self._me, work.phase, number) for number in numbers])
            await asyncio.sleep(0)
        await self._client.drained()

    async def _pace(self, work: Work) -> None:
        start = self._loop.time()
        for number in range(work.count):
            await asyncio.sleep(max(0.0, start + number / work.rate - self._loop.time()))
            await self._client.send([compose(self._me, work.phase, number)])

    def _receive(self, texts: list[str]) -> None:
        assert self._tally is not None
        self._tally.take(texts)
        for sender, count in self._tally.counts():
            self._window.note(sender, count)


def _tell(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


async def _main() -> None:
    await Member(json.loads(sys.argv[1])).run()


if __name__ == "__main__":
    asyncio.run(_main())
