"""Which of several neighbours is to be asked for a feed, and when one that was asked fails to send it."""

from __future__ import annotations

from collections.abc import Iterable

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.neighbour import Neighbour

STALL = 1.0
"""Seconds without a new batch after which a source is left for another."""
PATIENCE = 10.0
"""The same for a source that sends other feeds meanwhile. So long, too, who sends nothing new is taken at its word that there is
something to catch up on."""


def stalled(neighbour: Neighbour, progress: float, now: float) -> bool:
    """Whether a neighbour fails to send the records it was asked for; the last came at `progress`."""
    silent = now - progress
    idle = now - neighbour.progress
    return silent > PATIENCE or (silent > STALL and idle > STALL)


def best(feed: FeedId, offers: Iterable[Neighbour]) -> Neighbour:
    """Return the neighbour to ask: one that has not failed, else the one that failed longest ago."""

    def rank(neighbour: Neighbour) -> tuple[tuple[bool, float], bool, int]:
        return (failed(feed, neighbour), neighbour.wire.member != feed.author, len(neighbour.asked))

    return min(offers, key=rank)


def failed(feed: FeedId, neighbour: Neighbour) -> tuple[bool, float]:
    """Return a rank, by which the lowest is asked first: whether a neighbour sent less than it was asked for, and when it last
    failed to send this feed (less than any time if it never did)."""
    return neighbour.vain > 0, neighbour.failed.get(feed, float("-inf"))


def longest_ago(feed: FeedId, neighbours: Iterable[Neighbour]) -> tuple[bool, float]:
    """Return the lowest rank of several neighbours."""
    return min(failed(feed, neighbour) for neighbour in neighbours)
