"""One program at the other end of a wire: its requests are done in order, and it is told what it subscribed to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProducer, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_chat.core.events import Event, Leaving
from twisted_chat.core.feeds.ids import Ticket
from twisted_chat.core.messages import Delivered, Messages
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.json import failing, table, vocabulary
from twisted_chat.frontends.json.asked import Asked
from twisted_chat.frontends.json.lines import Lines, Request, RequestId, Wrong, parse
from twisted_chat.frontends.json.subscribing import Subscription
from twisted_chat.frontends.json.table import Method
from twisted_chat.speech import programs

MAX_UNANSWERED = 64
"""Requests of one program that may wait for their answers, before no more are read; one whose answer may be large counts as
`HEAVY`."""
HEAVY = 16
SPEAKING = (table.SAY.name, table.WHISPER.name)
"""What is done before what was said before it has its id."""

_log = Logger()
_encoder = msgspec.json.Encoder()


class Wire(Protocol):
    """What leads to a program, such as `stdio.StandardIO`: it takes output, it yields input, either can be held up."""

    def write(self, data: bytes) -> None:
        """Take output. Ignored once the other end is closed."""

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Tell `producer` when too much output waits, and when no longer."""

    def unregisterProducer(self) -> None:
        """Forget the producer."""

    def pauseProducing(self) -> None:
        """Hold up the input."""

    def resumeProducing(self) -> None:
        """Let the input come."""

    def loseConnection(self) -> None:
        """Write what waits, then end."""


@implementer(IPushProducer)
class Client:
    """Takes a program's bytes and answers. It is read no faster than it reads, and than what it says is kept."""

    def __init__(self, seat: Seat, clock: Any, wire: Wire, leave: Callable[[], object]) -> None:
        """`seat` is this program's alone, and is left when it is `gone`. `leave` does what it asks for by `leave`."""
        seat.everywhere = True
        self._seat = seat
        self._conversation = seat.conversation
        self._clock = clock
        self._wire = wire
        self._leave = leave
        self._asked = Asked(seat)
        self._run: dict[Method, Callable[[Any], Any]] = {
            **self._asked.run,
            table.SUBSCRIBE: self._subscribe,
            table.UNSUBSCRIBE: self._unsubscribe,
            table.LEAVE: self._on_leave,
        }
        self._lines = Lines()
        self._next: Request | None = None
        self._tickets: deque[tuple[Ticket, Request]] = deque()
        self._unanswered = 0
        self._blocked = False
        """Whether the program does not read."""
        self._relief = False
        """Whether it is waited for that what was said is kept."""
        self._held = False
        """Whether the wire's input is held up."""
        self._working = False
        self._over = False
        self._at_end: Callable[[], object] | None = None
        self._subscription = Subscription(self._conversation, clock, self._asked.message, self._tell)
        wire.registerProducer(self, True)
        seat.watch(self._hear)

    @property
    def subscribed(self) -> bool:
        """Whether it wants to be told."""
        return self._subscription.active

    def feed(self, data: bytes) -> None:
        """Take bytes, and do what the lines in it ask for, those that are whole."""
        if not self._over:
            self._lines.feed(data)
            self._work()

    def end(self, answered: Callable[[], object]) -> None:
        """The input has ended: take what is left, and call `answered` once all is answered."""
        self._lines.end()
        self._at_end = answered
        self._work()

    def gone(self) -> None:
        """Answer and tell nothing more, and leave the seat."""
        if not self._over:
            self._over = True
            self._subscription.stop()
            self._seat.leave()

    def close(self) -> None:
        """Do the same, and end the wire once what waits is written."""
        self.gone()
        self._wire.unregisterProducer()
        self._wire.loseConnection()

    # What the wire says of its output.

    def pauseProducing(self) -> None:
        """The program does not read: nothing more is read of it, and what arrives waits where it is kept."""
        self._blocked = True
        self._subscription.pause()
        self._hold()

    def resumeProducing(self) -> None:
        """It reads again."""
        self._blocked = False
        self._subscription.resume()
        self._work()

    def stopProducing(self) -> None:
        """Nobody will ever read again."""
        self.gone()

    # Requests.

    def _work(self) -> None:
        if self._working:
            return  # an answer that was there at once
        self._working = True
        while (self._lines or self._next) and not self._over and not self._must_wait():
            if request := self._next or self._parse():
                self._next = None
                if self._tickets and request.method not in SPEAKING:
                    self._next = request  # which is to see what was said before it
                    break
                self._do(request)
        self._working = False
        if self._over:
            return
        waiting = self._lines or self._next
        if not waiting and self._held and not self._must_wait():
            self._held = False
            self._wire.resumeProducing()
        if self._at_end is not None and not waiting and not self._unanswered:
            ended, self._at_end = self._at_end, None
            ended()

    def _parse(self) -> Request | None:
        """Return what the next line asks for; None if that is nothing, of which the program is told."""
        try:
            return parse(self._lines.take())
        except Wrong as wrong:
            self._write({"error": failing.of_line(wrong)}, wrong.id)
            return None

    def _must_wait(self) -> bool:
        """Return whether requests stay where they are, having arranged that they go on later."""
        if self._conversation.congested and not self._relief:
            self._relief = True
            self._conversation.when_relieved(self._relieved)
        wait = self._blocked or self._relief or self._unanswered >= MAX_UNANSWERED
        if wait:
            self._hold()
        return wait

    def _hold(self) -> None:
        if not self._held and not self._over and self._at_end is None:
            self._held = True
            self._wire.pauseProducing()

    def _relieved(self) -> None:
        self._relief = False
        self._work()

    def _do(self, request: Request) -> None:
        method = table.BY_NAME.get(request.method)
        if method is None:
            self._refuse(request, failing.error(table.NO_METHOD, programs.no_method(request.method)))
            return
        try:
            params = msgspec.convert(request.params, method.params)
        except (msgspec.ValidationError, RecursionError) as error:
            words = programs.bad_params(method.name, str(error))
            self._refuse(request, failing.error(table.BAD_PARAMS, words))
            return
        try:
            answer = self._run[method](params)
        except Exception:  # noqa: BLE001 - whatever it is, the program is told, and others are not concerned
            self._refuse(request, failing.of_failure(Failure()))
            return
        self._take(request, method, answer)

    def _take(self, request: Request, method: Method, answer: Any) -> None:
        if isinstance(answer, Ticket):
            self._unanswered += 1
            self._tickets.append((answer, request))
            if len(self._tickets) == 1:
                self._clock.callLater(0, self._said)
        elif isinstance(answer, Deferred):
            weight = HEAVY if method.heavy else 1
            self._unanswered += weight
            answer.addCallback(lambda result: self._take(request, method, result))
            answer.addErrback(lambda reason: self._fail(request, reason))
            answer.addErrback(_log_failure).addCallback(lambda _: self._answered(weight))
        else:
            self._answer(request, answer)

    def _answered(self, weight: int) -> None:
        self._unanswered -= weight
        self._work()

    def _said(self) -> None:
        """Answer those whose message has its id by now."""
        count = 0
        while self._tickets and (id := self._tickets[0][0].id) is not None:
            _, request = self._tickets.popleft()
            self._subscription.follow(id)
            self._answer(request, vocabulary.Said(str(id)))
            count += 1
        if count:
            self._answered(count)

    def _fail(self, request: Request, reason: Failure) -> None:
        self._refuse(request, failing.of_failure(reason))

    def _refuse(self, request: Request, error: dict[str, Any]) -> None:
        if request.answered:
            self._write({"error": error}, request.id)

    def _answer(self, request: Request, result: Any) -> None:
        if request.answered:
            self._write({"result": result}, request.id)

    def _write(self, body: dict[str, Any], id: RequestId) -> None:
        self._put({"jsonrpc": "2.0", **body, "id": id})

    def _put(self, told: dict[str, Any]) -> None:
        if not self._over:
            self._wire.write(_encoder.encode(told) + b"\n")

    # Being told.

    def _subscribe(self, asked: vocabulary.Subscribe) -> Deferred[vocabulary.Subscribed]:
        return self._subscription.begin(asked)

    def _unsubscribe(self, asked: vocabulary.Nothing) -> vocabulary.Done:
        self._subscription.end()
        return vocabulary.Done()

    def _on_leave(self, asked: vocabulary.Nothing) -> vocabulary.Done:
        self._clock.callLater(0, self._leave)
        return vocabulary.Done()

    def _tell(self, notification: table.Notification, params: vocabulary.Result) -> None:
        self._put({"jsonrpc": "2.0", "method": notification.name, "params": params})

    def _hear(self, event: Event) -> None:
        if isinstance(event, (Messages, Delivered)) and self._tickets:
            self._said()
        shown = self._seat.for_person(event)
        if shown is not None:
            self._subscription.hear(shown)
        if isinstance(event, Leaving):
            self.close()


def refusal(error: table.Error, words: str) -> bytes:
    """Return the line for a program that is not let in."""
    return _encoder.encode({"jsonrpc": "2.0", "error": failing.error(error, words), "id": None}) + b"\n"


def _log_failure(reason: Failure) -> None:
    _log.failure("an answer could not be written:", reason)
