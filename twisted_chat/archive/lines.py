"""The lines of an archive, and how they are read from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeAlias

import msgspec

from twisted_chat.core.errors import BadText, ChatError
from twisted_chat.core.wire.frames import MAX_LINE, BatchFrame, ForkFrame, Frame, Id, Signature, Whole, Word
from twisted_chat.core.writing.text import accept_name

VERSION = 1
"""The format this version writes, and the only one it reads."""
CONTEXT = b"tcpchat/1 archive\0"
"""The beginning of what the end signs, so that the signature holds for nothing else."""


class Header(Frame, tag="archive", frozen=True):
    """The first line: which group's conversation this is, who exported it, and when (`at`, ms since 1970)."""

    v: Whole
    group: Word
    closed: bool
    id: Id
    name: Word
    at: Whole


class End(Frame, tag="end", frozen=True):
    """The last line: the exporter's signature over `tcpchat/1 archive\\0` and the SHA-256 of every byte before it."""

    sig: Signature


AnyLine: TypeAlias = Header | BatchFrame | ForkFrame | End


class _Start(Frame, tag="archive", frozen=True):
    v: Whole


lines_decoder: msgspec.json.Decoder[AnyLine] = msgspec.json.Decoder(AnyLine)
_start_decoder = msgspec.json.Decoder(_Start)


class NotAnArchive(ChatError):
    """The file does not begin as an archive does; `newer` if it does, but is of a format that this version can't read."""

    def __init__(self, newer: bool = False) -> None:
        super().__init__("an archive of a newer format" if newer else "no archive")
        self.newer = newer


def read_header(line: bytes | None) -> Header:
    """Return the first line, checked. Raises `NotAnArchive`."""
    try:
        text = (line or b"").decode()
        if _start_decoder.decode(text).v != VERSION:
            raise NotAnArchive(newer=True)
        header = lines_decoder.decode(text)
        if isinstance(header, Header) and all(accept_name(name) for name in (header.group, header.name)):
            return header
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadText):
        pass
    raise NotAnArchive


def read_lines(file: BinaryIO, heard: Callable[[bytes], None]) -> Iterator[bytes | None]:
    """Yield each line without its end, None for one that is too long; `heard` was then called with all that came before it."""
    while start := file.readline(MAX_LINE + 1):
        rest = start
        long = len(start) > MAX_LINE and not start.endswith(b"\n")
        yield None if long else start.removesuffix(b"\n")
        heard(start)
        while long and rest and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE)
            heard(rest)
