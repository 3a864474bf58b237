"""What did I miss? Sums up what others said since one's own last message, by a rule: `python examples/missed.py ~/.chat/rpc Ana`.

The rule: who said how much, questions, and what has one's name in it. Nothing leaves this machine.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from twisted_chat.api import Chat, Message

LOOKED_AT = 500


def summary(messages: Sequence[Message], name: str) -> Iterator[str]:
    """Yield the lines of a summary of what was said after the last own message."""
    last = max((number for number, message in enumerate(messages) if message.own), default=-1)
    missed = [message for message in messages[last + 1 :] if not message.auto]
    counts = Counter(message.name for message in missed)
    yield f"{len(missed)} messages: " + (", ".join(f"{who} {count}" for who, count in counts.most_common()) or "none")
    for message in missed:
        if name.casefold() in message.text.casefold():
            yield f"to you, by {message.name}: {message.text}"
        elif message.text.rstrip().endswith("?"):
            yield f"a question by {message.name}: {message.text}"


async def main(socket: str, name: str) -> None:
    """Ask a running peer, and print."""
    async with Chat(through=socket) as chat:
        for line in summary(await chat.history(LOOKED_AT), name):
            print(line)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
