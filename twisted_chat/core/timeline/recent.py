"""The messages that were told last, for what answers them: it is shown at once, whatever the disk does."""

from __future__ import annotations

from collections import deque

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.messages import Messages, Quote

MAX_RECENT = 256
"""Messages in which one that was answered is looked for: the newest, and the rest of the run that the oldest of them is in."""


class Recent:
    """The messages that were told last, for what answers them."""

    def __init__(self) -> None:
        self._told: deque[Messages] = deque()
        self._count = 0

    def note(self, messages: Messages) -> None:
        """Messages are told, or what has become of one."""
        if not messages.private:
            self._told.append(messages)
            self._count += len(messages.records)
            while self._count - len(self._told[0].records) >= MAX_RECENT:
                self._count -= len(self._told.popleft().records)

    def quote(self, id: MessageId) -> Quote:
        """Return the message that is answered, as it was told last."""
        feed = FeedId(id.author, id.epoch)
        for messages in reversed(self._told):
            if messages.feed == feed and messages.first <= id.number <= messages.last:
                return quote_of(messages, messages.records[id.number - messages.first].text)
        return Quote()


def quote_of(message: Messages, text: str) -> Quote:
    """Return a message as others quote it, of which this is what it reads."""
    return Quote(message.name, "" if message.retracted else text)
