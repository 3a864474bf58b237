"""Messages with certain words in a database: by the word index, or by a look at all where SQLite has none."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import islice

from twisted_chat.core.feeds.amendments import id_at
from twisted_chat.core.feeds.batches import Batch, Position
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Edit, Say
from twisted_chat.core.replication.store import Hit, Which
from twisted_chat.storage.history import matches, newest, saying
from twisted_chat.storage.labels import rows
from twisted_chat.storage.opener import Opener
from twisted_chat.storage.references import References
from twisted_chat.storage.words import WordIndex, has_full_text

INDEX_STEP = 256
"""Batches indexed at a time, so that other calls come between."""
MAX_LOOKED_AT = 10_000
"""Messages and corrections with the words that one search looks at, the newest: who corrects without end holds up nobody."""

_READ = "SELECT sig, body, checksum, feed, first FROM batches WHERE id = ?"


class Finding:
    """Searches in one database. A message is found by what it reads now."""

    def __init__(self, connection: sqlite3.Connection, opener: Opener, references: References) -> None:
        self._connection = connection
        self._open = opener
        self._references = references
        self._index = WordIndex(connection) if has_full_text(connection) else None

    def drop(self) -> None:
        """Leave no word in the index. Within a transaction."""
        if self._index is not None:
            self._index.drop()

    def search(self, words: Sequence[str], which: Which, limit: int) -> list[Hit] | None:
        """Return the public messages that `Store.search` finds; None if more must be indexed first: then ask again."""
        if self._index is None:
            return self.scan(words, which, limit)
        if self._index_some(self._index):
            return None
        top: list[tuple[Position, Batch]] = []
        seen: set[MessageId] = set()
        for id, number in islice(self._index.find(words, which.without), MAX_LOOKED_AT):
            row = self._connection.execute(_READ, (id,)).fetchone()
            batch = self._open.batch(*row) if row else None
            if batch is None:
                continue
            place = batch.position(number - batch.first)
            if len(top) == limit and place < top[0][0]:
                break  # what is corrected stands before its correction
            record = batch.records[number - batch.first]
            said = record.to if isinstance(record, Edit) else id_at(place)
            if said not in seen:
                seen.add(said)
                hit = self._reading(Hit(batch, number) if isinstance(record, Say) else said, words, which)
                if hit is not None:
                    push = heapq.heappush if len(top) < limit else heapq.heappushpop
                    push(top, (hit.position, hit.batch))
        return [Hit(batch, position.number) for position, batch in sorted(top, key=lambda each: each[0])]

    def scan(self, words: Sequence[str], which: Which, limit: int) -> list[Hit]:
        """Do what `search` does without an index: look at every batch, newest first, until there are enough hits."""
        picks = saying(words, which) if self._references.none else saying(words, which, self._references.of)
        with closing(rows(self._connection, which, None)) as found:
            return newest(self._open.each(found), picks, limit)

    def _reading(self, said: Hit | MessageId, words: Sequence[str], which: Which) -> Hit | None:
        """Return the message if it has the words now."""
        hit = said if isinstance(said, Hit) else next(iter(self._references.find([said])), None)
        if hit is None:
            return None
        record = hit.batch.records[hit.number - hit.batch.first]
        assert isinstance(record, Say)
        text = self._references.of(hit.position, which.reach).reading(record)
        return hit if matches(text, words) and hit.batch.feed.author not in which.without else None

    def _index_some(self, index: WordIndex) -> bool:
        """Index a step further; return whether that was not all."""
        query = "SELECT id, sig, body, checksum, feed, first FROM batches WHERE id > ? ORDER BY id LIMIT ?"
        found = self._connection.execute(query, (index.upto(), INDEX_STEP)).fetchall()
        if found:
            batches = ((id, self._open.batch(*row)) for id, *row in found)
            index.add(((id, batch) for id, batch in batches if batch), found[-1][0])
        return len(found) == INDEX_STEP
