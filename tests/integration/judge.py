"""Judges peers by what anybody can see of them: what their terminals showed, and what `tcpchat export` wrote.

It shares no code with the program: everything is done once more here, from `docs/protocol.md`.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_OWN = "(You) 💬: "
_HEARD = re.compile(r"\[(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(?:, late)?\] (\w+): (.*)")
_RECEIPT = "✓"

Feed = tuple[str, int]
"""Author and epoch."""


@dataclass
class Screen:
    """What one life of a peer showed on its terminal."""

    name: str
    said: list[str] = field(default_factory=list)
    """What its person said, as far as it was shown."""
    held: int = 0
    """How many of those a ✓ stood below."""
    heard: list[tuple[str, str]] = field(default_factory=list)
    """By whom, and what."""

    @property
    def acknowledged(self) -> list[str]:
        """What was said and is, by what the screen says, on a disk."""
        return self.said[: self.held]


def look(name: str, lines: Iterable[str]) -> Screen:
    """Read what a plain console in English showed; past messages, which are shown between two lines, are passed over."""
    screen = Screen(name)
    past = False
    for line in lines:
        if line == "—":
            past = False
        elif line.startswith("— "):
            past = True
        elif past:
            continue
        elif line.startswith(_OWN):
            screen.said.append(line.removeprefix(_OWN))
        elif line.startswith(_RECEIPT):
            screen.held = len(screen.said)
        elif match := _HEARD.fullmatch(line):
            screen.heard.append((match[1], match[2]))
    return screen


@dataclass
class Archive:
    """What an export holds: for each feed the records' texts, and the hashes of its batches. `faults` says what is wrong."""

    texts: dict[Feed, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    hashes: dict[Feed, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Author's name and text of every message."""
        return [message for texts in self.texts.values() for message in texts]


def open_archive(data: bytes) -> Archive:
    """Read an export of an open group, and check every signature, every chain, and that no record is missing."""
    archive = Archive()
    *lines, last = data.splitlines(keepends=True)
    header, end = json.loads(lines[0]), json.loads(last)
    if header["t"] != "archive" or header["v"] != 1 or header["closed"] or end["t"] != "end":
        archive.faults.append("not an archive of an open group")
    seal = b"tcpchat/1 archive\0" + sha256(b"".join(lines)).digest()
    if not _signed(header["id"], end["sig"], seal):
        archive.faults.append("the end is not signed by who exported it")
    context = b"tcpchat/1 batch\0open\0" + header["group"].encode() + b"\0"
    expected: dict[Feed, int] = {}
    for line in lines[1:]:
        _take(archive, line, context, expected)
    return archive


def _take(archive: Archive, line: bytes, context: bytes, expected: dict[Feed, int]) -> None:
    frame = json.loads(line)
    if frame["t"] != "batch":
        archive.faults.append(f"a line that is no batch: {frame['t']}")
        return
    text = line.decode().partition('"body":')[2]
    body, end = json.JSONDecoder().raw_decode(text)
    digest = sha256(text[:end].encode()).digest()
    feed = body["author"], body["epoch"]
    if not _signed(body["author"], frame["sig"], context + digest):
        archive.faults.append(f"a batch of {feed} is not signed by its author")
    if body["first"] != expected.get(feed, 1):
        archive.faults.append(f"{feed}: record {body['first']} where {expected.get(feed, 1)} should be")
    if (before := archive.hashes[feed]) and b64decode(body["prev"]) != before[-1]:
        archive.faults.append(f"{feed}: record {body['first']} does not follow the batch before")
    expected[feed] = body["first"] + len(body["records"])
    before.append(sha256(b64decode(frame["sig"]) + digest).digest())
    archive.texts[feed] += [(body["name"], record["text"]) for record in body["records"] if record["k"] == "say"]


def _signed(key: str, signature: str, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(key)).verify(b64decode(signature), data)
    except InvalidSignature:
        return False
    return True


def judge(typed: Mapping[str, Sequence[str]], screens: Sequence[Screen], archives: Mapping[str, Archive]) -> list[str]:
    """Return what is wrong, given what each person typed, what every life of every peer showed, and what each exported last."""
    faults = [f"{name}'s export: {fault}" for name, archive in archives.items() for fault in archive.faults]
    place = {(name, text): at for name, texts in typed.items() for at, text in enumerate(texts)}
    reference: Any = None
    for name, archive in archives.items():
        held = Counter(archive.messages)
        faults += [f"{name} holds {count} times: {message}" for message, count in held.items() if count > 1]
        faults += [f"{name} holds what nobody typed: {message}" for message in held if message not in place]
        for screen in screens:
            lacking = [text for text in screen.acknowledged if (screen.name, text) not in held]
            faults += [f"{name} lacks what {screen.name} was told is kept: {text}" for text in lacking]
        for texts in archive.texts.values():
            faults += _disorder(f"{name}'s export", place, texts)
        reference = reference or (name, archive.hashes)
        if archive.hashes != reference[1]:
            faults.append(f"{name} and {reference[0]} do not hold the same")
    for screen in screens:
        where = f"a screen of {screen.name}"
        doubled = Counter(screen.heard)
        faults += [f"{where} showed {count} times: {message}" for message, count in doubled.items() if count > 1]
        faults += _disorder(where, place, screen.heard)
        faults += _disorder(where, place, [(screen.name, text) for text in screen.said])
    return faults


def _disorder(where: str, place: Mapping[tuple[str, str], int], messages: Iterable[tuple[str, str]]) -> list[str]:
    """Return where messages are not in the order in which each author typed them, within one life of its own."""
    faults = []
    last: dict[str, int] = {}
    for message in messages:
        at, life = place.get(message, -1), message[1].partition(" ")[0]
        if at < last.get(life, 0):
            faults.append(f"{where} has out of order, or from nowhere: {message}")
        last[life] = at
    return faults
