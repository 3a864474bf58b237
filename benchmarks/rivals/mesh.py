"""What one writes in an afternoon: a mesh of asyncio streams, a line of JSON a message."""

from __future__ import annotations

import asyncio
import json

from benchmarks.rivals.client import PATIENCE, Client


class MeshClient(Client):
    """Listens at its port, calls the members before it, and writes every message to every other."""

    async def open(self) -> None:
        """Have one connection with each of the others."""
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._complete = asyncio.Event()
        ports = self.place.ports
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", ports[self.place.me])
        for other in range(self.place.me):
            await self._call(ports[other])
        if self.place.members > 1:
            await self._complete.wait()

    async def _call(self, port: int) -> None:
        for _ in range(int(PATIENCE / 0.02)):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                task = asyncio.ensure_future(self._serve(reader, writer))
                self._tasks.add(task)
                return
        raise SystemExit(f"nobody listens at {port}")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if len(self._writers) == self.place.members - 1:
            self._complete.set()
        while line := await reader.readline():
            self.receive([json.loads(line)["text"]])

    async def write(self, texts: list[str]) -> None:
        """Write each message to each of the others."""
        name = f"m{self.place.me}"
        for text in texts:
            line = json.dumps({"name": name, "text": text}).encode() + b"\n"
            for writer in self._writers:
                writer.write(line)
        for writer in self._writers:
            await writer.drain()
