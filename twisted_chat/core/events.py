"""The events of a conversation, for its watchers: the console, the log, a test.

Names in events are as the roster shows them, texts as their authors wrote them; `text.clean` is applied where they are shown.
`twisted_chat.speech.events` turns events into sentences.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from twisted_chat.core.messages import Delivered, Earlier, Messages, Receiving, WhileAway
from twisted_chat.core.replication.crowding import Limit


class OfMember(Struct, frozen=True, kw_only=True, eq=False):
    """An event about one member, whose id is `member`, so that a watcher can choose members. The id does not count when events
    are compared."""

    member: bytes = b""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _told(self) == _told(other)

    def __hash__(self) -> int:
        return hash((type(self), *_told(self)))


def _told(event: OfMember) -> list[object]:
    return [getattr(event, field) for field in event.__struct_fields__ if field != "member"]


class Trimmed(Struct, frozen=True):
    """Messages received before `before` (seconds since 1970) were given up, as was asked for."""

    before: float


class Topical(OfMember, frozen=True):
    """`name` says what `room` is about; nothing in particular if `text` is empty."""

    name: str
    room: str
    text: str


class WentAway(OfMember, frozen=True):
    """A member is not at the keyboard, and says why in `text`; if that is empty, it is back."""

    name: str
    text: str


class Changed(OfMember, frozen=True):
    """Something became of a message that was said; `message` is the message as it is now. `missed` is as in `Messages`."""

    message: Messages
    missed: bool = False


class Edited(Changed, frozen=True):
    """Its author corrected it."""


class Retracted(Changed, frozen=True):
    """Its author took it back."""


class Reacted(Changed, frozen=True):
    """The reactions to it are others now, or votes, or the poll was closed."""


class Joined(OfMember, frozen=True):
    """A member is here now. `dialed` if we called, at the port it listens on; else it called us. `verified` if the person here
    knows whose key it is."""

    name: str
    host: str
    port: int
    dialed: bool
    verified: bool = False


class Left(OfMember, frozen=True):
    """A member said goodbye."""

    name: str


class Lost(OfMember, frozen=True):
    """The last link to a member broke without a goodbye; it is being dialed. `through` names who still is linked with it."""

    name: str
    through: str = ""


class Reachable(OfMember, frozen=True):
    """A member is here now to which no link leads; `through` names those who are linked with it."""

    name: str
    through: str


class Unreachable(OfMember, frozen=True):
    """A member to which no link leads was reachable through others, and is no longer."""

    name: str


class Alone(Struct, frozen=True):
    """This peer said something and nobody is here; it will reach whoever comes."""


class Refused(Struct, frozen=True):
    """Something came over a connection that was not accepted, and the connection was closed. For the log alone.

    `reason` is a word of `errors.REASONS`; `detail` is in English, for whoever looks for the cause.
    """

    host: str
    port: int
    reason: str
    detail: str


class NoLink(OfMember, frozen=True):
    """There is no link with a peer, because this side (`ours`) or the other refused it. `where` is the peer's name or address.
    New tries are not told. `reason` is a word of `errors.REASONS`."""

    where: str
    reason: str
    ours: bool


class Untold(Struct, frozen=True):
    """`count` comings, goings, names and warnings were not told one by one, since there were too many."""

    count: int


class Impostor(OfMember, frozen=True):
    """`shown` claims the name `claimed`, which is another key's: one that was `verified`, or one that had it first."""

    claimed: str
    shown: str
    verified: bool = False


class Verified(Struct, frozen=True):
    """The person here has verified the key of `name`, or, if not `verified`, has taken that back."""

    name: str
    verified: bool


class Renamed(OfMember, frozen=True):
    """A member goes by another name now."""

    old: str
    new: str


class TwoInstances(OfMember, frozen=True):
    """Two running programs use the same key, this member's."""

    name: str


class Copied(Struct, frozen=True):
    """Another running program uses this peer's own key; `name` is this peer's."""

    name: str


class Unread(Struct, frozen=True):
    """The file at `path` has this group's conversation as an earlier version kept it; this one can't read it, and begins anew."""

    path: str


class WrongPassphrase(Struct, frozen=True):
    """A peer at this address does not have the passphrase that this peer has."""

    host: str


class Forked(Struct, frozen=True):
    """The member signed two different messages for one place: that feed is frozen."""

    name: str


class Exposed(Struct, frozen=True):
    """This peer starts, in an open group that is not this machine's alone: anyone on the network can take part."""


class ClockOff(Struct, frozen=True):
    """The clock of this machine is `ahead` seconds ahead of most others', behind if that is less than 0.

    If there is a `name`, the clock of that member is ahead of ours by that, and which of the two is right is not known.
    """

    ahead: float
    name: str = ""


class QuotaReached(Struct, frozen=True):
    """The storage quota of `name`, of so many `bytes`, is full: no more of it is kept."""

    name: str
    bytes: int


class Crowded(Struct, frozen=True):
    """A limit is near: `count` of at most `most`. `name` is empty unless the limit is per member."""

    limit: Limit
    count: int
    most: int
    name: str = ""


class Unheard(Struct, frozen=True):
    """`name` has no room left for this peer's messages, and keeps no more of them."""

    name: str


class Undiscoverable(Struct, frozen=True):
    """Others on the network can't find this peer by themselves now, nor it them; `detail` says why, in English."""

    detail: str


class StoreFailing(Struct, frozen=True):
    """Messages can't be kept right now; `detail` is the operating system's word. The chat goes on."""

    detail: str


class StoreRecovered(Struct, frozen=True):
    """Messages are kept again, all that waited included."""


class Damaged(Struct, frozen=True):
    """Something that `name` said can't be read on the disk any more; it is fetched again from whoever has it."""

    name: str


class Mended(Struct, frozen=True):
    """All that `name` said and that could not be read any more has been fetched again, or is no longer wanted."""

    name: str


class NameUnkept(Struct, frozen=True):
    """This member's name, `name`, can't be kept right now; `detail` is the operating system's word. It is tried again."""

    name: str
    detail: str


class NameKept(Struct, frozen=True):
    """This member's name, `name`, is kept after all."""

    name: str


class LogFailing(Struct, frozen=True):
    """The log at `log` can't be written; `detail` is the operating system's word. The chat goes on. Not for the log."""

    log: str
    detail: str


class Fault(Struct, frozen=True):
    """A bug in this program was caught. The chat goes on. Not for the log, which has the failure itself."""


class Leaving(Struct, frozen=True):
    """This peer, `name`, leaves; the log is at `log`."""

    name: str
    log: str


Event: TypeAlias = (
    Messages | Earlier | WhileAway | Receiving | Delivered | Trimmed | Edited | Retracted | Reacted | Topical | WentAway
    | Joined | Left | Lost | Reachable | Unreachable | Alone | Refused | NoLink | Untold | Impostor | Verified | Renamed
    | TwoInstances | Copied | Unread | WrongPassphrase | Forked | Exposed
    | ClockOff | QuotaReached | Crowded | Unheard | Undiscoverable
    | StoreFailing | StoreRecovered | Damaged | Mended | NameUnkept | NameKept | LogFailing | Fault | Leaving
)  # fmt: skip
