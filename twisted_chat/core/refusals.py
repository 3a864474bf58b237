"""Why a command was not carried out, as values, each with a code for programs that stays; `twisted_chat.speech.refusals` has
the words.

What another peer sends is refused with `errors.Refusal` instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from twisted_chat.core.keys import SPOKEN_DIGITS


class NotDone(Struct, frozen=True, kw_only=True):
    """Nothing was done. `code` says why: it is for programs, and stays what it is."""

    code: str


class Unacceptable(NotDone, frozen=True):
    """A name, a room or a message can't be accepted; `code` is that of `BadText`, `character` what it is because of, if that is
    one."""

    character: str = ""


class Busy(NotDone, frozen=True, kw_only=True):
    """Too much of what was said waits to be kept; later it may be taken."""

    code: str = "congested"


class UnclearName(NotDone, frozen=True):
    """It is not clear for whom a command is; `code` is that of `Unclear`.

    `name` is what was read as a name, `ways` are how those are typed that it may be for, and `known` names some who are known.
    """

    command: str
    name: str
    ways: Sequence[str] = ()
    known: Sequence[str] = ()


class NoSuchCommand(NotDone, frozen=True, kw_only=True):
    """There is no command `word`; `suggestion` is one that looks like it, if any does."""

    word: str
    suggestion: str | None
    code: str = "command-unknown"


class Incomplete(NotDone, frozen=True, kw_only=True):
    """A command was given without what it needs: its `arguments`, in English, as help names them."""

    command: str
    arguments: str
    code: str = "command-incomplete"


class NoSuchMessage(NotDone, frozen=True, kw_only=True):
    """Of the messages that were shown here, none is meant by what was `typed`; empty: none of the kind that was asked for."""

    typed: str
    code: str = "message-unknown"


class NotThere(NotDone, frozen=True, kw_only=True):
    """What was to be corrected, `typed`, is not in one's last message."""

    typed: str
    code: str = "correction-nothing"


class NoPoll(NotDone, frozen=True, kw_only=True):
    """No poll was shown here in which that can be done."""

    code: str = "poll-none"


class NoWords(NotDone, frozen=True, kw_only=True):
    """A search for nothing."""

    code: str = "search-empty"


class HowMany(NotDone, frozen=True, kw_only=True):
    """A number from 1 to `most` is needed, and `typed` is none."""

    typed: str
    most: int
    code: str = "history-count"


class NobodyAsked(NotDone, frozen=True, kw_only=True):
    """An answer to nobody: no one has said anything to the person here alone."""

    code: str = "reply-nobody"


class OtherKey(NotDone, frozen=True, kw_only=True):
    """The key that was typed is not that of this member, who is not verified for it."""

    id: bytes
    name: str
    code: str = "key-other"


class KeyLength(NotDone, frozen=True, kw_only=True):
    """A key has `whole` digits, and `digits` were typed."""

    digits: int
    whole: int = SPOKEN_DIGITS
    code: str = "key-length"


class Unusable(NotDone, frozen=True):
    """A file or a directory can't be used: `code`, `path` and `detail` are those of `StoreError`."""

    path: str
    detail: str


class Failed(NotDone, frozen=True, kw_only=True):
    """A bug in this program was caught; the log has it."""

    code: str = "fault"
