"""The kinds of records in a feed. Each kind is a class; the registry is at the bottom.

A kind this version does not know is kept and relayed, not shown. To add a kind, add a class to `KINDS`.

Fields this version does not know are left aside. The classes forbid them, so that the usual decoding shows at once that there
are none.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from twisted_chat.core.wire.frames import Id
from twisted_chat.core.writing.text import DEFAULT_ROOM, accept_name, accept_room, check_text

MAX_SEALED = 16 * 1024
"""Bytes of a sealed message."""


class Say(Struct, frozen=True, gc=False, tag="say", tag_field="k", omit_defaults=True, forbid_unknown_fields=True):
    """A message to a room; with `me` it tells what the author does ("Ana waves"). `auto` if a machine says it: machines don't
    answer it."""

    text: str
    room: str = DEFAULT_ROOM
    me: bool = False
    auto: bool = False

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


class Unknown(Struct, frozen=True, gc=False):
    """A record of a kind from a later version."""

    kind: str
    notable = False

    def check(self) -> None:
        """Accept anything: this version knows no rule for it."""


KnownRecord: TypeAlias = Say | Topic | Nick | Away | Private
Other: TypeAlias = Topic | Nick | Away | Private | Unknown
Record: TypeAlias = Say | Other
KINDS: tuple[type[KnownRecord], ...] = (Say, Topic, Nick, Away, Private)
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
