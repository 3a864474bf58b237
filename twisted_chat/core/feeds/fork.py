"""Forks: two batches of one feed that only an author who breaks the rules signs both."""

from __future__ import annotations

from msgspec import Struct

from twisted_chat.core.errors import FORGED, Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, check_signature
from twisted_chat.core.group import Group


class Fork(Struct, frozen=True):
    """The proof that an author contradicts itself: two batches that no honest author signs both."""

    one: Batch
    other: Batch

    @property
    def feed(self) -> FeedId:
        """The feed that is forked."""
        return self.one.feed

    @property
    def place(self) -> int:
        """The first record that is in doubt: the feed ends before it."""
        return min(self.one.first, self.other.first)

    @property
    def deeper(self) -> bool:
        """Whether the two batches name different ones before them: then there is a contradiction before this one."""
        return self.one.first == self.other.first and self.one.prev != self.other.prev

    def prove(self, group: Group) -> None:
        """Raise `Refusal` unless both batches are the author's and contradict each other."""
        if not self.one.contradicts(self.other):
            raise Refusal(FORGED, "a fork whose two batches do not contradict each other")
        check_signature(group, self.one)
        check_signature(group, self.other)
