"""The kinds of records in a feed. Each kind is a class; the registry is at the bottom.

A kind this version does not know is kept and relayed, not shown. To add a kind, add a class to `KINDS`.

Fields this version does not know are left aside. The classes forbid them, so that the usual decoding shows at once that there
are none.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.wire.frames import Id
from twisted_chat.core.writing.text import DEFAULT_ROOM, accept_name, accept_reaction, accept_room, check_text

MAX_SEALED = 16 * 1024
"""Bytes of a sealed message."""
MAX_ANSWERS = 20
"""Answers of a poll."""


class Say(Struct, frozen=True, gc=False, tag="say", tag_field="k", omit_defaults=True, forbid_unknown_fields=True):
    """A message to a room; with `me` it tells what the author does ("Ana waves"). `auto` if a machine says it: machines don't
    answer it. `re` is the message that it answers. With `poll` it asks: see `answers`."""

    text: str
    room: str = DEFAULT_ROOM
    me: bool = False
    auto: bool = False
    re: MessageId | None = None
    poll: bool = False

    @property
    def answers(self) -> list[str]:
        """What can be voted for: the lines of a poll after the first, which asks. Nothing if that makes no poll: it is a message
        like others then."""
        lines = self.text.split("\n")[1:] if self.poll else []
        return lines if 2 <= len(lines) <= MAX_ANSWERS and all(map(str.strip, lines)) else []

    def takes(self, reaction: str) -> bool:
        """Whether a reaction to this counts: to a poll the number of an answer alone, or none any more."""
        votes = range(1, len(self.answers) + 1)
        return not votes or reaction in ("", *map(str, votes))

    def check(self) -> None:
        """Raise `BadText` if this can't be said."""
        check_text(self.text)
        if self.room != DEFAULT_ROOM:
            accept_room(self.room)


class Topic(Struct, frozen=True, gc=False, tag="topic", tag_field="k", omit_defaults=True, forbid_unknown_fields=True):
    """The subject of a room from now on; empty for none."""

    room: str
    text: str = ""
    notable = True

    def check(self) -> None:
        """Raise `BadText` if this can't be a topic."""
        accept_room(self.room)
        if self.text:
            check_text(self.text)


class Nick(Struct, frozen=True, gc=False, tag="nick", tag_field="k", forbid_unknown_fields=True):
    """The author goes by this name from now on. The batch bears the name too."""

    name: str
    notable = False

    def check(self) -> None:
        """Raise `BadText` if this can't be a name."""
        accept_name(self.name)


class Away(Struct, frozen=True, gc=False, tag="away", tag_field="k", omit_defaults=True, forbid_unknown_fields=True):
    """The author is not at the keyboard, and the reason. Empty: the author is back."""

    text: str = ""
    notable = False

    def check(self) -> None:
        """Raise `BadText` if this can't be a reason."""
        if self.text:
            check_text(self.text)


class Private(
    Struct, frozen=True, gc=False, tag="private", tag_field="k", omit_defaults=True, forbid_unknown_fields=True
):
    """A message that only the member `to` and the author can read; each has its copy, see `private`. `auto` is as in `Say`."""

    to: Id
    sealed: Annotated[bytes, Meta(max_length=MAX_SEALED)]
    copy: Annotated[bytes, Meta(max_length=MAX_SEALED)]
    auto: bool = False
    notable = False

    def check(self) -> None:
        """Accept: what is inside is checked when it is opened."""


class React(Struct, frozen=True, gc=False, tag="react", tag_field="k", omit_defaults=True, forbid_unknown_fields=True):
    """What the author thinks of a message, in a word or a picture, or votes for; empty: nothing any more. See `amendments`."""

    to: MessageId
    text: str = ""
    notable = False

    def check(self) -> None:
        """Raise `BadText` if this can't be a reaction."""
        if self.text:
            accept_reaction(self.text)


class Edit(Struct, frozen=True, gc=False, tag="edit", tag_field="k", forbid_unknown_fields=True):
    """What the author's own message reads from now on."""

    to: MessageId
    text: str
    notable = False

    def check(self) -> None:
        """Raise `BadText` if this can't be said."""
        check_text(self.text)


class Retract(Struct, frozen=True, gc=False, tag="retract", tag_field="k", forbid_unknown_fields=True):
    """The author takes its own message back."""

    to: MessageId
    notable = False

    def check(self) -> None:
        """Accept: whether there is such a message is not known here."""


class Close(Struct, frozen=True, gc=False, tag="close", tag_field="k", forbid_unknown_fields=True):
    """The author closes its own poll: what is voted after this does not count."""

    to: MessageId
    notable = False

    def check(self) -> None:
        """Accept: whether there is such a poll is not known here."""


class Unknown(Struct, frozen=True, gc=False):
    """A record of a kind from a later version."""

    kind: str
    notable = False

    def check(self) -> None:
        """Accept anything: this version knows no rule for it."""


Amending: TypeAlias = React | Edit | Retract | Close
AMENDING = (React, Edit, Retract, Close)
"""The kinds of records that change what another message is: see `amendments`."""
KnownRecord: TypeAlias = Say | Topic | Nick | Away | Private | Amending
Other: TypeAlias = Topic | Nick | Away | Private | Amending | Unknown
Record: TypeAlias = Say | Other
KINDS: tuple[type[KnownRecord], ...] = (Say, Topic, Nick, Away, Private, *AMENDING)
"""Every kind of record this version knows."""


class _Kind(Struct):
    k: str


def _lenient(kind: type[KnownRecord]) -> msgspec.json.Decoder[Struct]:
    """Return what decodes the fields of a kind, and leaves others aside."""
    fields = [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(kind)
    ]
    return msgspec.json.Decoder(msgspec.defstruct(kind.__name__, fields))


_kind = msgspec.json.Decoder(_Kind)
_KINDS = {str(kind.__struct_config__.tag): (kind, _lenient(kind)) for kind in KINDS}


def decode_record(raw: Raw) -> Record:
    """Return the record, its form checked and not its content. Raises `msgspec.DecodeError` or `RecursionError`."""
    name = _kind.decode(raw).k
    if name not in _KINDS:
        return Unknown(name)
    kind, decoder = _KINDS[name]
    return kind(*msgspec.structs.astuple(decoder.decode(raw)))
