"""A conversation as a file that proves itself: `tcpchat export` writes it, `tcpchat verify` checks it, offline.

JSON Lines in UTF-8: a `Header`, the batches by time, the proofs of forks, an `End`. A batch or a fork is the very line that
carries it on the wire, so its body is the text that was signed: nothing has to be decoded to be read or searched, and
one codec guards both. Each batch is signed by its author; the end is signed by whoever exported, over every byte before it,
so that what was left out or put in later shows too. See "Archives" in `docs/protocol.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import BinaryIO, NamedTuple, TypeAlias

import msgspec

from twisted_chat.core.errors import BadText, ChatError, Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, unseal, verify
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity, verified
from twisted_chat.core.replication.forks import fork_frame
from twisted_chat.core.wire.frames import MAX_LINE, BatchFrame, ForkFrame, Frame, Id, Signature, Whole, Word, encode
from twisted_chat.core.writing.text import accept_name

VERSION = 1
"""The format this version writes, and the only one it reads."""
MAX_FEEDS = 100_000
"""Feeds that a check keeps in mind; more are a fault, and the rest is not looked at."""
MAX_FINDINGS = 100
"""Faults that a check describes; the others it counts."""
_CONTEXT = b"tcpchat/1 archive\0"


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


_lines_decoder: msgspec.json.Decoder[AnyLine] = msgspec.json.Decoder(AnyLine)
_start_decoder = msgspec.json.Decoder(_Start)


class NotAnArchive(ChatError):
    """The file does not begin as an archive does; `newer` if it does, but is of a format that this version can't read."""

    def __init__(self, newer: bool = False) -> None:
        super().__init__("an archive of a newer format" if newer else "no archive")
        self.newer = newer


class Fault(Enum):
    """What can be wrong with an archive."""

    LONG = "a line of more than 65,536 bytes"
    ALIEN = "a line that is neither a batch nor a proof"
    FORGED = "a batch that its author did not sign, or not for this group"
    UNCHAINED = "a batch that names another before it than the one that is there"
    BACKDATED = "a batch whose time is not after that of the batch before it"
    GAP = "records missing between two batches"
    CONTRADICTION = "a second, different batch for one place"
    REPEATED = "records that were there before, or should have been"
    FORK = "the proof that an author signed two different batches for one place"
    UNPROVEN = "a fork that proves nothing"
    CROWDED = "more feeds than are kept in mind; nothing was looked at from here on"
    CUT_OFF = "no end: the file was cut off"
    BROKEN_SEAL = "an end that does not fit: something before it is not as it was exported"
    SURPLUS = "something after the end"


class Finding(NamedTuple):
    """A fault in line `line`. If it is about records, `name` is their author's, and `first` to `last` their numbers."""

    fault: Fault
    line: int
    name: str = ""
    first: int = 0
    last: int = 0
    detail: str = ""
    """More for those who know the format, in English."""


@dataclass
class Voice:
    """What an archive has of one author. `missing` counts the records before the first ones here: the exporter no longer
    held them, if the seal holds."""

    name: str
    messages: int = 0
    missing: int = 0
    amendments: int = 0
    """Reactions, corrections and the like."""


@dataclass
class Report:
    """What a check found. `voices` has the authors by id, `findings` the first 100 of `faults` faults."""

    header: Header
    voices: dict[bytes, Voice] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    faults: int = 0

    def add(self, finding: Finding) -> None:
        """Note a fault."""
        self.faults += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)


def write(
    file: BinaryIO,
    group: Group,
    identity: Identity,
    name: str,
    at: int,
    batches: Iterable[Batch],
    forks: Iterable[Fork],
) -> int:
    """Write an archive of `group` to `file`; return the number of messages.

    `identity`, which calls itself `name`, exports it `at` a wall clock in milliseconds. The batches are to come in the order
    of their feeds; none is kept in memory. Raises what `file` raises.
    """
    digest = sha256()
    messages = 0

    def put(line: bytes) -> None:
        digest.update(line)
        file.write(line)

    put(encode(Header(VERSION, group.name, group.closed, identity.id, name, at)))
    for batch in batches:
        put(batch.line)
        messages += batch.messages
    for fork in forks:
        put(encode(fork_frame(fork)))
    file.write(encode(End(identity.sign(_CONTEXT + digest.digest()))))
    return messages


def check(file: BinaryIO) -> Report:
    """Check an archive against every signature in it. Needs no more memory for a longer or a hostile file.

    Raises `NotAnArchive`, and what `file` raises.
    """
    digest = sha256()
    lines = _lines(file, digest.update)
    header = _header(next(lines, b""))
    checking = _Checking(Report(header))
    number, sealed = 1, False
    for number, line in enumerate(lines, 2):
        if sealed:
            checking.report.add(Finding(Fault.SURPLUS, number))
            break
        found = checking.decode(number, line)
        if isinstance(found, End):
            sealed = True
            intact = encode(found) == (line or b"") + b"\n"  # what follows a seal inside its line would not be sealed
            if not (intact and verified(header.id, found.sig, _CONTEXT + digest.digest())):
                checking.report.add(Finding(Fault.BROKEN_SEAL, number))
        elif found is not None and not checking.take(number, found):
            break
    else:
        if not sealed:
            checking.report.add(Finding(Fault.CUT_OFF, number))
    return checking.report


class _Tip(NamedTuple):
    """The newest batch of a feed so far."""

    first: int
    last: int
    lc: int
    hash: bytes


class _Checking:
    """What has to be remembered from line to line."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._group = Group(report.header.group, report.header.closed)
        self._tips: dict[FeedId, _Tip] = {}

    def decode(self, number: int, line: bytes | None) -> BatchFrame | ForkFrame | End | None:
        """Return what stands on a line; None, once noted as a fault, for what should not."""
        if line is None:
            self.report.add(Finding(Fault.LONG, number))
            return None
        try:
            line.decode()  # msgspec doesn't look inside Raw and unknown fields
            found = _lines_decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.report.add(Finding(Fault.ALIEN, number, detail=str(error)))
            return None
        if isinstance(found, Header):
            self.report.add(Finding(Fault.ALIEN, number, detail="a second first line"))
            return None
        return found

    def take(self, number: int, frame: BatchFrame | ForkFrame) -> bool:
        """Check a batch or a fork; return False if there is no room in mind for what may follow."""
        halves = [frame] if isinstance(frame, BatchFrame) else [frame.one, frame.other]
        try:
            one, *other = (unseal(half.sig, bytes(half.body)) for half in halves)
        except Refusal as refusal:
            self.report.add(Finding(Fault.ALIEN, number, detail=refusal.detail))
            return True
        if other:
            self._check_proof(number, Fork(one, other[0]))
            return True
        return self._check_batch(number, one)

    def _check_proof(self, number: int, fork: Fork) -> None:
        try:
            fork.prove(self._group)
            fault = Fault.FORK
        except Refusal:
            fault = Fault.UNPROVEN
        self.report.add(Finding(fault, number, fork.one.name, fork.place, fork.place))

    def _check_batch(self, number: int, batch: Batch) -> bool:
        def note(fault: Fault, first: int = batch.first, last: int = batch.last) -> None:
            self.report.add(Finding(fault, number, batch.name, first, last))

        try:
            verify(self._group, batch)
        except Refusal:
            note(Fault.FORGED)
            return True
        tip = self._tips.get(batch.feed)
        if tip is None and len(self._tips) == MAX_FEEDS:
            note(Fault.CROWDED)
            return False
        if tip is not None and batch.first <= tip.last:
            note(Fault.CONTRADICTION if batch.last >= tip.first and batch.hash != tip.hash else Fault.REPEATED)
            return True
        voice = self.report.voices.setdefault(batch.feed.author, Voice(batch.name))
        if tip is None:
            voice.missing += batch.first - 1
        elif batch.first > tip.last + 1:
            note(Fault.GAP, tip.last + 1, batch.first - 1)
        elif batch.prev != tip.hash:
            note(Fault.UNCHAINED)
        if tip is not None and batch.lc <= tip.lc:
            note(Fault.BACKDATED)
        voice.name = batch.name
        voice.messages += batch.messages
        voice.amendments += len(batch.amending)
        self._tips[batch.feed] = _Tip(batch.first, batch.last, batch.last_lc, batch.hash)
        return True


def _header(line: bytes | None) -> Header:
    try:
        text = (line or b"").decode()
        if _start_decoder.decode(text).v != VERSION:
            raise NotAnArchive(newer=True)
        header = _lines_decoder.decode(text)
        if isinstance(header, Header) and all(accept_name(name) for name in (header.group, header.name)):
            return header
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadText):
        pass
    raise NotAnArchive


def _lines(file: BinaryIO, heard: Callable[[bytes], None]) -> Iterator[bytes | None]:
    """Yield each line without its end, None for one that is too long; `heard` was then called with all that came before it."""
    while start := file.readline(MAX_LINE + 1):
        rest = start
        long = len(start) > MAX_LINE and not start.endswith(b"\n")
        yield None if long else start.removesuffix(b"\n")
        heard(start)
        while long and rest and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE)
            heard(rest)
