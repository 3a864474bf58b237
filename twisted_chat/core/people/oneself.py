"""What there is to tell a person about what comes under the person's own key."""

from __future__ import annotations

from collections.abc import Callable

from twisted_chat.core.events import Alone, Copied, Event
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.people.presence import Presence


class Oneself:
    """Tells once who speaks to nobody, and once that another process has the same key."""

    def __init__(self, name: Callable[[], str], presence: Presence, began: int, tell: Callable[[Event], None]) -> None:
        """`name` returns one's own. This process began at `began`, in milliseconds since 1970."""
        self._name = name
        self._presence = presence
        self._began = began
        self._tell = tell
        self._feeds: set[FeedId] = set()
        self._told_alone = False
        self._told_copied = False

    def writes(self, feed: FeedId) -> None:
        """This process writes a feed."""
        self._feeds.add(feed)

    def said(self, batch: Batch) -> None:
        """A batch under one's own key became part of the conversation."""
        if batch.feed in self._feeds:
            if not self._told_alone and self._presence.alone:
                self._told_alone = True
                self._tell(Alone())
        elif batch.at > self._began:
            self.copied()

    def copied(self) -> None:
        """Another process has this one's key, and is at work now."""
        if not self._told_copied:
            self._told_copied = True
            self._tell(Copied(self._name()))

    def met(self) -> None:
        """Somebody is here. Who speaks to nobody later is told again."""
        self._told_alone = False
