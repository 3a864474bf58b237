"""A raw MQTT 3.1.1 client of the few packets needed, QoS 1 both ways."""

from __future__ import annotations

import asyncio

from benchmarks.rivals.client import Client, connect, joined

MAX_UNACKED = 1000
"""Messages published that may be waiting for their PUBACK."""
CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9


def _packet(kind: int, body: bytes) -> bytes:
    length = len(body)
    encoded = bytes([length]) if length < 128 else bytes([length % 128 | 128, length // 128])
    return bytes([kind]) + encoded + body


def _string(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


class MQTTClient(Client):
    """Publishes to `chat/<me>` and subscribes to the others' topics."""

    async def open(self) -> None:
        """Connect and subscribe."""
        self._steps: asyncio.Queue[int] = asyncio.Queue()
        self._id = 0
        self._acks = asyncio.Event()
        self._topic = _string(f"chat/{self.place.me}")
        self.connection = await connect(self.place.ports[0], self._parse)
        hello = _string("MQTT") + bytes([4, 2, 0, 0]) + _string(f"m{self.place.me}")
        await self.connection.write(_packet(0x10, hello))
        await self._steps.get()
        topics = joined(_string(f"chat/{other}") + b"\x01" for other in self.place.others)
        await self.connection.write(_packet(0x82, b"\x00\x01" + topics))
        await self._steps.get()

    async def write(self, texts: list[str]) -> None:
        """Send a PUBLISH each, and wait while too many are unacknowledged."""
        packets = []
        for text in texts:
            self._id = self._id % 65535 + 1
            packets.append(_packet(0x32, self._topic + self._id.to_bytes(2, "big") + text.encode()))
        await self.connection.write(joined(packets))
        await self._settle(self.sent + len(texts) - MAX_UNACKED)

    async def drained(self) -> None:
        """Wait until the broker has all."""
        await self._settle(self.sent)

    async def _settle(self, number: int) -> None:
        while self.acked < number:
            self._acks.clear()
            await self._acks.wait()

    def _parse(self, data: bytes) -> int:
        position = 0
        texts = []
        acks = []
        size = len(data)
        while size - position >= 2:
            length = data[position + 1]
            start = position + 2
            if length & 128:
                if size < start + 1:
                    break
                length = (length & 127) + data[start] * 128  # no packet here is longer than two digits tell
                start += 1
            end = start + length
            if size < end:
                break
            kind = data[position] >> 4
            if kind == PUBLISH:
                here = start + 2 + int.from_bytes(data[start : start + 2], "big")
                acks.append(b"\x40\x02" + data[here : here + 2])
                texts.append(data[here + 2 : end].decode())
            elif kind == PUBACK:
                self.acked += 1
            elif kind in (CONNACK, SUBACK):
                self._steps.put_nowait(kind)
            position = end
        self._acks.set()
        if texts:
            self.connection.transport.write(joined(acks))
            self.receive(texts)
        return position
