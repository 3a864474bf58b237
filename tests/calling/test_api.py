"""`twisted_chat.api` and `twisted_chat.testing`, in coroutines that Twisted runs and in programs of asyncio."""

from __future__ import annotations

import asyncio
import doctest
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.utils import getProcessOutputAndValue
from twisted.python.reflect import namedAny
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.integration.processes import ROOT, free_ports
from tests.simulation.network import Node
from tests.simulation.world import World
from twisted_chat import api, testing
from twisted_chat.api import Chat, Ended, Event, Inside, Message, Refused
from twisted_chat.calling import calls, said
from twisted_chat.core.errors import ChatError

PORTS = (5000, 5001, 5002)


class ApiCase(SynchronousTestCase):
    """Programs with peers of their own on a simulated network, in coroutines that Twisted runs."""

    def setUp(self) -> None:
        self.world = World(1, 0)

    def node(self) -> Any:
        """Return a reactor for a program."""
        node: Any = Node(self.world.network)
        node.threadpool = None
        return node

    def chat(self, name: str, **more: Any) -> Chat:
        inside = Inside(name, fleeting=True, ports=PORTS, reactor=self.node())
        return Chat(name, through=inside, **more)

    def run_all(self, *programs: Coroutine[Any, Any, Any], seconds: float = 20) -> list[Any]:
        """Run coroutines to their ends; return what they return."""
        running = [Deferred.fromCoroutine(program) for program in programs]
        self.world.network.run_until(lambda: all(each.called for each in running), seconds)
        return [self.successResultOf(each) for each in running]


async def met(chat: Chat) -> None:
    """Wait until somebody is linked."""
    events = chat.events()
    while not any(member["where"] == "here" for member in await chat.members()):
        await events.__anext__()


class ChatTests(ApiCase):
    """What a program does."""

    def test_echo(self) -> None:
        """The bot of the README answers people; what it says is a machine's, and goes where it was asked."""

        async def echo() -> str:
            async with self.chat("echo") as chat:
                async for message in chat:
                    await message.reply(f"echo: {message.text}")
                    if message.private:
                        return message.name
            return ""

        async def ana() -> list[Message]:
            async with self.chat("Ana", auto=False) as chat:
                await met(chat)
                await chat.say("hello", "#tea")
                await chat.whisper("echo", "psst")
                heard: list[Message] = []
                async for message in chat.messages(auto=True):
                    heard.append(message)
                    if len(heard) == 2:
                        return heard
            return []

        name, heard = self.run_all(echo(), ana())
        self.assertEqual(name, "Ana")
        self.assertEqual(
            [(each.text, each.room, each.private, each.auto) for each in heard],
            [("echo: hello", "#tea", False, True), ("echo: psst", "#chat", True, True)],
        )

    def test_never_without_end(self) -> None:
        """Two bots that answer everything answer each other nothing."""
        said: list[str] = []

        async def bot(name: str) -> None:
            async with self.chat(name) as chat:
                await met(chat)
                await chat.say("I am a bot")
                async for message in chat:
                    said.append(message.text)
                    await message.reply("and I am one, too")

        running = [Deferred.fromCoroutine(bot(name)) for name in ("one", "other")]
        self.world.network.run(20)
        self.assertEqual(said, [])
        for each in running:
            each.addErrback(lambda reason: None)
            each.cancel()
        self.world.network.run(8)

    def test_receipts(self) -> None:
        """A receipt tells who has it; waiting for more than there are ends in time; so does waiting at the end."""

        async def program() -> None:
            async with self.chat("Ana") as chat:
                receipt = await chat.say("nobody is here")
                try:
                    await receipt.held_by(1, timeout=5)
                except TimeoutError as error:
                    self.assertIn("held by 0 and not by 1 after 5 s", str(error))
                else:
                    self.fail("held by nobody")
                await receipt.held_by(0)
                waiting = Deferred.fromCoroutine(receipt.held_by(1))
            self.failureResultOf(waiting, Ended)

        self.patch(api, "clock", lambda: self.world.network.clock)
        self.run_all(program())

    def test_history(self) -> None:
        """As many as are asked for, over pages; with certain words; and with a member."""

        async def program() -> tuple[list[Message], list[Message], list[dict[str, Any]]]:
            async with self.chat("Ana") as chat:
                for number in range(250):
                    await chat.say(f"n{number}")
                return await chat.history(230), await chat.search("n7"), await chat.members()

        ((history, found, members),) = self.run_all(program())
        self.assertEqual([each.text for each in history], [f"n{number}" for number in range(20, 250)])
        self.assertEqual([each.text for each in found], ["n7", *(f"n{number}" for number in range(70, 80))])
        self.assertEqual(members, [])

    def test_slow(self) -> None:
        """A program that is busy gets every message later, each once; no more than so many wait in memory."""
        self.patch(api, "MAX_WAITING", 10)
        most: list[int] = []

        async def program() -> list[str]:
            async with self.chat("Ana") as chat:
                for number in range(300):
                    await chat.say(f"n{number}")
                heard: list[str] = []
                async for message in chat.messages(own=True, auto=True):
                    most.append(len(chat._messages))
                    heard.append(message.text)
                    if len(heard) == 200:
                        for number in range(300, 400):
                            await chat.say(f"n{number}")
                    if len(heard) == 400:
                        break
                return heard

        (heard,) = self.run_all(program(), seconds=60)
        self.assertEqual(heard, [f"n{number}" for number in range(400)])
        self.assertLess(max(most), 120)

    def test_events(self) -> None:
        """What happens besides messages; and the end."""

        async def ana() -> list[Event]:
            seen: list[Event] = []
            async with self.chat("Ana") as chat:
                async for event in chat.events():
                    if event.name != "delivered":
                        seen.append(event)
                    if event.name == "left":
                        break
            return seen

        async def bia() -> None:
            async with self.chat("Bia") as chat:
                await met(chat)
                await chat.ask("away", text="lunch")
                self.assertEqual(await chat.join("#tea"), "")
                await chat.say("hi")

        seen, _ = self.run_all(ana(), bia())
        self.assertEqual([event.name for event in seen], ["joined", "away", "left"])
        self.assertEqual(seen[1].data["text"], "lunch")

    def test_refused(self) -> None:
        """What can't be is an error in words, with what a program goes by; a name that can't be ends it before it begins."""

        async def program() -> None:
            async with self.chat("Ana") as chat:
                for asked, reason in ((chat.say(""), "text-empty"), (chat.whisper("Eve", "x"), "member-nobody")):
                    try:
                        await asked
                    except Refused as error:
                        self.assertEqual(error.reason, reason)
                    else:
                        self.fail("taken")
            try:
                await chat.say("after the end")
            except Ended:
                return
            self.fail("said")

        async def wrong() -> None:
            async with self.chat("🤖"):
                self.fail("entered")

        self.run_all(program())
        error = self.failureResultOf(Deferred.fromCoroutine(wrong()), ChatError)
        self.assertIn("🤖", str(error.value))


class DocTests(SynchronousTestCase):
    """The examples in docstrings."""

    def test_examples(self) -> None:
        """Every public name has one, and they do what they say."""
        for module in (api, testing, said, calls):
            failed, _ = doctest.testmod(module)
            self.assertEqual(failed, 0, module.__name__)
        for module in (api, testing):
            for name in module.__all__:
                self.assertIn(">>>", namedAny(f"{module.__name__}.{name}").__doc__, name)


PROGRAM = """
import asyncio
import sys
from twisted_chat.api import Chat, Inside
from twisted_chat.testing import Meeting

async def run_bot(chat):
    async with chat:
        async for message in chat:
            await message.reply(message.text)

async def in_memory():
    meeting = Meeting()
    bot = asyncio.create_task(run_bot(meeting.chat("echo")))
    async with meeting.chat("Ana", auto=False) as ana:
        await meeting.met(ana, 1)
        await ana.say("hello")
        async for message in ana.messages(auto=True):
            print(message.name, message.text, message.auto)
            break
    bot.cancel()
    await asyncio.gather(bot, return_exceptions=True)

async def on_disk(data, ports):
    ports = [int(port) for port in ports]
    one, other = Inside("one", data=data, ports=ports), Inside("other", data=data, ports=ports)
    async with Chat(through=one) as one, Chat(through=other) as other:
        receipt = await one.say("kept")
        await receipt.held_by(1, timeout=30)
        print(receipt)

for _ in range(2):
    asyncio.run(in_memory())
asyncio.run(on_disk(sys.argv[1], sys.argv[2:]))
"""


class AsyncioTests(TestCase):
    """Whole programs."""

    timeout = 120

    def test_programs(self) -> Any:
        """A program of asyncio runs, several times in one process, in memory and with peers on loopback, and ends by itself."""
        ports = list(map(str, free_ports(2)))
        arguments = ("-c", PROGRAM, tempfile.mkdtemp(dir=str(Path(self.mktemp()).parent.absolute())), *ports)
        running = getProcessOutputAndValue(sys.executable, arguments, env=None, path=str(ROOT), reactor=reactor)

        def ended(result: tuple[bytes, bytes, int]) -> None:
            output, errors, status = result
            self.assertEqual(
                (output.decode().splitlines(), errors, status), (2 * ["echo hello True"] + ["<Receipt 1/1>"], b"", 0)
            )

        return running.addCallback(ended)

    def test_wrong_loop(self) -> None:
        """In a loop of asyncio in which the reactor that is installed does not run, it says so."""

        async def program() -> None:
            async with Chat("echo"):
                self.fail("entered")

        self.assertIn("does not run in this asyncio loop", str(self.assertRaises(ChatError, asyncio.run, program())))
