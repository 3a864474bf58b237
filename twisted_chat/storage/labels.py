"""The labels of batches. By them the messages of a page are found, newest first, without a look at all the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable
from contextlib import ExitStack, closing, suppress
from heapq import merge
from operator import itemgetter
from typing import Any, TypeAlias

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import MAX_RECORDS, Batch, Position, parse_batch
from twisted_chat.core.feeds.records import Private
from twisted_chat.core.replication.store import Which
from twisted_chat.core.writing.skeleton import room_key

Label: TypeAlias = str | bytes
"""A room, for its messages; a member's id, for private messages to and by it; or `PUBLIC`."""
PUBLIC = ""
"""The label of all batches in which something is said in a room, any room."""

_KEEP = "INSERT OR IGNORE INTO labels VALUES (?, ?, ?)"
_FIND = """
SELECT labels.last_lc, author, epoch, last, batches.id
FROM labels JOIN batches ON batches.id = labels.batch JOIN feeds ON feeds.id = batches.feed
WHERE label = ? AND labels.last_lc <= ? {authors} ORDER BY labels.last_lc DESC, author DESC, epoch DESC, last DESC
"""
_READ = "SELECT sig, body, checksum, feed, first FROM batches WHERE id = ?"
"""Rows are read one by one: many may have the same time, and a sort should not have to hold their contents."""


def labels_of(batch: Batch) -> set[Label]:
    """Return the labels that a batch bears."""
    labels: set[Label] = {PUBLIC, *map(room_key, batch.rooms)} if batch.rooms else set()
    for _, record in batch.others:
        if isinstance(record, Private):
            labels |= {batch.feed.author, record.to}
    return labels


def keep_labels(connection: sqlite3.Connection, id: int, batch: Batch) -> None:
    """Keep the labels of the batch stored under `id`. Within a transaction."""
    connection.executemany(_KEEP, [(label, batch.last_lc, id) for label in labels_of(batch)])


def fill_labels(connection: sqlite3.Connection) -> None:
    """Give every stored batch its labels; one that can't be read gets none. Within a transaction."""
    for id, sig, body in connection.execute("SELECT id, sig, body FROM batches"):
        with suppress(Refusal):
            keep_labels(connection, id, parse_batch(sig, body))


def drop_labels(connection: sqlite3.Connection, where: str, values: tuple[int, ...]) -> None:
    """Delete the labels of the batches that are to be deleted. Within a transaction."""
    connection.execute(f"DELETE FROM labels WHERE batch IN (SELECT id FROM batches WHERE {where})", values)


def rows(
    connection: sqlite3.Connection, which: Which, before: Position | None
) -> Generator[tuple[Any, ...], None, None]:
    """Yield sig, body, checksum, feed and first record of the batches that may hold messages of a page before a position, those
    that end last first."""
    labels: list[Label] = [] if which.private else [PUBLIC if which.room is None else room_key(which.room)]
    if which.room is None:
        labels.append(which.reader)
    highest = 2**62 if before is None else before.lc + MAX_RECORDS
    condition, authors = _authors(which)
    query = _FIND.format(authors=condition)
    with ExitStack() as open_ones:
        found: Iterable[tuple[Any, ...]] = merge(
            *(
                open_ones.enter_context(closing(connection.execute(query, (label, highest, *authors))))
                for label in labels
            ),
            key=itemgetter(0, 1, 2, 3),
            reverse=True,
        )
        last = 0
        for *_, id in found:
            if id != last:  # one batch may bear several labels
                last = id
                yield from connection.execute(_READ, (id,)).fetchall()


def _authors(which: Which) -> tuple[str, tuple[bytes, ...]]:
    """Return the condition under which a batch is one by an author whose messages are looked for, and its values."""
    without = tuple(which.without)
    condition = f"AND author NOT IN ({', '.join('?' * len(without))})" if without else ""
    if which.member is None:
        return condition, without
    return f"{condition} AND author IN (?, ?)", (*without, which.member, which.reader)
