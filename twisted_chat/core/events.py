"""What can happen in a conversation, for whoever watches: the console, the log, a test.

Names in events are as the roster shows them, texts as their authors wrote them; `text.clean` is applied where they are shown.
`twisted_chat.words` turns events into sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from twisted_chat.core.feeds import FeedId
from twisted_chat.core.records import Say


@dataclass(frozen=True, kw_only=True)
class OfMember:
    """What tells of one member, who has the id `member`: for whoever wants to hear of some members only."""

    member: bytes = field(default=b"", compare=False)


@dataclass(frozen=True)
class Messages:
    """Messages of one author, in order: those of one batch.

    `name` is how the author is to be shown; `own` if it is this peer (in this life or an earlier one); `at` the author's wall
    clock in milliseconds; `first` and `lc` the number and hybrid time of the first record. `missed` if they were said
    before this peer started and are only now being caught up on: `WhileAway` sums them up. `late` if later ones were shown
    before. `private` is the recipient's name if nobody else can read them.
    """

    feed: FeedId
    first: int
    lc: int
    name: str
    own: bool
    at: int
    records: Sequence[Say]
    missed: bool = False
    late: bool = False
    private: str = ""


@dataclass(frozen=True)
class Past:
    """Messages of former times, one each, in order. Not for the log, which has them."""

    messages: Sequence[Messages]


@dataclass(frozen=True)
class Earlier(Past):
    """The newest that were held when this peer started, or that were said in a room before one came to it."""


@dataclass(frozen=True)
class WhileAway(Past):
    """All that was missed has arrived: `count` messages, of which these are the newest."""

    count: int


@dataclass(frozen=True)
class Newest(Past):
    """The newest, as many as were asked for or there are."""


@dataclass(frozen=True)
class Found(Past):
    """The newest with certain `words`; `more` if others have them too."""

    words: str
    more: bool


@dataclass(frozen=True)
class Receiving:
    """Catching up takes a while: so many of so many messages have come. Not for the log."""

    received: int
    total: int


@dataclass(frozen=True)
class Delivered:
    """What became of this peer's own messages, up to record `number`, the newest.

    `kept` if they are on disk here; `holders` is how many of the `members` that are here and have a disk hold them there,
    `lacking` names the others. Not for the log.
    """

    number: int
    kept: bool
    holders: int
    members: int
    lacking: Sequence[str]


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
class TwoInstances:
    """Two running programs use the same key, this member's."""

    name: str


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
class QuotaReached:
    """As many `bytes` of what `name` said are kept as may be: no more is taken."""

    name: str
    bytes: int


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
class Fault:
    """A mistake in this program was caught; `detail` is one line with its place. The chat goes on."""

    detail: str


@dataclass(frozen=True)
class Leaving:
    """This peer, `name`, leaves; the log is at `log`."""

    name: str
    log: str


Event: TypeAlias = (
    Messages | Earlier | WhileAway | Receiving | Delivered | Trimmed | Topical | WentAway
    | Joined | Left | Lost | Reachable | Unreachable | Alone | Refused | Impostor | Verified | Renamed
    | TwoInstances | WrongPassphrase | Forked | Exposed
    | QuotaReached | Undiscoverable | StoreFailing | StoreRecovered | Fault | Leaving
)  # fmt: skip
