"""The plain console: a line in is something said or a command, a line out is something that happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_chat.core.answers import Answer, Cleared
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import Changed, Event, Leaving
from twisted_chat.core.messages import Delivered, Earlier, Messages, Receiving, WhileAway
from twisted_chat.frontends.commands import unacceptable
from twisted_chat.frontends.console.lines import Lines
from twisted_chat.frontends.console.output import Output, Stdio
from twisted_chat.frontends.console.wrapping import wrapped
from twisted_chat.frontends.contract import Given
from twisted_chat.frontends.receipt import Awaited
from twisted_chat.frontends.session import Session
from twisted_chat.speech import notices
from twisted_chat.speech.answers import lines
from twisted_chat.speech.events import sentences
from twisted_chat.speech.messages import became

FLUSH_SECONDS = 1.0
"""Seconds that leaving waits for a terminal that does not take its last lines."""


@implementer(IHalfCloseableProtocol)
class PlainConsole(Protocol):
    """Joins standard input and output to a conversation.

    On a terminal the end of the input leaves, and what can't be taken right now is refused with a word. On a pipe the end
    of the input changes nothing, and what can't be taken right now waits in the pipe. If nobody reads the output any
    more, the peer goes on without.
    """

    def __init__(self, given: Given, terminal: bool, columns: Callable[[], int] | None = None) -> None:
        """`terminal` is whether a person types. `columns` is how wide the terminal is on which lines are shown, None if they are
        not: else a terminal would break a long one where its author wants it to."""
        self._given = given
        self._conversation = given.seat.conversation
        self._clock: IReactorTime = given.reactor
        given.seat.everywhere = not terminal
        self._terminal = terminal
        self._columns = columns
        self._lines = Lines()
        self._awaited = Awaited(given.reactor, lambda receipt: self.tell(became(receipt)))
        self._waiting = False
        self._session = Session(given.seat, self, given.log)
        self._finished: Deferred[None] = Deferred(lambda finished: finished.callback(None))

    def show(self, event: Event) -> None:
        """Show an event of the conversation."""
        if not self._is_spared(event):
            shown = self._given.seat.for_person(event) if self._terminal else event
            self.tell(*(sentences(shown) if shown else []))
        if self._terminal:
            self._awaited.heard(event)
        if isinstance(event, Leaving):
            self._session.leaving = True

    def _is_spared(self, event: Event) -> bool:
        """Whether nothing is shown of an event: people are spared a flood that is summed up, programs the summary."""
        if self._terminal:
            return isinstance(event, Delivered) or (isinstance(event, (Messages, Changed)) and event.missed)
        return isinstance(event, (Delivered, Earlier, Receiving, WhileAway))

    def tell(self, *told: str) -> None:
        """Show lines that are safe to show."""
        self._output.write([row for line in told for row in self._rows(line)])

    def answer(self, answer: Answer) -> None:
        """Show what a line was answered with: lines, or what was there scrolled out of sight."""
        if isinstance(answer, Cleared):
            self._output.write([""] * 100 if self._terminal else [])
        else:
            self.tell(*lines(answer))

    def stop(self) -> Deferred[None]:
        """Take no more lines and write all that waits; call it once. Fires when that is done, or after `FLUSH_SECONDS`."""
        self._session.leaving = True
        self._awaited.stop()
        self._output.finish()
        if self._output.closed:
            self._finish()
        return self._finished.addTimeout(FLUSH_SECONDS, self._clock)

    # What the transport reports.

    def connectionMade(self) -> None:
        """Greet, and watch the conversation from now on."""
        self._stdio = cast(Stdio, self.transport)
        self._output = Output(self._stdio)
        self.tell(*notices.welcome(self._conversation.name, self._given.port, self._given.log))
        self._given.seat.watch(self.show)

    def dataReceived(self, data: bytes) -> None:
        """Do what the lines in it ask for, those of them that are whole."""
        if not self._session.leaving:
            self._lines.feed(data)
            self._work()

    def readConnectionLost(self) -> None:
        """The input ended: a last line without a line break counts, and on a terminal the peer leaves."""
        self._lines.end()
        self._work()
        if self._terminal and not self._session.leaving:
            self._session.quit()

    def writeConnectionLost(self) -> None:
        """Nobody reads the output any more; `Output` knows, and drops it."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """All is written, or can't be."""
        self._finish()

    def _rows(self, line: str) -> list[str]:
        return wrapped(line, self._columns()) if self._columns is not None else [line]

    # What lines ask for.

    def _work(self) -> None:
        while self._lines and not self._session.leaving and not self._must_wait():
            try:
                line = self._lines.take()
            except BadText as error:
                self.answer(unacceptable(error))
            else:
                self._session.run(line)

    def _must_wait(self) -> bool:
        """Return whether lines from a pipe stay in it for now, having arranged that they go on later."""
        if self._terminal or self._waiting or not self._conversation.congested:
            return self._waiting
        self._waiting = True
        self._stdio.pauseProducing()
        self._conversation.when_relieved(self._go_on)
        return True

    def _go_on(self) -> None:
        self._waiting = False
        self._work()
        if not self._waiting and not self._session.leaving:
            self._stdio.resumeProducing()

    def _finish(self) -> None:
        if not self._finished.called:
            self._finished.callback(None)
