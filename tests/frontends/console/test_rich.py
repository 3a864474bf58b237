"""A session at the rich console, on a terminal that only takes notes. `tests/integration/test_terminal.py` has a real one."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from tests.frontends.console.test_plain import ANA, BIA, CAIO, FakeOutlet
from tests.kit.hosting import StillHost
from tests.kit.saying import FEED, said
from twisted_chat.core import events
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Delivered
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.seat import Seat
from twisted_chat.core.writing.text import MAX_TEXT
from twisted_chat.frontends.console.attach import FLAGS, is_capable
from twisted_chat.frontends.console.rich import AWAY_SECONDS, RichConsole
from twisted_chat.frontends.contract import Given
from twisted_chat.speech import notices
from twisted_chat.speech.events import sentences
from twisted_chat.speech.refusals import refused

Scenario = Callable[[Any], Coroutine[Any, Any, None]]


class FakeTerminal:
    """A terminal of 60 columns and 20 rows."""

    in_front = True

    def __init__(self) -> None:
        self.raw = False

    def size(self) -> os.terminal_size:
        return os.terminal_size((60, 20))

    def make_raw(self) -> None:
        self.raw = True

    def restore(self) -> None:
        self.raw = False


def running(scenario: Scenario) -> Callable[[Any], None]:
    """Run a test as a coroutine while the console runs, and end the console after it."""

    def test(self: RichCase) -> None:
        async def whole() -> None:
            self.clock.advance(0)
            await self.settled()
            await scenario(self)
            if not self.stopped:
                await self.stop()

        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(whole())
        finally:
            loop.close()
        self.assertFalse(self.terminal.raw)

    test.__doc__ = scenario.__doc__
    return test


class RichCase(SynchronousTestCase):
    """Bia's console, Ana being here."""

    def setUp(self) -> None:
        self.outlet = FakeOutlet()
        self.left = 0
        self.stopped = False
        self.clock = Clock()
        self.terminal = FakeTerminal()
        self.transport = StringTransport()
        self.conversation = Conversation(
            Roster(BIA, "Bia"), StillHost(self.outlet, self.leave), Clock(), HybridClock(lambda: 0)
        )
        environment = {"TERM": "xterm-256color"}
        self.console = RichConsole(
            Given(Seat(self.conversation), self.clock, 5002, "logs_chat.txt", dict.fromkeys(FLAGS, False)),
            self.terminal,  # type: ignore[arg-type]
            environment,
        )
        self.console.makeConnection(self.transport)
        self.conversation.linked(ANA, "Ana", "127.0.0.1", 5000, True)

    def leave(self) -> None:
        self.left += 1

    async def settled(self) -> None:
        """Let everything happen that is going to."""
        for _ in range(5):
            self.clock.advance(0.05)
            await asyncio.sleep(0.011)

    async def stop(self) -> None:
        self.stopped = True
        done: list[None] = []
        self.console.stop().addCallback(done.append)
        await self.settled()
        self.assertEqual(done, [])
        self.console.connectionLost()
        self.assertEqual(done, [None])

    async def type(self, keys: str) -> str:
        """Press keys; return what was written since, without escape sequences."""
        self.transport.clear()
        self.console.dataReceived(keys.encode())
        await self.settled()
        return self.shown()

    def shown(self) -> str:
        return re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", self.transport.value().decode())

    def said(self) -> list[str]:
        """What was said, by the texts."""
        return [record.text for record in self.outlet.records if isinstance(record, Say)]


class SessionTests(RichCase):
    """What is typed, and what is shown."""

    @running
    async def test_typing(self) -> None:
        """Others are told that one types what is for all, and who of them types is in the toolbar until that is over."""
        told: list[str] = []
        self.conversation.typing.send = told.append
        await self.type("/msg Ana hello")
        self.assertEqual(told, [])
        await self.type("\x15h")
        await self.type("i")
        self.assertEqual(told, ["#chat"])
        self.transport.clear()
        self.conversation.typing.heard(ANA, "#chat")
        await self.settled()
        self.assertIn("Ana is typing", self.shown())
        self.conversation.typing.done(ANA)
        await self.settled()
        self.assertNotIn("is typing", await self.type("x"))
        self.conversation.typing.stop()

    @running
    async def test_welcome(self) -> None:
        """The terminal is raw, and there are a welcome, who is here, a line to type on, and the toolbar."""
        self.assertTrue(self.terminal.raw)
        for part in ("👤 Bia", "✅ Ana joined", "#chat>", "── Bia · #chat · 1 is here: Ana"):
            self.assertIn(part, self.shown())

    @running
    async def test_says(self) -> None:
        """Enter says the line; a line of several is typed with Alt-Enter."""
        await self.type("olá 漢字\r")
        await self.type("a\x1b\rb\r")
        self.assertEqual(self.said(), ["olá 漢字", "a\nb"])

    @running
    async def test_by_characters(self) -> None:
        """Backspace takes away a whole family."""
        await self.type("a👨‍👩‍👧‍👦\x7fb\r")
        self.assertEqual(self.said(), ["ab"])

    @running
    async def test_refused(self) -> None:
        """What can't be said is refused in words, and stays to be changed."""
        shown = await self.type("x" * (MAX_TEXT + 1) + "\r")
        self.assertIn(refused(BadText("text-long"))[:40], shown)
        await self.type("\x7f\r")
        self.assertEqual([len(text) for text in self.said()], [MAX_TEXT])

    @running
    async def test_paste(self) -> None:
        """A paste of several lines is asked about: Esc restores the line, Enter sends it as one message."""
        await self.type("x")
        self.assertIn("3 lines pasted", await self.type("\x1b[200~1\r\n2\r\n3\r\n\x1b[201~"))
        self.console.dataReceived(b"\x1b")
        await asyncio.sleep(0.5)
        await self.type("y\r")
        await self.type("\x1b[200~1\n2\x1b[201~")
        await self.type("\r")
        self.assertEqual(self.said(), ["xy", "1\n2"])

    @running
    async def test_one_line_pasted(self) -> None:
        """A paste of one line is not sent by the line break at its end."""
        await self.type("\x1b[200~abc\n\x1b[201~")
        self.assertEqual(self.said(), [])
        await self.type("\r")
        self.assertEqual(self.said(), ["abc"])

    @running
    async def test_shown_above(self) -> None:
        """What arrives is written, and then the line being typed again."""
        await self.type("metade")
        self.transport.clear()
        self.conversation.emit(said("oi"))
        await self.settled()
        self.assertRegex(self.shown(), r"Ana: oi\r\n#chat> metade")

    @running
    async def test_receipt(self) -> None:
        """The toolbar says what became of the last message."""
        self.conversation.emit(said("oi", own=True))
        self.conversation.emit(Delivered(FEED, 1, {ANA: (1, 1), CAIO: (1, 0)}, {ANA: "Ana", CAIO: "Caio"}))
        await self.settled()
        self.assertIn("✓ 1/2 (not yet at Caio)", self.shown())

    @running
    async def test_unread(self) -> None:
        """What arrives after a minute without a key stands below a divider, once."""
        self.conversation.emit(said("a"))
        self.clock.advance(AWAY_SECONDS)
        self.conversation.emit(said("b"))
        self.conversation.emit(said("c"))
        await self.settled()
        self.assertRegex(self.shown(), rf"Ana: a\r\n(.|\n)*{notices.unread()}\r\n.*Ana: b\r\n.*Ana: c\r\n")
        self.assertEqual(self.shown().count(notices.unread()), 1)

    @running
    async def test_mention(self) -> None:
        """One's name rings the bell."""
        self.conversation.emit(said("oi"))
        await self.settled()
        self.assertNotIn(b"\a", self.transport.value())
        self.conversation.emit(said("oi, bia"))
        await self.settled()
        self.assertIn(b"\a", self.transport.value())

    @running
    async def test_false_name(self) -> None:
        """A false name rings the bell, unless its bearer is ignored, and is set forth rather than back."""
        self.conversation.roster.ignore(self.conversation.roster.claim(b"e" * 32, "Ana"), True)
        self.conversation.emit(events.Impostor("Ana", "Ana~6565", member=b"e" * 32))
        await self.settled()
        self.assertNotIn(b"\a", self.transport.value())
        self.conversation.emit(events.Impostor("Ana", "Ana~0f0f", verified=True, member=b"f" * 32))
        await self.settled()
        self.assertIn("\a\x1b[1m🚨 Ana~0f0f IS NOT Ana".encode(), self.transport.value())
        self.assertNotIn("Ana~6565", self.shown())

    @running
    async def test_mistake(self) -> None:
        """A mistake in the program while it handles a key is logged and told, and the next key works."""

        def mistaken(text: str) -> bool:
            raise RuntimeError("mistake")

        self.patch(self.console._session, "run", mistaken)
        self.assertIn("bug in this program", await self.type("a\r"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertIn("b", await self.type("b"))


class LeavingTests(RichCase):
    """The ways out."""

    @running
    async def test_interrupt(self) -> None:
        """Ctrl-C clears the line; on an empty one it says how to leave, and leaves the second time."""
        await self.type("abc\x03")
        self.assertIn("Ctrl-C again", await self.type("\x03"))
        self.assertEqual(self.left, 0)
        await self.type("\x03")
        self.assertEqual((self.left, self.said()), (1, []))

    @running
    async def test_end(self) -> None:
        """Ctrl-D leaves on an empty line, and deletes in another."""
        await self.type("ab\x01\x04\r")
        self.assertEqual((self.left, self.said()), (0, ["b"]))
        await self.type("\x04\x04")
        self.assertEqual(self.left, 1)

    @running
    async def test_hung_up(self) -> None:
        """If the terminal is gone, the peer leaves."""
        self.console.readConnectionLost()
        self.assertEqual(self.left, 1)

    @running
    async def test_goodbye(self) -> None:
        """At the end what waits is written, and the line and the toolbar are taken away; signals are as before."""
        await self.type("half")
        self.transport.clear()
        self.conversation.emit(events.Leaving("Bia", "/tmp/logs_chat.txt"))
        await self.stop()
        goodbye = "".join(f"{line}\r\n" for line in sentences(events.Leaving("Bia", "/tmp/logs_chat.txt")))
        self.assertIn(goodbye, self.shown())
        self.assertIn(b"\x1b[J", self.transport.value().rpartition(b"half")[2])
        self.assertEqual(signal.getsignal(signal.SIGTSTP), signal.SIG_DFL)


class CapableTests(SynchronousTestCase):
    """Where the rich console runs."""

    def test_not_here(self) -> None:
        """Not on a dumb terminal, nor on another reactor."""
        self.assertFalse(is_capable(Clock(), {"TERM": "xterm"}))
        self.assertFalse(is_capable(Clock(), {"TERM": "dumb"}))
        self.assertFalse(is_capable(Clock(), {}))
