"""What commands need to know of the person who types them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from twisted_chat.core.conversation import Conversation


class Place(Protocol):
    """A person's place in the conversation: what commands read and change."""

    @property
    def conversation(self) -> Conversation:
        """What they take part in."""
        ...

    @property
    def room(self) -> str:
        """Where what they type is said."""
        ...

    @property
    def unread(self) -> Mapping[str, int]:
        """How many messages wait in each other room."""
        ...

    @property
    def correspondent(self) -> tuple[bytes, str] | None:
        """Who wrote to them privately last, and how that was shown then; None if nobody did."""
        ...

    def corresponded(self, member: bytes, name: str) -> None:
        """Note who that is, and how it is shown now."""

    def enter(self, room: str) -> str:
        """Go to a room; return what it is about."""
        ...

    def quit(self) -> None:
        """Leave the chat."""
