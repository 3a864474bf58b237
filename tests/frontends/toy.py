"""A whole front end, as CONTRIBUTING.md tells how to add one: people on this machine talk through a socket, a line a message."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

from twisted_chat.core.errors import BadText
from twisted_chat.core.events import Event
from twisted_chat.core.messages import Messages
from twisted_chat.core.seat import Seat
from twisted_chat.core.voice import Congested
from twisted_chat.frontends.contract import Door, Given
from twisted_chat.speech import refusals
from twisted_chat.speech.events import sentences


class Visitor(LineOnlyReceiver):
    """Somebody at the other end: `/older` shows what was said before, `/leave` leaves, and anything else is said."""

    delimiter = b"\n"

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._oldest: Messages | None = None

    def connectionMade(self) -> None:
        self._seat.watch(self._hear)

    def connectionLost(self, reason: object = None) -> None:
        self._seat.leave()

    def lineReceived(self, line: bytes) -> None:
        if line == b"/leave":
            self.transport.loseConnection()
        elif line == b"/older":
            before = self._oldest.position if self._oldest is not None else None
            self._seat.conversation.history(2, before=before).addCallback(self._past)
        else:
            try:
                self._seat.say(line.decode("utf-8", "replace"))
            except BadText as error:
                self.sendLine(refusals.refused(error).encode())
            except Congested:
                self.sendLine(refusals.congested().encode())

    def _past(self, messages: Sequence[Messages]) -> None:
        self._oldest = messages[0] if messages else self._oldest
        for message in messages:
            self._hear(message)

    def _hear(self, event: Event) -> None:
        shown = self._seat.for_person(event)
        for sentence in sentences(shown) if shown is not None else []:
            self.sendLine(sentence.encode())


class Toy:
    """Lets visitors in at the port that `--toy` names."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def start(self) -> None:
        factory = Factory.forProtocol(lambda: Visitor(Seat(self._given.seat.conversation)))  # type: ignore[arg-type]
        self._port = self._given.reactor.listenTCP(self._given.flags["toy"], factory, interface="127.0.0.1")

    def stop(self) -> Deferred[None]:
        return maybeDeferred(self._port.stopListening)


TOY = Door("toy", ("toy",), lambda flags: flags["toy"] is not None, Toy)
