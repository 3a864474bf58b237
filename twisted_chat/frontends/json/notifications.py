"""What programs are told besides messages: typed, each field with its meaning. `table` has the names they go by."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from twisted_chat.frontends.json.vocabulary import Id, MemberId, Name, Result


class Joined(Result, frozen=True):
    """A member is here now."""

    member: MemberId
    name: Name
    verified: bool
    through: Annotated[str, Meta(description="the names of those through whom it is reached; empty if it is linked")]


class Gone(Result, frozen=True):
    """A member is not here any more."""

    member: MemberId
    name: Name


class Renamed(Result, frozen=True):
    """A member is called otherwise now."""

    member: MemberId
    old: Annotated[str, Meta(description="what it was called")]
    new: Name


class WentAway(Result, frozen=True):
    """A member is not at its keyboard, or is back."""

    member: MemberId
    name: Name
    text: Annotated[str, Meta(description="why; empty if it is back")]


class Topical(Result, frozen=True):
    """A member said what a room is about."""

    member: MemberId
    name: Name
    room: Annotated[str, Meta(description="the room")]
    topic: Annotated[str, Meta(description="what it is about; empty for nothing in particular")]


class Delivered(Result, frozen=True):
    """What became of a message that this program said."""

    id: Id
    kept: Annotated[bool, Meta(description="whether it is kept here, on disk if this peer has one")]
    held: Annotated[int, Meta(description="how many of the members that are linked have it on disk")]
    of: Annotated[int, Meta(description="how many are linked, and have a disk")]
    lacking: Annotated[list[str], Meta(description="the names of those of them that lack it")]


class Warned(Result, frozen=True):
    """Something that people are told in a sentence."""

    code: Annotated[str, Meta(description="what it is: it stays the same in every language and version")]
    text: Annotated[str, Meta(description="the sentence, in the language of this peer")]


class Missed(Result, frozen=True):
    """Of what happened while nobody read, this much was left out. No message is among it: those wait."""

    events: Annotated[int, Meta(description="how many notifications were left out")]


class Leaving(Result, frozen=True):
    """This peer ends: nothing more is told or answered."""
