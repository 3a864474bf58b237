"""Why a command was not carried out, as values, each with a code for programs that stays; `twisted_chat.speech.refusals` has
the words.

What another peer sends is refused with `errors.Refusal` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twisted_chat.core.keys import SPOKEN_DIGITS


@dataclass(frozen=True, kw_only=True)
class NotDone:
    """Nothing was done. `code` says why: it is for programs, and stays what it is."""

    code: str


@dataclass(frozen=True)
class Unacceptable(NotDone):
    """A name, a room or a message can't be accepted; `code` is that of `BadText`, `character` what it is because of, if that is
    one."""

    character: str = ""


@dataclass(frozen=True)
class Busy(NotDone):
    """Too much of what was said waits to be kept; later it may be taken."""

    code: str = field(default="congested", kw_only=True)


@dataclass(frozen=True)
class UnclearName(NotDone):
    """It is not clear for whom a command is; `code` is that of `Unclear`.

    `name` is what was read as a name, `ways` are how those are typed that it may be for, and `known` names some who are known.
    """

    command: str
    name: str
    ways: Sequence[str] = ()
    known: Sequence[str] = ()


@dataclass(frozen=True)
class NoSuchCommand(NotDone):
    """There is no command `word`; `suggestion` is one that looks like it, if any does."""

    word: str
    suggestion: str | None
    code: str = field(default="command-unknown", kw_only=True)


@dataclass(frozen=True)
class Incomplete(NotDone):
    """A command was given without what it needs: its `arguments`, in English, as help names them."""

    command: str
    arguments: str
    code: str = field(default="command-incomplete", kw_only=True)


@dataclass(frozen=True)
class NoWords(NotDone):
    """A search for nothing."""

    code: str = field(default="search-empty", kw_only=True)


@dataclass(frozen=True)
class HowMany(NotDone):
    """What was `typed` is no number from 1 to `most`."""

    typed: str
    most: int
    code: str = field(default="history-count", kw_only=True)


@dataclass(frozen=True)
class NobodyAsked(NotDone):
    """An answer to nobody: no one has said anything to the person here alone."""

    code: str = field(default="reply-nobody", kw_only=True)


@dataclass(frozen=True)
class OtherKey(NotDone):
    """The key that was typed is not that of this member, who is not verified for it."""

    id: bytes
    name: str
    code: str = field(default="key-other", kw_only=True)


@dataclass(frozen=True)
class KeyLength(NotDone):
    """What was typed has so many `digits`, and a key has `whole`."""

    digits: int
    whole: int = SPOKEN_DIGITS
    code: str = field(default="key-length", kw_only=True)


@dataclass(frozen=True)
class Unusable(NotDone):
    """A file or a directory can't be used: `code`, `path` and `detail` are those of `StoreError`."""

    path: str
    detail: str


@dataclass(frozen=True)
class Failed(NotDone):
    """A mistake in this program was caught; the log has it."""

    code: str = field(default="fault", kw_only=True)
