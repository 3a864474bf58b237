"""What requests take and give, and what is told: typed, each field with its meaning. `table` has the names they go by.

Ids of members are keys in base64, as on the wire. Names are as people are shown them. Texts are as their authors wrote them.
"""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from msgspec import Meta, Struct

from twisted_chat.core.messages import Messages

MAX_PAGE = 100
"""Messages in an answer."""

Count = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="how many at most")]
Room = Annotated[str | None, Meta(description="a room, such as #tea")]
Auto = Annotated[bool, Meta(description="a machine says it: it is shown so, and machines don't answer it")]
Id = Annotated[str, Meta(description="the id of a message, the same at every peer")]
MemberId = Annotated[str, Meta(description="the id of a member: its key in base64")]
Name = Annotated[str, Meta(description="the name of a member, as people are shown it")]
Event = Literal[
    "edited", "retracted", "reacted", "joined", "left", "lost", "renamed", "away", "topic", "delivered", "warning", "missed",
    "leaving",
]  # fmt: skip
PlaceText = Annotated[str, Meta(description="a place in what arrived here, to go on after")]


class Params(Struct, frozen=True, forbid_unknown_fields=True):
    """What a method takes. It takes nothing else."""


class Result(Struct, frozen=True):
    """What a method gives, or what is told."""


class Nothing(Params, frozen=True):
    """No parameters."""


class Done(Result, frozen=True):
    """Nothing is to be said."""


# What is said.


class Say(Params, frozen=True):
    """For everybody in a room."""

    text: Annotated[str, Meta(description="what is said")]
    room: Annotated[str | None, Meta(description="the room; if not given, the one that was joined last")] = None
    me: Annotated[bool, Meta(description="whether it tells what one does")] = False
    auto: Auto = False
    re: Annotated[str | None, Meta(description="the id of the message that it answers")] = None


class Whisper(Params, frozen=True):
    """For one member alone."""

    to: Annotated[str, Meta(description="the id of a member, or a name that only one has")]
    text: Annotated[str, Meta(description="what is said")]
    auto: Auto = False


class Said(Result, frozen=True):
    """It is said, and goes out."""

    id: Id


class Reaction(Result, frozen=True):
    """One reaction to a message, or one answer of a poll that was voted for."""

    text: Annotated[str, Meta(description="the reaction, or the number of the answer")]
    members: Annotated[list[str], Meta(description="the ids of those who have it")]
    names: Annotated[list[str], Meta(description="their names")]


class Message(Result, frozen=True):
    """A message."""

    id: Id
    author: MemberId
    name: Name
    verified: Annotated[bool, Meta(description="whether the person here has compared the author's key")]
    at: Annotated[int, Meta(description="the author's clock, in milliseconds since 1970")]
    room: Annotated[str, Meta(description="the room, without meaning if private")]
    text: Annotated[str, Meta(description="what was said")]
    me: Annotated[bool, Meta(description="whether it tells what the author does")]
    own: Annotated[bool, Meta(description="whether this peer's owner said it, here or elsewhere")]
    private: Annotated[bool, Meta(description="whether only one member can read it, and the author")]
    to: Annotated[str, Meta(description="the name of that member, else empty")]
    auto: Annotated[bool, Meta(description="whether a machine said it: don't answer")]
    missed: Annotated[bool, Meta(description="whether it was said while this peer, or the program, was not there")]
    place: Annotated[str, Meta(description="the place behind it, to go on after; empty if it was asked for by time")]
    re: Annotated[str, Meta(description="the id of the message that it answers; else empty")]
    edited: Annotated[bool, Meta(description="whether its author corrected it: `text` is what it reads now")]
    retracted: Annotated[bool, Meta(description="whether its author took it back: `text` is empty then")]
    original: Annotated[str, Meta(description="what was said before that; else empty")]
    reactions: Annotated[list[Reaction], Meta(description="what members think of it, or vote for")]
    answers: Annotated[list[str], Meta(description="what can be voted for, if it is a poll")]
    closed: Annotated[bool, Meta(description="whether its author closed the poll")]


# What was said.


class History(Params, frozen=True, rename={"with_": "with"}):
    """A page: of the newest, of what is older than `before`, or of what arrived after the place `after`."""

    count: Count = 20
    before: Annotated[str | None, Meta(description="what `earlier` of the page before was")] = None
    after: Annotated[PlaceText | None, Meta(description="a place; empty for the beginning")] = None
    room: Annotated[str | None, Meta(description="only of this room")] = None
    with_: Annotated[str | None, Meta(description="only by this member, and private ones with it: id or name")] = None


class Page(Result, frozen=True):
    """Messages: in the order that is the same for everybody, or with `after` in that of their arrival."""

    messages: list[Message]
    earlier: Annotated[
        str | None, Meta(description="give it as `before` for the page before this; null if there is none")
    ]
    place: Annotated[str | None, Meta(description="with `after`: the place to go on after; else null")]
    more: Annotated[bool, Meta(description="with `after`: whether something follows already")]


class Search(Params, frozen=True):
    """The newest messages with all these words."""

    words: Annotated[str, Meta(description="what to look for: each word as it begins")]
    count: Count = 20


class Found(Result, frozen=True):
    """Messages in the order that is the same for everybody."""

    messages: list[Message]
    more: Annotated[bool, Meta(description="whether others have these words too")]


# Who is there.


class Person(Result, frozen=True):
    """A member."""

    id: MemberId
    name: Name
    where: Annotated[str, Meta(description="`here` (linked), `through` others, or `gone`")]
    verified: Annotated[bool, Meta(description="whether its key was compared")]
    ignored: Annotated[bool, Meta(description="whether the person here ignores it")]
    away: Annotated[str, Meta(description="why it is not at the keyboard; empty if it is")]
    last_seen: Annotated[int, Meta(description="when it was last here, in milliseconds since 1970; 0 for never")]


class Members(Result, frozen=True):
    """The other members."""

    members: list[Person]
    nameless: Annotated[int, Meta(description="how many more can be reached, of whom nothing was heard yet")]


class Ignore(Params, frozen=True):
    """Whose messages, comings and goings are not told."""

    member: Annotated[str, Meta(description="the id of a member, or a name that only one has")]
    ignored: Annotated[bool, Meta(description="false to hear of it again")] = True


class Ignoring(Result, frozen=True):
    """Who it is."""

    id: MemberId
    name: Name
    ignored: bool


class Nick(Params, frozen=True):
    """Another name."""

    name: Annotated[str, Meta(description="what to be called")]


class Named(Result, frozen=True):
    """The name as it is written from now on."""

    name: Name


class Away(Params, frozen=True):
    """Why nobody is at the keyboard."""

    text: Annotated[str, Meta(description="why; empty: back again")] = ""


# Rooms.


class Join(Params, frozen=True):
    """Where to be from now on, beside other rooms."""

    room: Annotated[str, Meta(description="a room, such as #tea")]


class Topic(Params, frozen=True):
    """What a room is about."""

    room: Annotated[str | None, Meta(description="the room; if not given, the one that was joined last")] = None
    text: Annotated[str | None, Meta(description="what it is about from now on; if not given, nothing changes")] = None


class About(Result, frozen=True):
    """A room, and what it is about."""

    room: Annotated[str, Meta(description="the room")]
    topic: Annotated[str, Meta(description="what it is about; empty for nothing in particular")]


class Rooms(Result, frozen=True):
    """The rooms that are known, by name, and those that were joined."""

    rooms: list[About]
    joined: Annotated[
        list[str], Meta(description="where this program is; what it says without a room goes to the last")
    ]


# The peer.


class Link(Result, frozen=True):
    """A link with a member."""

    id: MemberId
    name: Name
    host: str
    port: int
    behind: Annotated[int, Meta(description="how many records wait to go out there")]


class Status(Result, frozen=True):
    """How things stand."""

    id: MemberId
    name: Name
    version: Annotated[str, Meta(description="of tcpchat")]
    records: Annotated[int, Meta(description="how many records are kept here")]
    unsaved: Annotated[int, Meta(description="bytes that are not yet on disk")]
    links: list[Link]


# Being told.


class Subscribe(Params, frozen=True):
    """What to be told. Asked again, it takes the place of what was asked before."""

    rooms: Annotated[list[str] | None, Meta(description="messages of these rooms, and private ones; null for all")] = (
        None
    )
    events: Annotated[list[Event] | None, Meta(description="these notifications besides `message`; null for all")] = (
        None
    )
    after: Annotated[
        PlaceText | None,
        Meta(description="messages that arrived after this place; empty for all that are kept; null for new ones"),
    ] = None


class Subscribed(Result, frozen=True):
    """Where it begins."""

    place: PlaceText


def written(id: bytes) -> str:
    """Return an id of a member as programs get it."""
    return base64.b64encode(id).decode()


def message(event: Messages, author: str, verified: bool, missed: bool, place: str = "") -> Message:
    """Return a message, of an event that holds one, as programs get it."""
    (record,) = event.records
    return Message(
        str(event.id), author, event.name, verified, event.at, record.room, record.text, record.me, event.own,
        bool(event.private), event.private, record.auto, missed, place,
        str(record.re or ""), event.edited, event.retracted, event.original if event.edited or event.retracted else "",
        [Reaction(each.text, list(map(written, each.members)), list(each.names)) for each in event.tally],
        record.answers, event.closed,
    )  # fmt: skip
