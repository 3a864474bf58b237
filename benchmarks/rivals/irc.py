"""A light IRC client: one channel, PRIVMSG."""

from __future__ import annotations

import asyncio

from benchmarks.rivals.client import Client, connect, joined


class IRCClient(Client):
    """Joins `#bench` and talks there."""

    async def open(self) -> None:
        """Register, join, and wait until all are in the channel."""
        self._there = 0
        self._all_there = asyncio.Event()
        self.connection = await connect(self.place.ports[0], self._parse)
        nick = f"m{self.place.me}"
        await self.connection.write(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n".encode())
        await self._all_there.wait()

    async def write(self, texts: list[str]) -> None:
        """Send a PRIVMSG each."""
        await self.connection.write(joined(f"PRIVMSG #bench :{text}\r\n".encode() for text in texts))

    def _parse(self, data: bytes) -> int:
        end = data.rfind(b"\r\n") + 2
        if end < 2:
            return 0
        texts = []
        for line in data[:end].decode().split("\r\n"):
            words = line.split(" ", 3)
            if len(words) == 4 and words[1] == "PRIVMSG":
                texts.append(words[3][1:])
            elif line:
                self._other(words)
        if texts:
            self.receive(texts)
        return end

    def _other(self, words: list[str]) -> None:
        if words[0] == "PING":
            self.connection.transport.write(f"PONG {words[1]}\r\n".encode())
        elif words[0] == "ERROR":
            raise SystemExit(" ".join(words))
        elif words[1] == "001":
            self.connection.transport.write(b"JOIN #bench\r\n")
        elif words[1] == "JOIN":
            self._there += 1
        elif words[1] == "353":
            self._there += len(words[3].partition(":")[2].split()) - 1  # our own JOIN was counted
        if self._there >= self.place.members:
            self._all_there.set()
