"""A raw Redis client: PUBLISH on one connection, SUBSCRIBE on another."""

from __future__ import annotations

import asyncio

from benchmarks.rivals.client import Client, connect, joined


def _command(*words: str) -> bytes:
    parts = joined(f"${len(word)}\r\n{word}\r\n".encode() for word in words)
    return f"*{len(words)}\r\n".encode() + parts


class RedisClient(Client):
    """Publishes on its own channel and subscribes to the others'."""

    async def open(self) -> None:
        """Connect twice and subscribe."""
        self._subscribed = 0
        self._ready = asyncio.Event()
        self._publisher = await connect(self.place.ports[0], self._skip)
        self._subscriber = await connect(self.place.ports[0], self._parse)
        await self._subscriber.write(_command("SUBSCRIBE", *(f"chat{other}" for other in self.place.others)))
        await self._ready.wait()

    async def write(self, texts: list[str]) -> None:
        """Send a PUBLISH each."""
        channel = f"chat{self.place.me}"
        start = f"*3\r\n$7\r\nPUBLISH\r\n${len(channel)}\r\n{channel}\r\n$100\r\n"
        await self._publisher.write(joined(f"{start}{text}\r\n".encode() for text in texts))

    def _skip(self, data: bytes) -> int:
        if data.startswith(b"-"):
            raise SystemExit(data.decode())
        return len(data)

    def _parse(self, data: bytes) -> int:
        """Parse pushes: an array of three bulk strings each, the third being a number in the answer to SUBSCRIBE."""
        position = 0
        texts = []
        while True:
            parts: list[bytes] = []
            here = data.find(b"\r\n", position) + 2
            while len(parts) < 3 and here >= 2:
                end = data.find(b"\r\n", here)
                if end < 0:
                    break
                length = 0 if data[here] == 58 else int(data[here + 1 : end])
                start = end + 2
                following = start + length + 2 if length else start
                if len(data) < following:
                    break
                parts.append(data[start : start + length])
                here = following
            if len(parts) < 3:
                break
            position = here
            if parts[0] == b"message":
                texts.append(parts[2].decode())
            else:
                self._subscribed += 1
                if self._subscribed == len(self.place.others):
                    self._ready.set()
        if texts:
            self.receive(texts)
        return position
