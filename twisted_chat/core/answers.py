"""The answers to commands, as values: programs get them as they are, and `twisted_chat.speech.answers` has the words.

Names are as the roster shows them, texts as their authors wrote them, ids are keys. Each turns into plain JSON by
`msgspec.to_builtins`. No field is a sentence, but where the operating system or another peer gave one as a detail.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from twisted_chat.core.commands import Command
from twisted_chat.core.keys import spoken
from twisted_chat.core.messages import Earlier, Messages, Past
from twisted_chat.core.people.presence import Whereabouts
from twisted_chat.core.people.roster import Member
from twisted_chat.core.refusals import (
    Busy,
    Failed,
    HowMany,
    Incomplete,
    KeyLength,
    NobodyAsked,
    NoPoll,
    NoSuchCommand,
    NoSuchMessage,
    NotThere,
    NoWords,
    OtherKey,
    Unacceptable,
    UnclearName,
    Unusable,
)
from twisted_chat.core.status import Diagnosis, Status


class Done(Struct, frozen=True):
    """The command was carried out. Events tell the result, and nothing else is to be said."""


class Cleared(Struct, frozen=True):
    """Where there is a screen, it is to be cleared."""


# Who is there.


class Where(enum.Enum):
    """Where a member is."""

    HERE = "here"
    """Linked with this peer."""
    THROUGH = "through"
    """Reachable through others."""
    GONE = "gone"


class Person(Struct, frozen=True):
    """A member. `away` is why it is not at its keyboard, empty if it is. It listens at `host` and `port`, or did last.

    `through` names those that it is reachable through. `last_seen` is when it was last here or heard, by this peer's clock in
    milliseconds; 0 for never.
    """

    id: bytes
    name: str
    where: Where
    verified: bool
    ignored: bool
    away: str
    host: str
    port: int
    through: Sequence[str]
    last_seen: int


class Who(Struct, frozen=True):
    """The other members: those that are here and those that are reachable, by name, then those that are gone, the last seen
    first. Of `nameless` others it is only known that they are reachable."""

    members: Sequence[Person]
    nameless: int

    def those(self, where: Where) -> list[Person]:
        """Return the members that are there."""
        return [person for person in self.members if person.where is where]


def person(member: Member, where: Where, through: Sequence[str] = ()) -> Person:
    """Return what is told of a member."""
    return Person(
        member.id,
        member.shown,
        where,
        member.verified,
        member.ignored,
        member.away,
        member.host,
        member.port,
        through,
        max(member.seen, member.heard) // 1000,
    )


def who(places: Whereabouts) -> Who:
    """Return who is where."""
    return Who(
        [
            *(person(member, Where.HERE) for member in places.linked),
            *(person(member, Where.THROUGH, through) for member, through in places.reachable),
            *(person(member, Where.GONE) for member in places.gone),
        ],
        places.nameless,
    )


class Ignoring(Struct, frozen=True):
    """A member is ignored from now on, or heard again. `written` is its name as it is typed."""

    id: bytes
    name: str
    ignored: bool
    written: str


class RepliedTo(Struct, frozen=True):
    """A reply went to a member that was shown as `before` when it wrote, and is shown as `now` since."""

    id: bytes
    before: str
    now: str


# Keys.


class Key(Struct, frozen=True):
    """A member's key: `digits` are how it is read aloud."""

    id: bytes
    name: str
    digits: str


def key(member: Member) -> Key:
    """Return a member's key."""
    return Key(member.id, member.shown, spoken(member.id))


class OwnKey(Struct, frozen=True):
    """This peer's key, to be read aloud to others."""

    own: Key


class Keys(Struct, frozen=True):
    """This peer's key and another's, to be compared. `verified` if they were; `written` is how the other's name is typed."""

    own: Key
    other: Key
    verified: bool
    written: str


# Rooms and messages.


class Room(Struct, frozen=True):
    """A room, what it is about, how many messages wait there, and whether the person here is in it."""

    name: str
    topic: str
    unread: int
    current: bool


class Rooms(Struct, frozen=True):
    """The rooms that are known, by name."""

    rooms: Sequence[Room]


def rooms(topics: Mapping[str, str], current: str, unread: Mapping[str, int]) -> Rooms:
    """Return the rooms in `topics`: `current` is where the person here is, `unread` how many messages wait in each."""
    return Rooms([Room(room, topic, unread.get(room, 0), room == current) for room, topic in sorted(topics.items())])


class Entered(Struct, frozen=True):
    """The person here is in this room from now on."""

    room: str
    topic: str


class About(Struct, frozen=True):
    """This is the room where the person here is, and what it is about."""

    room: str
    topic: str


class Newest(Past, frozen=True):
    """The newest messages, as many as were asked for or there are: of `room`, or of the `member` that is called `name`, if one
    was asked for, else of all."""

    room: str = ""
    member: bytes = b""
    name: str = ""


class Original(Struct, frozen=True):
    """A message as it is now, `now`, and what was said."""

    now: Messages
    said: str


class Votes(Struct, frozen=True):
    """A poll as it is now, and the names of those who have not voted: of those who are here, and of this peer's owner."""

    poll: Messages
    missing: Sequence[str]


class Found(Past, frozen=True):
    """The newest messages with certain `words`; `more` if others have them too."""

    words: str
    more: bool


# The peer, and what can be typed.


class Diagnosed(Struct, frozen=True):
    """The faults that may be there, and the path of the log, which has more."""

    diagnosis: Diagnosis
    log: str


class LogAt(Struct, frozen=True):
    """The path of the log."""

    path: str


class Usage(Struct, frozen=True):
    """A command: its name, all words that it answers to, what follows them (in English), and whether that begins with a
    member's name."""

    name: str
    words: Sequence[str]
    arguments: str
    addressed: bool


class Help(Struct, frozen=True):
    """Commands that can be typed; `whole` if these are all."""

    commands: Sequence[Usage]
    whole: bool


def usage(command: Command) -> Usage:
    """Return how a command is typed."""
    return Usage(command.name, command.words, command.arguments, command.addressed)


def help_on(commands: Iterable[Command], whole: bool) -> Help:
    """Return how commands are typed."""
    return Help([usage(command) for command in commands], whole)


Answer: TypeAlias = (
    Done | Cleared | Who | Ignoring | RepliedTo | OwnKey | Keys | Rooms | Entered | About | Earlier | Newest | Found
    | Original | Votes
    | Status | Diagnosed | LogAt | Help
    | Unacceptable | Busy | UnclearName | NoSuchCommand | Incomplete | NoSuchMessage | NotThere | NoPoll | NoWords | HowMany
    | NobodyAsked | OtherKey | KeyLength | Unusable | Failed
)  # fmt: skip
"""Everything that a command is answered with."""
