"""Picking batches out of many: a page of a feed, the newest of all feeds, those that hold certain words."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from twisted_chat.core.feeds import Batch, FeedId
from twisted_chat.core.records import Record, Say
from twisted_chat.core.store import Hit
from twisted_chat.core.writing import tokens


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
    """The key by which batches are shown."""
    return batch.lc, batch.feed, batch.first


def newest(batches: Iterable[Batch], count: int) -> list[Batch]:
    """Return those of `batches`, which come by falling `last_lc`, that hold the newest `count` records, in order."""
    top: list[tuple[int, FeedId, int]] = []
    looked_at: list[Batch] = []
    for batch in batches:
        if len(top) == count and (not top or batch.last_lc < top[0][0]):
            break
        looked_at.append(batch)
        for offset in range(len(batch.records)):
            key = (batch.lc + offset, batch.feed, batch.first + offset)
            if len(top) < count:
                heapq.heappush(top, key)
            else:
                heapq.heappushpop(top, key)
    chosen = [batch for batch in looked_at if (batch.last_lc, batch.feed, batch.last) >= top[0]]
    return sorted(chosen, key=in_order)


def words_of(text: str) -> list[str]:
    """Return what is to be looked for by one who types `text`: words, and tokens that follow each other, parted by spaces."""
    words: list[str] = []
    for token in tokens(text):
        if token.joined:
            words[-1] += f" {token.text}"
        else:
            words.append(token.text)
    return words


def said_in(text: str) -> str:
    """Return the tokens of a message, parted by spaces: what `words_of` returns is looked for in it."""
    return " ".join(token.text for token in tokens(text))


def matches(record: Record, words: Sequence[str]) -> bool:
    """Whether `record` is a message in which each of `words` (from `words_of`, not empty) begins where a token does."""
    if not isinstance(record, Say):
        return False
    said = f" {said_in(record.text)}"
    return all(f" {wanted}" in said for wanted in words)


def find(batches: Iterable[Batch], words: Sequence[str], limit: int) -> list[Hit]:
    """Return the newest `limit` hits in `batches`, which come by falling `last_lc`, in order."""
    hits: list[Hit] = []
    if limit < 1:
        return hits
    for batch in batches:
        # Runs of at most 512 microseconds may overlap, so the batch that reaches the limit is not yet the end.
        if len(hits) >= limit and batch.last_lc < sorted(map(when, hits))[-limit][0]:
            break
        hits += [Hit(batch, batch.first + i) for i, record in enumerate(batch.records) if matches(record, words)]
    return sorted(hits, key=when)[-limit:]


def when(hit: Hit) -> tuple[int, FeedId, int]:
    """The key by which hits are shown."""
    return hit.batch.lc + hit.number - hit.batch.first, hit.batch.feed, hit.number
