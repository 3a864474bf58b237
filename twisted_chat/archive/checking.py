"""Checking an archive, line by line."""

from __future__ import annotations

from hashlib import sha256
from typing import BinaryIO, NamedTuple

import msgspec

from twisted_chat.archive.lines import CONTEXT, End, Header, lines_decoder, read_header, read_lines
from twisted_chat.archive.report import Author, Fault, Flaw, Report
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, check_signature, parse_batch
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.group import Group
from twisted_chat.core.keys import signature_holds
from twisted_chat.core.wire.frames import BatchFrame, ForkFrame, encode

MAX_FEEDS = 100_000
"""Feeds that a check keeps in mind; more are a fault, and the rest is not looked at."""


def check(file: BinaryIO) -> Report:
    """Check an archive against every signature in it. Needs no more memory for a longer or a hostile file.

    Raises `NotAnArchive`, and what `file` raises.
    """
    digest = sha256()
    lines = read_lines(file, digest.update)
    header = read_header(next(lines, b""))
    checking = _Checking(Report(header))
    number, sealed = 1, False
    for number, line in enumerate(lines, 2):
        if sealed:
            checking.report.add(Flaw(Fault.SURPLUS, number))
            break
        found = checking.decode(number, line)
        if isinstance(found, End):
            sealed = True
            intact = encode(found) == (line or b"") + b"\n"  # what follows a seal inside its line would not be sealed
            if not (intact and signature_holds(header.id, found.sig, CONTEXT + digest.digest())):
                checking.report.add(Flaw(Fault.BROKEN_SEAL, number))
        elif found is not None and not checking.take(number, found):
            break
    else:
        if not sealed:
            checking.report.add(Flaw(Fault.CUT_OFF, number))
    return checking.report


class _Tip(NamedTuple):
    """The newest batch of a feed so far."""

    first: int
    last: int
    lc: int
    hash: bytes


class _Checking:
    """A check under way, and all that it remembers from line to line."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._group = Group(report.header.group, report.header.closed)
        self._tips: dict[FeedId, _Tip] = {}

    def decode(self, number: int, line: bytes | None) -> BatchFrame | ForkFrame | End | None:
        """Return what stands on a line; None, once noted as a fault, for what should not."""
        if line is None:
            self.report.add(Flaw(Fault.LONG, number))
            return None
        try:
            line.decode()  # msgspec doesn't look inside Raw and unknown fields
            found = lines_decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.report.add(Flaw(Fault.ALIEN, number, detail=str(error)))
            return None
        if isinstance(found, Header):
            self.report.add(Flaw(Fault.ALIEN, number, detail="a second first line"))
            return None
        return found

    def take(self, number: int, frame: BatchFrame | ForkFrame) -> bool:
        """Check a batch or a fork; return False if there is no room in mind for what may follow."""
        halves = [frame] if isinstance(frame, BatchFrame) else [frame.one, frame.other]
        try:
            one, *other = (parse_batch(half.sig, bytes(half.body)) for half in halves)
        except Refusal as refusal:
            self.report.add(Flaw(Fault.ALIEN, number, detail=refusal.detail))
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
        self.report.add(Flaw(fault, number, fork.one.name, fork.place, fork.place))

    def _check_batch(self, number: int, batch: Batch) -> bool:
        def note(fault: Fault, first: int = batch.first, last: int = batch.last) -> None:
            self.report.add(Flaw(fault, number, batch.name, first, last))

        try:
            check_signature(self._group, batch)
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
        author = self.report.authors.setdefault(batch.feed.author, Author(batch.name))
        if tip is None:
            author.missing += batch.first - 1
        elif batch.first > tip.last + 1:
            note(Fault.GAP, tip.last + 1, batch.first - 1)
        elif batch.prev != tip.hash:
            note(Fault.UNCHAINED)
        if tip is not None and batch.lc <= tip.lc:
            note(Fault.BACKDATED)
        author.name = batch.name
        author.messages += batch.messages
        author.amendments += len(batch.amending)
        self._tips[batch.feed] = _Tip(batch.first, batch.last, batch.last_lc, batch.hash)
        return True
