"""What commands need to know of the person who types them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from twisted_chat.core.conversation import Conversation


class Place(Protocol):
    """A person's place in the conversation."""

    last_private: tuple[bytes, str] | None
    """Who wrote to them privately last, and how that was shown then."""

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

    def enter(self, room: str) -> str:
        """Go to a room; return what it is about."""
        ...

    def say(self, text: str, *, me: bool = False) -> object:
        """Say something where they are. See `Conversation.say`."""
        ...

    def whisper(self, member: bytes, text: str) -> object:
        """Say something to one member alone. See `Conversation.whisper`."""
        ...
