"""A raw NATS client: core, and JetStream with a push consumer."""

from __future__ import annotations

import asyncio
import json

from benchmarks.rivals.client import Client, connect, joined

MAX_UNACKED = 2000
"""Messages published to JetStream that may be waiting for its acknowledgement."""


class NATSClient(Client):
    """Publishes to `chat.<me>` and subscribes to `chat.*`, its own not echoed."""

    async def open(self) -> None:
        """Connect and subscribe."""
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._pongs: asyncio.Queue[bool] = asyncio.Queue()
        self._acks = asyncio.Event()
        self.connection = await connect(self.place.ports[0], self._parse)
        await self.connection.write(b'CONNECT {"verbose":false,"pedantic":false,"echo":false,"headers":false}\r\n')
        await self._subscribe()
        await self.connection.write(b"PING\r\n")
        await self._pongs.get()

    async def _subscribe(self) -> None:
        await self.connection.write(b"SUB chat.* 1\r\n")

    async def write(self, texts: list[str]) -> None:
        """Send a PUB each."""
        start = f"PUB chat.{self.place.me} 100\r\n"
        await self.connection.write(joined(f"{start}{text}\r\n".encode() for text in texts))

    def _parse(self, data: bytes) -> int:
        position = 0
        texts = []
        while (end := data.find(b"\r\n", position)) >= 0:
            if data.startswith(b"MSG", position):
                words = data[position:end].split()
                length = int(words[-1])
                start = end + 2
                if len(data) < start + length + 2:
                    break
                payload = data[start : start + length]
                if words[2] == b"1":
                    texts.append(payload.decode())
                else:
                    self._other(words[2], payload)
                position = start + length + 2
            else:
                if data.startswith(b"PING", position):
                    self.connection.transport.write(b"PONG\r\n")
                elif data.startswith(b"PONG", position):
                    self._pongs.put_nowait(True)
                elif data.startswith(b"-ERR", position):
                    raise SystemExit(data[position:end].decode())
                position = end + 2
        if texts:
            self.receive(texts)
        return position

    def _other(self, subscription: bytes, payload: bytes) -> None:
        if subscription == b"2":
            if b'"error"' in payload:
                raise SystemExit(payload.decode())
            self.acked += 1
            self._acks.set()
        else:
            self._answers.put_nowait(payload.decode())


class JetStreamClient(NATSClient):
    """Publishes into a stream, each message acknowledged once it is stored, and has all others' pushed to it."""

    async def _subscribe(self) -> None:
        me = self.place.me
        await self.connection.write(f"SUB deliver.{me} 1\r\nSUB ack.{me} 2\r\nSUB answer.{me} 3\r\n".encode())
        if me == 0:
            await self._ask("STREAM.CREATE.bench", {"name": "bench", "subjects": ["chat.*"], "storage": "file"})
        config = {
            "deliver_subject": f"deliver.{me}",
            "deliver_policy": "new",
            "ack_policy": "none",
            "replay_policy": "instant",
            "filter_subjects": [f"chat.{other}" for other in self.place.others],
        }
        await self._ask("CONSUMER.CREATE.bench", {"stream_name": "bench", "config": config})

    async def _ask(self, subject: str, question: dict[str, object]) -> None:
        """Ask the API, again while the stream is not there yet."""
        body = json.dumps(question)
        for _ in range(100):
            await self.connection.write(
                f"PUB $JS.API.{subject} answer.{self.place.me} {len(body)}\r\n{body}\r\n".encode()
            )
            answer = await self._answers.get()
            if '"error"' not in answer:
                return
            await asyncio.sleep(0.1)
        raise SystemExit(answer)

    async def write(self, texts: list[str]) -> None:
        """Send a PUB each, with a place for the acknowledgement."""
        me = self.place.me
        start = f"PUB chat.{me} ack.{me} 100\r\n"
        await self.connection.write(joined(f"{start}{text}\r\n".encode() for text in texts))
        await self._settle(self.sent + len(texts) - MAX_UNACKED)

    async def drained(self) -> None:
        """Wait until all is stored."""
        await self._settle(self.sent)

    async def _settle(self, number: int) -> None:
        while self.acked < number:
            self._acks.clear()
            await self._acks.wait()
