"""Answers what anybody says with the same: `python examples/echo.py`, or with the socket of a running peer behind it."""

import asyncio
import sys

from twisted_chat.api import Chat


async def main() -> None:
    async with Chat("echo", through=sys.argv[1] if sys.argv[1:] else None) as chat:
        async for message in chat:
            await message.reply(message.text)


asyncio.run(main())
