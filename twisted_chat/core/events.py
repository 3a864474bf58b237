"""What can happen in a conversation, for whoever watches: the console, the log, a test.

Names in events are as the roster shows them, texts as their authors wrote them; `text.clean` is applied where they are shown.
`twisted_chat.speech.events` turns events into sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from twisted_chat.core.messages import Delivered, Earlier, Messages, Receiving, WhileAway
from twisted_chat.core.replication.crowding import Limit


@dataclass(frozen=True, kw_only=True)
class OfMember:
    """What tells of one member, who has the id `member`: for whoever wants to hear of some members only."""

    member: bytes = field(default=b"", compare=False)


@dataclass(frozen=True)
class Trimmed:
    """Messages received before `before` (seconds since 1970) were given up, as was asked for."""

    before: float


@dataclass(frozen=True)
class Topical(OfMember):
    """`name` says what `room` is about; nothing in particular if `text` is empty."""

    name: str
    room: str
    text: str


@dataclass(frozen=True)
class WentAway(OfMember):
    """A member is not at the keyboard, and says why in `text`; if that is empty, it is back."""

    name: str
    text: str


@dataclass(frozen=True)
class Joined(OfMember):
    """A member is here now. `dialed` if we called, at the port it listens on; else it called us. `verified` if the person here
    knows whose key it is."""

    name: str
    host: str
    port: int
    dialed: bool
    verified: bool = False


@dataclass(frozen=True)
class Left(OfMember):
    """A member said goodbye."""

    name: str


@dataclass(frozen=True)
class Lost(OfMember):
    """The last link to a member broke without a goodbye; it is being dialed. `through` names who still is linked with it."""

    name: str
    through: str = ""


@dataclass(frozen=True)
class Reachable(OfMember):
    """A member is here now to which no link leads; `through` names those who are linked with it."""

    name: str
    through: str


@dataclass(frozen=True)
class Unreachable(OfMember):
    """Of those who are here, nobody is linked any more with a member to which no link leads."""

    name: str


@dataclass(frozen=True)
class Alone:
    """This peer said something and nobody is here; it will reach whoever comes."""


@dataclass(frozen=True)
class Refused:
    """Something came over a connection that was not accepted, and the connection was closed. For the log alone.

    `reason` is a word of `errors.REASONS`; `detail` is in English, for whoever looks for the cause.
    """

    host: str
    port: int
    reason: str
    detail: str


@dataclass(frozen=True)
class NoLink(OfMember):
    """There is no link with a peer, named or else at the address `where`, because this side (`ours`) or the other would not have
    it; it is tried again from time to time, which is not told. `reason` is a word of `errors.REASONS`."""

    where: str
    reason: str
    ours: bool


@dataclass(frozen=True)
class Untold:
    """So many (`count`) comings and goings of members, and warnings of new keys, were too many to be told one by one."""

    count: int


@dataclass(frozen=True)
class Impostor(OfMember):
    """`shown` claims the name `claimed`, which is another key's: one that was `verified`, or one that had it first."""

    claimed: str
    shown: str
    verified: bool = False


@dataclass(frozen=True)
class Verified:
    """The person here says to know whose key `name`'s is; or, if not `verified`, not to know it any more."""

    name: str
    verified: bool


@dataclass(frozen=True)
class Renamed(OfMember):
    """A member goes by another name now."""

    old: str
    new: str


@dataclass(frozen=True)
class TwoInstances(OfMember):
    """Two running programs use the same key, this member's."""

    name: str


@dataclass(frozen=True)
class Copied:
    """Another running program uses this peer's own key; `name` is this peer's."""

    name: str


@dataclass(frozen=True)
class Unread:
    """The file at `path` has this group's conversation as an earlier version kept it; this one can't read it, and begins anew."""

    path: str


@dataclass(frozen=True)
class WrongPassphrase:
    """A peer at this address does not have the passphrase that this peer has."""

    host: str


@dataclass(frozen=True)
class Forked:
    """The member signed two different messages for one place: that feed is frozen."""

    name: str


@dataclass(frozen=True)
class Exposed:
    """This peer starts, in an open group that is not this machine's alone: anyone on the network can take part."""


@dataclass(frozen=True)
class ClockOff:
    """The clock of this machine is `ahead` seconds ahead of most others', behind if that is less than 0.

    If there is a `name`, the clock of that member is ahead of ours by that, and which of the two is right is not known.
    """

    ahead: float
    name: str = ""


@dataclass(frozen=True)
class QuotaReached:
    """As many `bytes` of what `name` said are kept as may be: no more is taken."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Crowded:
    """A limit is near: there are `count` of what may be `most`; of `name`, empty if it is not one member's matter."""

    limit: Limit
    count: int
    most: int
    name: str = ""


@dataclass(frozen=True)
class Unheard:
    """`name` has no room for what is said here, and takes no more of it."""

    name: str


@dataclass(frozen=True)
class Undiscoverable:
    """Others on the network can't find this peer by themselves now, nor it them; `detail` says why, in English."""

    detail: str


@dataclass(frozen=True)
class StoreFailing:
    """Messages can't be kept right now; `detail` is the operating system's word. The chat goes on."""

    detail: str


@dataclass(frozen=True)
class StoreRecovered:
    """Messages are kept again, all that waited included."""


@dataclass(frozen=True)
class Damaged:
    """Something that `name` said can't be read on the disk any more; it is fetched again from whoever has it."""

    name: str


@dataclass(frozen=True)
class Mended:
    """All that `name` said and that could not be read any more has been fetched again, or is no longer wanted."""

    name: str


@dataclass(frozen=True)
class NameUnkept:
    """That `name` is this member's can't be kept right now; `detail` is the operating system's word. It is tried again."""

    name: str
    detail: str


@dataclass(frozen=True)
class NameKept:
    """That `name` is this member's is kept after all."""

    name: str


@dataclass(frozen=True)
class LogFailing:
    """The log at `log` can't be written; `detail` is the operating system's word. The chat goes on. Not for the log."""

    log: str
    detail: str


@dataclass(frozen=True)
class Fault:
    """A mistake in this program was caught. The chat goes on. Not for the log, which has the failure itself."""


@dataclass(frozen=True)
class Leaving:
    """This peer, `name`, leaves; the log is at `log`."""

    name: str
    log: str


Event: TypeAlias = (
    Messages | Earlier | WhileAway | Receiving | Delivered | Trimmed | Topical | WentAway
    | Joined | Left | Lost | Reachable | Unreachable | Alone | Refused | NoLink | Untold | Impostor | Verified | Renamed
    | TwoInstances | Copied | Unread | WrongPassphrase | Forked | Exposed
    | ClockOff | QuotaReached | Crowded | Unheard | Undiscoverable
    | StoreFailing | StoreRecovered | Damaged | Mended | NameUnkept | NameKept | LogFailing | Fault | Leaving
)  # fmt: skip
