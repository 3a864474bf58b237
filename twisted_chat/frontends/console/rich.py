"""The console for a terminal: what happens scrolls by above the line being typed, which stays as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator, Mapping
from typing import Any, cast

from prompt_toolkit.buffer import Buffer
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_chat.core.addressing import written
from twisted_chat.core.answers import Answer, Cleared
from twisted_chat.core.commands import Said, parse
from twisted_chat.core.events import Event, Fault, Leaving
from twisted_chat.core.messages import Messages, Past
from twisted_chat.core.writing.text import clean_text
from twisted_chat.frontends.console.above import Above
from twisted_chat.frontends.console.completion import Words
from twisted_chat.frontends.console.graphemes import steady
from twisted_chat.frontends.console.ink import Ink
from twisted_chat.frontends.console.keyboard import Keyboard
from twisted_chat.frontends.console.keys import bindings
from twisted_chat.frontends.console.notice import Notice
from twisted_chat.frontends.console.output import Stdio
from twisted_chat.frontends.console.recall import Recall
from twisted_chat.frontends.console.screen import Screen, vt100
from twisted_chat.frontends.console.suspension import Suspension
from twisted_chat.frontends.console.terminal import Terminal
from twisted_chat.frontends.console.toolbar import Toolbar
from twisted_chat.frontends.console.transcript import Transcript
from twisted_chat.frontends.contract import Given
from twisted_chat.frontends.session import Session
from twisted_chat.speech import answers, notices
from twisted_chat.speech.events import sentences
from twisted_chat.speech.messages import in_short

FLUSH_SECONDS = 1.0
"""Seconds that leaving waits for a terminal that does not take its last lines."""
AWAY_SECONDS = 60.0
"""Seconds without a key after which what arrives counts as unread."""

HOME = "\x1b[H"

_log = Logger()


@implementer(IHalfCloseableProtocol)
class RichConsole(Protocol):
    """Joins a terminal, by way of `StandardIO`, to a conversation. Needs the asyncio reactor.

    Ctrl-C clears the line, and on an empty line leaves if pressed twice, as Ctrl-D does once. If the terminal is hung up,
    the peer leaves. A mistake of this console's is logged; if it can't go on, the peer leaves.
    """

    def __init__(self, given: Given, terminal: Terminal, environment: Mapping[str, str]) -> None:
        """`environment` tells what the terminal is and may be drawn with."""
        self._given = given
        self._seat = given.seat
        self._conversation = conversation = given.seat.conversation
        self._reactor = reactor = given.reactor
        self._terminal = terminal
        self._session = Session(given.seat, self, given.log)
        self._transcript = Transcript(
            Ink(environment), lambda: conversation.name, lambda: terminal.size().columns, not given.flags["no-style"]
        )
        self._toolbar = Toolbar(given.seat)
        self._notice = None if given.flags["no-notify"] else Notice(environment, reactor.seconds)
        self._keyboard = Keyboard()
        self._tells_typing = not given.flags["no-typing"]
        self._buffer = Buffer(
            on_text_changed=lambda buffer: self._typed(),
            completer=Words(self._names, self._rooms, self._addresses, self._messages),
            history=Recall(given.typed),
            multiline=True,
        )
        self._screen = Screen(
            self._buffer,
            self._toolbar.fragments,
            lambda: f"{steady(clean_text(self._seat.room))}> ",
            bindings(self._buffer, self),
            self._keyboard,
            vt100(self._write, terminal.size, environment.get("TERM", "")),
        )
        self._above = Above(reactor, self._screen.print_above)
        self._suspension = Suspension(reactor, terminal, self._screen, self._above)
        self._touched = reactor.seconds()
        self._divided = False
        self._warned = False
        self._running: Deferred[None] | None = None
        self._finished: Deferred[None] = Deferred(lambda finished: finished.callback(None))

    # What is shown.

    def show(self, event: Event) -> None:
        """Show an event of the conversation, in the scrollback, the toolbar or both."""
        changed = self._toolbar.heard(event)
        shown = self._seat.for_person(event)
        lines = self._transcript.event(shown) if shown is not None else []
        if lines and shown is not None and self._notice is not None and self._transcript.rings(shown):
            lines = [self._notice.ring(sentences(shown)[0]) + lines[0], *lines[1:]]
        if lines and isinstance(shown, Messages) and not shown.own:
            lines = [*self._divider(), *lines]
        if lines or changed or shown is not event:
            self._above.add(lines)
        if isinstance(event, Leaving):
            self._session.leaving = True

    def tell(self, *lines: str) -> None:
        """Show lines that are safe to show."""
        self._above.add(self._transcript.answer(lines))

    def answer(self, answer: Answer) -> None:
        """Show what a line was answered with; if that is to clear the screen, push what is seen into the scrollback, and begin
        at the top again."""
        if isinstance(answer, Cleared):
            self._above.add([*[""] * self._terminal.size().lines, HOME])
        elif isinstance(answer, Past) and answer.messages:
            self._above.add(self._transcript.past(answer))
        else:
            self.tell(*answers.lines(answer))

    def _divider(self) -> list[str]:
        """Return the line below which all is unread, once after the person stopped typing."""
        if self._divided or self._reactor.seconds() - self._touched < AWAY_SECONDS:
            return []
        self._divided = True
        return self._transcript.notice([notices.unread()])

    # What the keys ask for.

    def submit(self) -> None:
        """Do what the line asks for; if it is refused it stays, to be changed."""
        text = self._buffer.text
        if self._session.leaving:
            return
        if self._session.run(text):
            self._buffer.reset(append_to_history=bool(text.strip()))

    def interrupt(self) -> None:
        """Leave at the second Ctrl-C, say so at the first."""
        if self._warned:
            self.end()
        else:
            self.tell(notices.how_to_leave())
        self._warned = True

    def end(self) -> None:
        """Leave, once."""
        if not self._session.leaving:
            self._session.quit()

    def suspend(self) -> None:
        """Give the terminal back, and stop until the shell says `fg`."""
        self._suspension.ask()

    def ask(self, count: int) -> None:
        """Have the toolbar ask whether a message of `count` lines is to be sent; 0: no longer."""
        self._toolbar.question = notices.pasted(count) if count else ""

    def _typed(self) -> None:
        """Let others know that something is typed which is for them all."""
        if self._tells_typing and not self._session.leaving and isinstance(parse(self._buffer.text), Said):
            self._conversation.typing.say(self._seat.room)

    def _names(self) -> list[str]:
        return [member.shown for member in self._conversation.here()]

    def _addresses(self) -> list[tuple[str, str]]:
        here = self._conversation.here()
        return [(each.shown, way) for each, way in zip(here, written(self._conversation.roster, here), strict=True)]

    def _messages(self) -> Iterator[str]:
        return map(in_short, self._session.shown.newest_first())

    def _rooms(self) -> list[str]:
        return list(dict.fromkeys([self._seat.room, *self._seat.unread]))

    # What the transport reports.

    def connectionMade(self) -> None:
        """Greet, watch the conversation from now on, and take the terminal once the reactor runs."""
        self._stdio = cast(Stdio, self.transport)
        self._stdio.registerProducer(self._above, True)
        self.tell(*notices.welcome(self._conversation.name, self._given.port, self._given.log))
        self._seat.watch(self.show)
        self._ended_typing = self._conversation.typing.watch(lambda: self._above.add([]))
        self._reactor.callLater(0, self._start)

    def dataReceived(self, data: bytes) -> None:
        """Take keys."""
        self._touched = self._reactor.seconds()
        self._divided = False
        warned, self._warned = self._warned, False
        if data == b"\x03":
            self._warned = warned
        with _log.failuresHandled("while a key was handled:") as handling:
            self._keyboard.feed(data)
        if handling.failed:
            self._conversation.emit(Fault())

    def readConnectionLost(self) -> None:
        """The terminal is gone: leave."""
        self.end()

    def writeConnectionLost(self) -> None:
        """Nobody sees the output any more; `Above` knows, and drops it."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """All is written, or can't be."""
        if not self._finished.called:
            self._finished.callback(None)

    # Beginning and end.

    def _start(self) -> None:
        if self._session.leaving:
            return
        self._terminal.make_raw()
        self._suspension.begin(self._stdio)
        running = self._screen.run_async(pre_run=self._above.open, set_exception_handler=False, handle_sigint=False)
        self._running = Deferred.fromFuture(asyncio.ensure_future(running))
        self._running.addErrback(self._broken)

    def _broken(self, reason: Failure) -> None:
        _log.failure("the console ended:", reason)
        self._above.open()
        self.end()

    def stop(self) -> Deferred[None]:
        """Take no more keys, write all that waits, and give the terminal back; call it once.

        Fires when that is done, or after `FLUSH_SECONDS`.
        """
        self._session.leaving = True
        return self._stop()

    @inlineCallbacks
    def _stop(self) -> Generator[Deferred[Any], Any, None]:
        self._suspension.end()
        self._ended_typing()
        if self._screen.is_running:
            self._screen.exit()
        if self._running is not None:
            yield self._running
        self._screen.print_above(self._above.rest())
        self._stdio.unregisterProducer()
        self._stdio.loseConnection()
        if self._above.closed:
            self.connectionLost()
        yield self._finished.addTimeout(FLUSH_SECONDS, self._reactor)
        self._terminal.restore()

    def _write(self, data: bytes) -> None:
        if self.connected:  # before that prompt_toolkit resets what nobody has set
            self._stdio.write(data)
