"""The result of checking an archive, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from twisted_chat.archive.lines import Header

MAX_FLAWS = 100
"""Faults that a check describes; the others it counts."""


class Fault(Enum):
    """A way in which an archive can be wrong."""

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


class Flaw(NamedTuple):
    """A fault in line `line`. If it is about records, `name` is their author's, and `first` to `last` their numbers."""

    fault: Fault
    line: int
    name: str = ""
    first: int = 0
    last: int = 0
    detail: str = ""
    """More for those who know the format, in English."""


@dataclass
class Author:
    """One author's part of an archive. `missing` counts the records before the first ones here. If the seal holds, the exporter
    no longer held them."""

    name: str
    messages: int = 0
    missing: int = 0
    amendments: int = 0
    """Reactions, corrections and the like."""


@dataclass
class Report:
    """The result of a check: the `authors` by id, and the first `MAX_FLAWS` of `faults` faults, the `flaws`."""

    header: Header
    authors: dict[bytes, Author] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    faults: int = 0

    def add(self, finding: Flaw) -> None:
        """Note a fault."""
        self.faults += 1
        if len(self.flaws) < MAX_FLAWS:
            self.flaws.append(finding)
