"""One search in a database, in steps short enough for other calls to come between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from twisted_chat.core.feeds.batches import Position
from twisted_chat.core.replication.store import Hit, OpenPrivate, Which
from twisted_chat.storage.history import saying_privately
from twisted_chat.storage.tables import Tables

PRIVATE_STEP = 100
"""Private messages that are opened in one step."""


class Search:
    """Looks for public messages in the word index, and for private ones by opening them, newest first: their words are on no
    disk in the clear."""

    def __init__(
        self, tables: Callable[[], Tables], words: Sequence[str], which: Which, limit: int, open_private: OpenPrivate
    ) -> None:
        """`tables` returns the database as it is open now; `words` are from `words_of`, at least one. See `Store.search`."""
        self._tables = tables
        self._words = words
        self._which = which
        self._limit = limit
        self._matching = saying_privately(words, which, open_private)
        self._private: list[Hit] = []
        self._before: Position | None = None
        self._opened = False

    def step(self) -> list[Hit] | None:
        """Go on. Return the hits; None if there is more to do. Within a transaction that writes."""
        if not self._opened:
            self._open_some()
            return None
        public = self._tables().finding.search(self._words, self._which, self._limit)
        return None if public is None else self._both(public)

    def at_once(self) -> list[Hit]:
        """Do all of it without writing."""
        while not self._opened:
            self._open_some()
        return self._both(self._tables().finding.scan(self._words, self._which, self._limit))

    def _open_some(self) -> None:
        page = self._tables().page(replace(self._which, private=True), PRIVATE_STEP, self._before)
        found = [hit for hit in page if hit.number - hit.batch.first in self._matching(hit.batch)]
        self._private = [*found, *self._private][-self._limit :]
        self._before = page[0].position if page else None
        self._opened = len(page) < PRIVATE_STEP or len(self._private) == self._limit

    def _both(self, public: Sequence[Hit]) -> list[Hit]:
        return sorted([*public, *self._private], key=lambda hit: hit.position)[-self._limit :]
