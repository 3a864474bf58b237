"""Messages, and what became of one's own, as programs of `twisted_chat.api` have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TooLate

from twisted_chat.calling.awaiting import Later
from twisted_chat.calling.calls import Ended
from twisted_chat.speech import programs


class Speaks(Protocol):
    """What answers go through: a `Chat`."""

    async def say(self, text: str, room: str | None = None, me: bool = False) -> Receipt:
        """See `Chat.say`."""
        ...

    async def whisper(self, to: str, text: str) -> Receipt:
        """See `Chat.whisper`."""
        ...


@dataclass(frozen=True)
class Message:
    """A message; its fields are those of `message` in the vocabulary.

    >>> Message("a.1.1", "a", "Ana", "hello").text
    'hello'
    """

    id: str
    author: str
    name: str
    text: str
    room: str = "#chat"
    me: bool = False
    own: bool = False
    private: bool = False
    to: str = ""
    auto: bool = False
    missed: bool = False
    verified: bool = False
    at: int = 0
    place: str = ""
    re: str = ""
    edited: bool = False
    retracted: bool = False
    original: str = ""
    reactions: Sequence[Mapping[str, Any]] = ()
    answers: Sequence[str] = ()
    closed: bool = False
    _chat: Speaks | None = field(default=None, repr=False, compare=False)

    async def reply(self, text: str) -> Receipt:
        """Answer where it was said: in its room, or to its author alone if it is private. Raises `Refused`."""
        assert self._chat is not None, "it did not come from a chat"
        if self.private:
            return await self._chat.whisper(self.author, text)
        return await self._chat.say(text, self.room)

    @classmethod
    def _of(cls, chat: Speaks, data: dict[str, Any]) -> Message:
        return cls(**data, _chat=chat)


class Receipt:
    """What became of something that was said: `kept` here, and `held` by so many of the others that are linked (`of`); `lacking`
    has the names of the rest.

    >>> Receipt("a.1.1")
    <Receipt 0/0, not yet kept>
    """

    def __init__(self, id: str, clock: Any = None) -> None:
        """`id` is that of the message; `clock` keeps time for time-outs."""
        self.id = id
        self.kept = False
        self.held = 0
        self.of = 0
        self.lacking: list[str] = []
        self._clock = clock
        self._ended = False
        self._waiting: list[tuple[int, Deferred[None]]] = []

    def __repr__(self) -> str:
        return f"<Receipt {self.held}/{self.of}{'' if self.kept else ', not yet kept'}>"

    async def held_by(self, count: int, timeout: float | None = None) -> None:
        """Wait until so many others have it on disk. Raises `TimeoutError` after `timeout` seconds, if it is given, and `Ended`
        if the peer ends before that."""
        if self.held >= count:
            return
        if self._ended:
            raise Ended(programs.ended())
        held: Deferred[None] = Deferred(lambda held: None)
        self._waiting.append((count, held))
        if timeout is not None:
            held.addTimeout(timeout, self._clock)
        try:
            await Later(held)
        except TooLate:
            raise TimeoutError(f"held by {self.held} and not by {count} after {timeout:g} s") from None

    def _told(self, data: dict[str, Any]) -> None:
        self.kept, self.held, self.of, self.lacking = data["kept"], data["held"], data["of"], data["lacking"]
        for count, held in self._waiting:
            if self.held >= count and not held.called:
                held.callback(None)
        self._waiting = [(count, held) for count, held in self._waiting if not held.called]

    def _end(self) -> None:
        self._ended = True
        waiting, self._waiting = self._waiting, []
        for _, held in waiting:
            if not held.called:
                held.errback(Ended(programs.ended()))
