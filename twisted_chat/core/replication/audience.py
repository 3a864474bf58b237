"""The interface of whoever a replica tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.crowding import Crowd


class Audience(Protocol):
    """Hears what a replica has to tell."""

    def accepted(self, batch: Batch, missed: bool) -> None:
        """A batch became part of the conversation, exactly once in the life of this process, though the disk may lose it and it
        comes again; `missed` as `Backlog` says."""
        ...

    def forked(self, author: bytes) -> None:
        """A feed of `author` is frozen: it signed two different batches for one place."""
        ...

    def damaged(self, author: bytes) -> None:
        """Something of `author` can't be read here any more, and is asked of others."""
        ...

    def mended(self, author: bytes) -> None:
        """All damaged records of `author` that are wanted have come again."""
        ...

    def knows(self, author: bytes) -> bool:
        """Whether the person here has verified `author`: some room is reserved for such members."""
        ...

    def unheard(self, member: bytes) -> None:
        """`member` says that it keeps no more of this peer's messages."""
        ...

    def crowded(self, crowd: Crowd) -> None:
        """A limit is near; told once for each."""
        ...

    def relieved(self) -> None:
        """`congested` has become false."""
        ...

    def caught_up(self, caught_up: bool) -> None:
        """Whether all that any neighbour holds is held here too, as far as known; called when that changes."""
        ...

    def receiving(self, received: int, total: int) -> None:
        """Of `total` records that were missing when catching up began, or came since, `received` have come."""
        ...

    def delivered(self, feed: FeedId, kept: int, held: Mapping[bytes, tuple[int, int]], durable: bool) -> None:
        """Of `feed`, the own one, the records up to `kept` are kept here, on disk if `durable`; each linked member with a disk
        holds those from the first to the last that `held` has for it. Called with every `feed` before anything in it is
        accepted."""
        ...

    def quota_reached(self, author: bytes, limit: int) -> None:
        """The storage quota of `author`, of `limit` bytes, is full: no more of it is kept."""
        ...
