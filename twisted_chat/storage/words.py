"""The word index of a database: which message or correction has which word. A cache: searches fill it, and it goes with rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence

from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.feeds.records import Edit, Say
from twisted_chat.storage.history import said_in

_SHIFT = 9  # a batch has at most 512 records
_CREATE = "CREATE VIRTUAL TABLE words USING fts5 (tokens, content = '', tokenize = 'ascii')"
"""An index that was made otherwise is made anew. This tokenizer splits at spaces, and keeps everything that is not ASCII."""
_FIND = """
SELECT batches.id, batches.first + (words.rowid & {mask}) AS number
FROM words JOIN batches ON batches.id = words.rowid >> {shift} JOIN feeds ON feeds.id = batches.feed
WHERE words MATCH ? {authors} ORDER BY last_lc - last + number DESC, author DESC, epoch DESC, number DESC
"""


def has_full_text(connection: sqlite3.Connection) -> bool:
    """Whether this SQLite was built with FTS5."""
    try:
        connection.execute("CREATE VIRTUAL TABLE temp.probe USING fts5 (said)")
    except sqlite3.OperationalError:
        return False
    connection.execute("DROP TABLE temp.probe")
    return True


class WordIndex:
    """Needs FTS5. Messages are indexed as the tokens `said_in` finds in them, so that every store finds the same."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def upto(self) -> int:
        """Return the highest `batches.id` that is indexed, 0 if none is, or if another version's index is what there is."""
        made = self._connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'words' AND sql = ?", (_CREATE,)
        ).fetchone()
        upto: int = self._connection.execute("SELECT upto FROM indexed").fetchone()[0]
        return upto if made else 0

    def drop(self) -> None:
        """Leave no word in the index: messages were given up. The next search makes it anew. Within a transaction."""
        self._connection.execute("DROP TABLE IF EXISTS words")
        self._connection.execute("UPDATE indexed SET upto = 0")

    def add(self, rows: Iterable[tuple[int, Batch]], upto: int) -> None:
        """Index batches, given with their id, and note that all up to id `upto` are. Within a transaction."""
        if self.upto() == 0:
            self._connection.execute("DROP TABLE IF EXISTS words")
            self._connection.execute(_CREATE)
        said = (
            (id << _SHIFT | offset, said_in(record.text))
            for id, batch in rows
            for offset, record in enumerate(batch.records)
            if isinstance(record, (Say, Edit))
        )
        self._connection.executemany("INSERT INTO words (rowid, tokens) VALUES (?, ?)", said)
        self._connection.execute("UPDATE indexed SET upto = ?", (upto,))

    def find(self, words: Sequence[str], without: Collection[bytes]) -> Iterable[tuple[int, int]]:
        """Return the batch's id and the number of the messages and corrections with words, newest first; none by `without`."""
        if self.upto() == 0:
            return []
        authors = f"AND author NOT IN ({', '.join('?' * len(without))})" if without else ""
        query = _FIND.format(mask=(1 << _SHIFT) - 1, shift=_SHIFT, authors=authors)
        return self._connection.execute(query, (" ".join(f'"{word}"*' for word in words), *without))
