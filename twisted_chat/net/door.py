"""Who waits at the door: connections that were taken, and whose other side has not yet shown who it is.

They are few, whatever comes. If there are too many, one of the address that has most of them goes, the oldest of those that have
said least of what an opening needs: a flood costs the address it comes from, and even there who knows what to say gets through.
"""

from __future__ import annotations

from collections import Counter

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.net.addresses import place
from twisted_chat.net.link import Link

MAX_OPENING = 32
"""Connections taken that are not yet ready; beyond it one is told `bye full`."""
BACKLOG = 1024
"""Connections that the system holds until they are taken, one in a turn."""
MAX_CLOSING = 32
"""Connections refused that are not yet closed; beyond it the oldest are cut off."""


class Door:
    """The connections that wait, oldest first."""

    def __init__(self) -> None:
        self._waiting: dict[Link, str] = {}

    def enter(self, link: Link, host: str) -> None:
        """A connection from `host` was taken; somebody may have to make room for it."""
        self._waiting[link] = place(host)
        waiting = [link for link in self._waiting if not link.closing]
        if len(waiting) > MAX_OPENING:
            ((busiest, _),) = Counter(self._waiting[link] for link in waiting).most_common(1)
            crowd = [link for link in waiting[:-1] if self._waiting[link] == busiest]
            least = min(crowd, key=lambda link: link.progress)  # the oldest of those who have come no further
            least.refuse(Refusal(errors.FULL, "too many connections that have not shown who they are"))
        closing = [link for link in self._waiting if link.closing]
        for each in closing[:-MAX_CLOSING]:
            each.abort()

    def leave(self, link: Link) -> None:
        """A connection is a link now, or gone."""
        self._waiting.pop(link, None)
