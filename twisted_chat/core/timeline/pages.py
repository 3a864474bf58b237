"""Old messages, as many as are asked for: by room, by member, or with certain words."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.feeds.batches import FeedId, Position
from twisted_chat.core.messages import Messages
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.store import Hit, OpenPrivate, Which
from twisted_chat.core.timeline.reader import Reader

PAGE = 64
"""Messages asked of the store at a time, at least."""


class Archive(Protocol):
    """Where old messages are found: the store."""

    def page(self, which: Which, limit: int, before: Position | None = None) -> Deferred[Sequence[Hit]]:
        """See `Store.page`."""
        ...

    def search(self, words: str, which: Which, limit: int, open_private: OpenPrivate) -> Deferred[Sequence[Hit]]:
        """See `Store.search`."""
        ...


class Pages:
    """Finds old messages, none of ignored members. Fails with what the store says."""

    def __init__(
        self, archive: Archive | None, roster: Roster, reader: Reader, hybrid: HybridClock, open_private: OpenPrivate
    ) -> None:
        self._archive = archive
        self._roster = roster
        self._reader = reader
        self._hybrid = hybrid
        self._open_private = open_private

    def history(
        self, count: int, room: str | None, member: bytes | None, before: Position | None
    ) -> Deferred[Sequence[Messages]]:
        """See `Conversation.history`."""
        return self._messages(partial(Which, room=room, member=member), count, before)

    def search(self, words: str, limit: int) -> Deferred[Sequence[Messages]]:
        """See `Conversation.search`."""
        if self._archive is None:
            return succeed([])
        found = self._archive.search(words, self._which(), limit, self._open_private)
        return found.addCallback(self._readable)

    def _which(self, of: Callable[..., Which] = Which) -> Which:
        return of(self._roster.own.id, without=frozenset(self._roster.ignored))

    @inlineCallbacks
    def _messages(
        self, of: Callable[..., Which], count: int, before: Position | None
    ) -> Generator[Deferred[Sequence[Hit]], Sequence[Hit], Sequence[Messages]]:
        """Return a page of messages: as many as were asked for, if there are. Stored messages that can't be read don't count."""
        messages: list[Messages] = []
        end = Position(self._hybrid.reach + 1, FeedId(b"", 0), 0)
        before = end if before is None else min(before, end)
        while self._archive is not None and len(messages) < count:
            asked = max(count - len(messages), PAGE)
            hits = yield self._archive.page(self._which(of), asked, before)
            for hit in hits:
                self._hybrid.observe(hit.position.lc)  # an answer sorts after what is shown
            messages = [*self._readable(hits), *messages]
            if len(hits) < asked:
                break
            before = hits[0].position
        return messages[-count:]

    def _readable(self, hits: Iterable[Hit]) -> list[Messages]:
        messages = (self._reader.message(hit.batch, hit.number) for hit in hits)
        return [message for message in messages if message is not None]
