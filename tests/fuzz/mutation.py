"""What can be made of a good line: bytes changed here and there, or values replaced, moved and repeated in what it says."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from tests.core.wire.test_frames import GOOD, line
from twisted_chat.core.wire.frames import MAX_LINE

TOKENS = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u0000", b"\\ud800", b"\\u202e", b"\xff", b"\xed\xa0\x80", b"\0",
    b"\r", b"\x1b[2J", b"null", b"true", b"NaN", b"1e400", b"-0", b"-1", b"9007199254740992", b"1" * 400, b"[" * 2000,
    b'{"a":' * 1500, b"\xf0\x9f\x92\xa9", b'"t":"ping"', b'"k":"say"',
)  # fmt: skip
"""What parsers stumble over."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 64, 512, 513, 2**31, 2**53 - 1, 2**53, 2**63, 2**64, 1.5, 1e300, "", " ", "a", "#chat",
    "#" + "r" * 31, "\0", "\x1b]0;x\a", "\u202e", "e\u0301", "n" * 33, "x" * 8192, "x" * 8193, "A" * 43 + "=", "A" * 86 + "==",
    [], {}, [[]], [0] * 600, {"": {}}, ["A" * 43 + "=", 1], {"A" * 43 + "=": [[1, 1, 1]]}, {"k": "say", "text": "hi"},
    {"k": "dance"}, {"k": 1},
)  # fmt: skip
"""What may stand where something else belongs."""
LINES = [line(tag) for tag in GOOD]
"""A good line of every frame."""


def mangled(random: Random, data: bytes) -> bytes:
    """Return `data` with a few bytes changed."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        here = random.randrange(len(changed) + 1)
        there = min(len(changed), here + random.choice((1, 2, 8, 64)))
        match random.randrange(6):
            case 0 if here < len(changed):
                changed[here] ^= 1 << random.randrange(8)
            case 1:
                del changed[here:there]
            case 2:
                changed[here:here] = random.choice(TOKENS)
            case 3:
                changed[here:there] = random.choice(TOKENS)
            case 4:
                changed[here:here] = changed[here:there] * random.choice((1, 2, 100))
            case _:
                changed[here:] = random.choice(LINES)[here:]
    return bytes(changed.replace(b"\n", b" ")[: 2 * MAX_LINE])


def reworded(random: Random, data: bytes) -> bytes:
    """Return `data`, which is JSON, with some of what it says replaced."""
    said = msgspec.json.decode(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        said = _replace(random, said)
    return msgspec.json.encode(said)


def mutated(random: Random, data: bytes) -> bytes:
    """Return what chance makes of a good line."""
    match random.randrange(8):
        case 0:
            return data
        case 1 | 2 | 3:
            return mangled(random, data)
        case 4:
            return mangled(random, reworded(random, data))
        case _:
            return reworded(random, data)


def _replace(random: Random, value: Any) -> Any:
    if isinstance(value, dict) and value and random.random() < 0.9:
        value = dict(value)
        key = random.choice(list(value))
        match random.randrange(10):
            case 0:
                del value[key]
            case 1:
                value[random.choice(("t", "x", "k", "from", "feed", "body", "sig", "\ud7ff"))] = random.choice(VALUES)
            case 2 if key == "t":
                value[key] = random.choice(list(GOOD))
            case _:
                value[key] = _replace(random, value[key])
        return value
    if isinstance(value, list) and value and random.random() < 0.8:
        value = list(value)
        where = random.randrange(len(value))
        match random.randrange(6):
            case 0:
                del value[where]
            case 1:
                value[where:where] = [value[where]] * random.choice((1, 2, 600))
            case _:
                value[where] = _replace(random, value[where])
        return value
    if isinstance(value, int) and not isinstance(value, bool) and random.random() < 0.5:
        return value + random.choice((-2, -1, 1, 2, 1000))
    return random.choice(VALUES)


def chunks(random: Random, data: bytes) -> Sequence[bytes]:
    """Return `data` cut as a network may cut it."""
    if random.random() < 0.8:
        return [data]
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.choice((1, 3, 20))))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
