"""A quiz: who says `!quiz` gets a question, and who is first to say the answer gets a point. `python examples/quiz.py`."""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import Counter

from twisted_chat.api import Chat, Message

QUESTIONS = {
    "What does TCP stand for?": "transmission control protocol",
    "Which layer are IP addresses of?": "network",
    "How many bits has an IPv6 address?": "128",
    "What is the port of HTTPS?": "443",
}


class Quiz:
    """One question at a time in each room, and the points of all."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._asked: dict[str, str] = {}
        self._points: Counter[str] = Counter()

    def answer(self, message: Message) -> str:
        """Return what to say to a message; nothing if that is empty."""
        said = message.text.strip().casefold()
        if said == "!quiz":
            question = self._asked[message.room] = self._chance.choice(list(QUESTIONS))
            return question
        if said == "!points":
            return (
                ", ".join(f"{name}: {points}" for name, points in self._points.most_common(5)) or "nobody has any yet"
            )
        question = self._asked.get(message.room, "")
        if question and said == QUESTIONS[question]:
            del self._asked[message.room]
            self._points[message.name] += 1
            return f"{message.name} has it, and {self._points[message.name]} in all"
        return ""


async def main() -> None:
    """Ask and judge until the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", default="chat")
    parser.add_argument("--socket", help="that of a running peer, whose owner asks the questions")
    options = parser.parse_args()
    quiz = Quiz(random.Random())
    async with Chat("quiz", options.group, through=options.socket) as chat:
        async for message in chat:
            if answer := quiz.answer(message):
                await message.reply(answer)


if __name__ == "__main__":
    asyncio.run(main())
