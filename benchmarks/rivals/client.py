"""What the light clients have in common: a connection whose bytes are parsed into messages, and joined writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.window import Window

PATIENCE = 20.0
"""Seconds in which a client must be connected."""


@dataclass(frozen=True)
class Place:
    """Which member this is, of how many, and where the server or the members listen."""

    me: int
    members: int
    ports: Sequence[int]
    options: dict[str, bool] = field(default_factory=dict)

    @property
    def others(self) -> list[int]:
        """The other members."""
        return [member for member in range(self.members) if member != self.me]


Receive = Callable[[list[str]], None]


class Connection(asyncio.Protocol):
    """One TCP connection. `parse` gets the bytes not yet used and returns how many it used."""

    transport: asyncio.Transport

    def __init__(self, parse: Callable[[bytes], int]) -> None:
        self._parse = parse
        self._rest = b""
        self._writable = asyncio.Event()
        self._writable.set()
        self.lost: Callable[[], None] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio has connected."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Parse what can be parsed."""
        data = self._rest + data if self._rest else data
        self._rest = data[self._parse(data) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._writable.set()
        self.lost()

    def pause_writing(self) -> None:
        """Asyncio's buffer is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Asyncio's buffer has room."""
        self._writable.set()

    async def write(self, data: bytes) -> None:
        """Write, and wait while the buffer is full."""
        self.transport.write(data)
        await self._writable.wait()


async def connect(port: int, parse: Callable[[bytes], int]) -> Connection:
    """Return a connection to `port` of this machine, asking again while nobody listens there yet."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while True:
        try:
            _, connection = await loop.create_connection(lambda: Connection(parse), "127.0.0.1", port)
        except OSError:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(0.02)
        else:
            return connection


class Client:
    """A member's way to a rival. `receive` is called with the messages of each chunk that comes."""

    def __init__(self, place: Place, receive: Receive, window: Window) -> None:
        self.place = place
        self.receive = receive
        self.window = window
        self.sent = 0
        self.acked = 0

    async def open(self) -> None:
        """Connect, so that all that others send from now on is received."""
        raise NotImplementedError

    async def write(self, texts: list[str]) -> None:
        """Send messages."""
        raise NotImplementedError

    async def send(self, texts: list[str]) -> None:
        """Send messages, and wait until more may be sent."""
        await self.write(texts)
        self.sent += len(texts)
        await self.window.room(self.sent)

    async def drained(self) -> None:
        """Wait until all that was sent has been taken over, if the rival says so."""


def joined(parts: Iterable[bytes]) -> bytes:
    """Return one write for many messages."""
    return b"".join(parts)
