"""How long an answer takes: `python -m tests.integration.echoing`.

A person at a plain console asks. An echo bot, a program in Python with a peer of its own, answers. All is on loopback.
It is the time from the line being typed to the answer on the screen.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.processes import ROOT
from tests.integration.programs import Stage

BOT = """
import asyncio, sys
from twisted_chat.api import Chat, Inside

async def main():
    async with Chat(through=Inside("echo", data=sys.argv[1], ports=[int(port) for port in sys.argv[2:]])) as chat:
        async for message in chat:
            await message.reply(f"echo {message.text}")

asyncio.run(main())
"""


def measure(count: int, pause: float) -> list[float]:
    """Return the seconds that each answer took; `pause` is between an answer and the next question."""
    with tempfile.TemporaryDirectory(prefix="tcp") as directory:
        stage = Stage(Path(directory))
        try:
            person = stage.start(0, "--console", "plain")
            assert person.stdin is not None and person.stdout is not None
            bot = [sys.executable, "-c", BOT, directory, *map(str, reversed(stage.ports))]  # the person has the first
            stage.running.append(subprocess.Popen(bot, cwd=ROOT))
            while b"joined" not in person.stdout.readline():
                pass
            time.sleep(1.0)  # the bot subscribes
            took = []
            for number in range(count):
                time.sleep(pause)
                began = time.perf_counter()
                person.stdin.write(f"n{number}\n".encode())
                person.stdin.flush()
                while f"echo n{number}\n".encode() not in person.stdout.readline():
                    pass
                took.append(time.perf_counter() - began)
            return took
        finally:
            stage.end()


def main() -> int:
    """Measure, and say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.echoing", description=__doc__)
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    for words, pause in (("with 100 ms between", 0.1), ("one after another", 0.0)):
        took = sorted(1000 * each for each in measure(options.questions, pause))
        median, high = statistics.median(took), took[int(0.95 * len(took))]
        sys.stdout.write(f"{len(took)} answers, {words}: median {median:.1f} ms, 95 % within {high:.1f} ms\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
