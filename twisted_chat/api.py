"""A program's way into a chat: `from twisted_chat.api import Chat`.

In a program of asyncio, with a peer of its own:

    async def main():
        async with Chat("echo", group="math") as chat:
            async for message in chat:
                await message.reply(message.text)

    asyncio.run(main())

In a coroutine that Twisted runs it is the same. With `through="/home/ana/.chat/rpc"` it is a running peer's owner who speaks.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from twisted.internet.defer import Deferred

from twisted_chat.calling.awaiting import Later, clock
from twisted_chat.calling.calls import Calls, Ended, Refused, Way
from twisted_chat.calling.inside import Inside
from twisted_chat.calling.outside import Socket
from twisted_chat.calling.said import Message, Receipt

__all__ = ["Chat", "Ended", "Event", "Inside", "Message", "Receipt", "Refused"]

MAX_WAITING = 1_000
"""Messages, and events, that wait for a program. More messages are asked for later; of the events the oldest are left out."""
PAGE = 100


class Event(NamedTuple):
    """Something that happened: the name of a notification of the vocabulary, and what it has.

    >>> Event("left", {"member": "…", "name": "Bia"}).data["name"]
    'Bia'
    """

    name: str
    data: dict[str, Any]


class Chat:
    """A conversation, from inside `async with`.

    >>> Chat("echo", group="math")
    Chat('echo', group='math')
    """

    def __init__(
        self,
        name: str = "",
        group: str = "chat",
        *,
        data: str | os.PathLike[str] | None = None,
        passphrase: str | None = None,
        auto: bool = True,
        after: str | None = None,
        through: str | os.PathLike[str] | Way | None = None,
    ) -> None:
        """Take part as `name` in `group`, which is closed if there is a `passphrase`. What is kept is in the directory `data`, in
        that of `tcpchat` if it is None. Nothing happens before `async with`.

        `through` is the path of a running peer's socket: then its owner is who speaks, and nothing else is needed. It can also be
        an `Inside`, which says more about one's own peer. What is said is marked as a machine's unless `auto` is False. Messages
        come from the place `after` on, if it is given: the `place` of the last one that was dealt with.
        """
        self._name, self._group = name, group
        if through is None:
            through = Inside(name, group, data, passphrase)
        self._way: Way = Socket(through) if isinstance(through, (str, os.PathLike)) else through
        self._calls = Calls(self._way, self._told)
        self._auto = auto
        self._place = after
        self._messages: deque[dict[str, Any]] = deque()
        self._behind = False
        """Whether messages were left out that are to be asked for, after `_place`."""
        self._events: deque[Event] | None = None
        self._waiting: list[Deferred[None]] = []
        self._receipts: WeakValueDictionary[str, Receipt] = WeakValueDictionary()

    def __repr__(self) -> str:
        return f"Chat({self._name!r}, group={self._group!r})"

    async def __aenter__(self) -> Chat:
        """Take part. Raises `ChatError`, in words, if that can't be."""
        await Later(self._way.start(self._calls))
        try:
            begun = await self._ask("subscribe", after=self._place)
        except BaseException:
            await Later(self._way.stop())
            raise
        self._place = begun["place"]
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Leave. A peer that was made for this ends: what was said gets out within 5 s, and is kept."""
        self._calls.lost()
        await Later(self._way.stop())

    # Saying.

    async def say(self, text: str, room: str | None = None, me: bool = False) -> Receipt:
        """Say something in a room, in the one joined last if none is given. Raises `Refused`."""
        said = await self._ask("say", text=text, room=room, me=me, auto=self._auto)
        return self._receipt(said["id"])

    async def whisper(self, to: str, text: str) -> Receipt:
        """Say something to one member alone: `to` is its id, or its name. Raises `Refused`."""
        said = await self._ask("whisper", to=to, text=text, auto=self._auto)
        return self._receipt(said["id"])

    # Hearing.

    def __aiter__(self) -> AsyncIterator[Message]:
        """Yield what others say from now on, people and not machines; what is missed as well, if `after` was given."""
        return self.messages()

    async def messages(self, own: bool = False, auto: bool = False) -> AsyncIterator[Message]:
        """Yield messages, each once and in the order of their arrival, until the peer ends: `own` ones and those of machines
        (`auto`) if they are wanted."""
        while True:
            while self._messages:
                message = self._message(self._messages.popleft())
                if (own or not message.own) and (auto or not message.auto):
                    yield message
            if self._behind:
                await Later(self._catch_up())
            elif self._calls.ended:
                return
            else:
                await Later(self._something())

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens besides messages, from now on, until the peer ends."""
        events = self._events = deque(maxlen=MAX_WAITING) if self._events is None else self._events
        while True:
            while events:
                yield events.popleft()
            if self._calls.ended:
                return
            await Later(self._something())

    # Looking.

    async def history(self, count: int = 20, room: str | None = None, with_: str | None = None) -> list[Message]:
        """Return the newest messages, oldest first: of a room, or with a member, if one is given. Raises `Refused`."""
        found: list[Message] = []
        before: str | None = None
        while len(found) < count:
            page = await self._ask(
                "history", count=min(PAGE, count - len(found)), room=room, before=before, **{"with": with_}
            )
            found = [*map(self._message, page["messages"]), *found]
            before = page["earlier"]
            if before is None:
                break
        return found

    async def search(self, words: str, count: int = 20) -> list[Message]:
        """Return the newest messages with these words, 100 at most. Raises `Refused`."""
        found = await self._ask("search", words=words, count=count)
        return list(map(self._message, found["messages"]))

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask for anything in the vocabulary, such as `members`, `rooms`, `join`, `topic`, `nick`, `away`, `ignore`, `status`;
        return the result as it comes. What is None is left out. Raises `Refused`."""
        return await self._ask(method, **params)

    async def members(self) -> list[dict[str, Any]]:
        """Return the other members, as the vocabulary has them."""
        found: list[dict[str, Any]] = (await self._ask("members"))["members"]
        return found

    async def join(self, room: str) -> str:
        """Speak in a room from now on; return what it is about. Raises `Refused`."""
        topic: str = (await self._ask("join", room=room))["topic"]
        return topic

    # What comes.

    async def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        return await Later(self._calls.ask(method, **params))

    def _told(self, name: str, data: dict[str, Any]) -> None:
        if name == "message":
            if not self._behind:
                self._messages.append(data)
                self._behind = len(self._messages) > MAX_WAITING
                self._place = data["place"]
        elif name == "delivered" and (receipt := self._receipts.get(data["id"])) is not None:
            receipt._told(data)
        if name not in ("message", "ended") and self._events is not None:
            self._events.append(Event(name, data))
        if name == "ended":
            for receipt in list(self._receipts.values()):
                receipt._end()
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.called:
                each.callback(None)

    def _something(self) -> Deferred[None]:
        """Return what fires when something comes."""
        waiting: Deferred[None] = Deferred(lambda waiting: None)
        self._waiting.append(waiting)
        return waiting

    def _catch_up(self) -> Deferred[None]:
        """Ask for the next page of what was left out."""

        def came(page: dict[str, Any]) -> None:
            self._messages.extend(page["messages"])
            self._place = page["place"]
            self._behind = page["more"]  # from now on what is told is behind the page

        asked: Deferred[Any] = self._calls.ask("history", after=self._place, count=PAGE)
        return asked.addCallback(came).addErrback(self._not_came)

    def _not_came(self, reason: Any) -> None:
        reason.trap(Ended)
        self._behind = False

    def _message(self, data: dict[str, Any]) -> Message:
        return Message._of(self, data)

    def _receipt(self, id: str) -> Receipt:
        receipt = self._receipts[id] = Receipt(id, clock())
        return receipt
