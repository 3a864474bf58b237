"""A bridge to something that reads and writes lines, such as a serial device: `python examples/bridge.py /dev/ttyUSB0`.

What the device says is said in the room #device. What people say there goes to the device. A device that is a pipe for each way
is given as two paths, first the one that is read. Behind those may stand the socket of a running peer.
"""

from __future__ import annotations

import asyncio
import os
import sys

from twisted_chat.api import Chat, Refused

ROOM = "#device"
MAX_LINE = 1024


async def from_device(chat: Chat, device: int) -> None:
    """Say each line of the device."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit=MAX_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(device, "rb", 0))
    while line := await reader.readline():
        try:
            await chat.say(line.decode("utf-8", "replace").strip(), ROOM)
        except Refused as error:
            print(error, file=sys.stderr)


async def to_device(chat: Chat, device: int) -> None:
    """Give the device what people say."""
    async for message in chat:
        if message.room == ROOM and not message.private:
            await asyncio.to_thread(os.write, device, message.text.replace("\n", " ").encode() + b"\n")


async def main(reads: str, writes: str, socket: str | None = None) -> None:
    """Carry lines both ways until either end is gone; through the socket of a running peer, if it is given."""
    descriptors = os.open(reads, os.O_RDWR | os.O_NONBLOCK), os.open(writes, os.O_RDWR)
    async with Chat("device", through=socket) as chat:
        both = [
            asyncio.create_task(each) for each in (from_device(chat, descriptors[0]), to_device(chat, descriptors[1]))
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for each in both:
            each.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *(sys.argv[2:4] or sys.argv[1:2])))
