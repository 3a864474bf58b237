"""Picking batches out of many: a page of a feed, the newest of all feeds, those that hold certain words."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from msgspec.structs import replace

from twisted_chat.core.feeds.amendments import NOTHING, Amended
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.feeds.records import Private, Say
from twisted_chat.core.replication.store import Hit, OpenPrivate, Which
from twisted_chat.core.writing.boundaries import tokens


def page(batches: Iterable[Batch], limit: int, gaps: bool = False) -> list[Batch]:
    """Take the first of `batches`, and more until `limit` bytes or, unless `gaps` are allowed, a missing record."""
    taken: list[Batch] = []
    for batch in batches:
        limit -= batch.size
        if taken and (limit < 0 or not (gaps or batch.first == taken[-1].last + 1)):
            break
        taken.append(batch)
    return taken


def in_order(batch: Batch) -> tuple[int, FeedId, int]:
    """The key that sorts batches in the order in which they are shown."""
    return batch.lc, batch.feed, batch.first


def newest(
    batches: Iterable[Batch], chosen: Callable[[Batch], Iterable[int]], limit: int, before: Position | None = None
) -> list[Hit]:
    """Return the newest `limit` records before a position, in order; `chosen` returns the indexes of those that count.

    The batches come by falling position of their last record, and no more of them are taken than are needed.
    """
    top: list[tuple[Position, Batch]] = []
    for batch in batches if limit > 0 else ():
        # Runs of at most 512 microseconds may overlap, so the batch that reaches the limit is not yet the end.
        if len(top) == limit and batch.position(len(batch.records) - 1) < top[0][0]:
            break
        for index in chosen(batch):
            position = batch.position(index)
            if before is None or position < before:
                push = heapq.heappush if len(top) < limit else heapq.heappushpop
                push(top, (position, batch))
    return [Hit(batch, position.number) for position, batch in sorted(top)]


def words_of(text: str) -> list[str]:
    """Return the words to look for when a person types `text`: tokens that follow each other, parted by spaces."""
    words: list[str] = []
    for token in tokens(text):
        if token.joined:
            words[-1] += f" {token.text}"
        else:
            words.append(token.text)
    return words


def said_in(text: str) -> str:
    """Return the tokens of a message, parted by spaces. Searches look in it for the words that `words_of` returns."""
    return " ".join(token.text for token in tokens(text))


def saying(
    words: Sequence[str], which: Which, of: Callable[[Position, int], Amended] = lambda message, reach: NOTHING
) -> Callable[[Batch], list[int]]:
    """Return a function that picks the indexes of those public messages of a batch that belong to `which` and have all
    `words`. `of` returns what has become of a message."""

    def reads(batch: Batch, index: int) -> str | None:
        record = batch.records[index]
        return of(batch.position(index), which.reach).reading(record) if isinstance(record, Say) else None

    return lambda batch: [index for index in which.of(batch) if matches(reads(batch, index), words)]


def saying_privately(words: Sequence[str], which: Which, open_private: OpenPrivate) -> Callable[[Batch], list[int]]:
    """Return a function that picks the indexes of those private messages of a batch."""

    def chosen(batch: Batch) -> list[int]:
        texts = (
            (index, open_private(batch.feed.author, cast(Private, batch.records[index]))) for index in which.of(batch)
        )
        return [index for index, text in texts if matches(text, words)]

    which = replace(which, private=True)
    return chosen


def matches(text: str | None, words: Sequence[str]) -> bool:
    """Whether each of `words` (from `words_of`, not empty) begins where a token of a text does. In no text there are none."""
    if text is None:
        return False
    said = f" {said_in(text)}"
    return all(f" {wanted}" in said for wanted in words)
