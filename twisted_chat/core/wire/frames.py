"""The frames that one line on the wire can carry. Each frame is a class with its grammar in its docstring; the registry is at
the bottom.

A line is one JSON object in UTF-8 ending in a newline, at most `MAX_LINE` bytes, with the frame's name under `"t"`. Ids,
hashes and signatures are standard base64. `docs/protocol.md` has the same for people.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from twisted_chat.core.errors import PROTOCOL, Refusal

VERSION = 1
MAX_LINE = 65536
"""Bytes in a line, newline not counted."""
MAX_LINKED = 800
"""Members in a `linked`: as many as a group may have."""
MAX_KNOWN = 1024
"""Bytes of proofs in a `pake`: 64 of them."""
MAX_INT = 2**53 - 1
"""The largest number on the wire. Every JSON library, and SQLite, holds it exactly."""
MAX_NUMBER = 2**40
"""The largest number of a record: a thousand a second for 34 years. A number that follows from it, such as `high + 1`, may be
sent as well."""

Id: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Hash: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Digest128: TypeAlias = Annotated[bytes, Meta(min_length=16, max_length=16)]
Nonce: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Signature: TypeAlias = Annotated[bytes, Meta(min_length=64, max_length=64)]
Whole: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_INT)]
Number: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_NUMBER)]
NextNumber: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_NUMBER + 1)]
"""The number of a record, or of the record that comes next."""
Point: TypeAlias = Annotated[bytes, Meta(min_length=33, max_length=33)]
Port: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]
Word: TypeAlias = Annotated[str, Meta(max_length=64)]
Host: TypeAlias = Annotated[str, Meta(max_length=64)]
FeedRef: TypeAlias = tuple[Id, Whole]
"""Author and epoch."""


class Range(Struct, frozen=True, array_like=True):
    """The part of one feed that is held: `[epoch, low, high, tip]`. If all was given up, `low` is `high + 1`.

    `tip` is the beginning of the hash of the batch that ends at `high`. By it two peers find out that an author told them
    different things for one place. It may be missing.
    """

    epoch: Whole
    low: NextNumber
    high: Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
    tip: Annotated[bytes, Meta(max_length=16)] = b""


class Frame(Struct, frozen=True, tag_field="t"):
    """One line. Each subclass says what its line means."""


class Greet(Frame, tag="greet", frozen=True):
    """Listener, at once: I speak protocol `v`, and this link is (`tls`) or need not be encrypted."""

    v: Whole
    tls: bool


class Tls(Frame, tag="tls", frozen=True):
    """Dialer: the bytes that follow are TLS."""


class Pake(Frame, tag="pake", frozen=True, omit_defaults=True):
    """Both, dialer first, in a closed group: one end's half of SPAKE2. `known` has proofs, of 16 bytes each, that the sender
    is known to the other end. It may be empty."""

    msg: Point
    known: Annotated[bytes, Meta(max_length=MAX_KNOWN)] = b""


class Mac(Frame, tag="mac", frozen=True):
    """Both, dialer first, in a closed group: I know the passphrase, and heard what you heard."""

    mac: Hash


class Hello(Frame, tag="hello", frozen=True):
    """Both, dialer first: who I say I am. `port` is where I listen (0: nowhere), `instance` this process,
    `durable` whether what I acknowledge is on a disk."""

    group: Word
    id: Id
    name: Word
    port: Port
    instance: Whole
    nonce: Nonce
    durable: bool


class Auth(Frame, tag="auth", frozen=True):
    """Both, dialer first: the signature of every line before this one proves the id in `hello`."""

    sig: Signature


class Digest(Frame, tag="digest", frozen=True):
    """The first frame when ready: one hash per author over everything I hold durably. Authors with equal hashes are not
    listed."""

    authors: dict[Id, Digest128]


class Have(Frame, tag="have", frozen=True, omit_defaults=True):
    """The records I hold durably, by author. The first lists are of the authors whose digest differed; `end` closes them.
    Later ones tell what changed."""

    feeds: dict[Id, list[Range]]
    end: bool = False


class Want(Frame, tag="want", frozen=True, rename={"start": "from"}):
    """Send me this feed from record `from` on, and keep following."""

    feed: FeedRef
    start: NextNumber


class Stop(Frame, tag="stop", frozen=True, omit_defaults=True):
    """Send me no more of this feed over this link. `reason` is `errors.LIMIT` if no more of it is taken from anybody."""

    feed: FeedRef
    reason: Word = ""


class BatchFrame(Frame, tag="batch", frozen=True):
    """Consecutive records of one feed; `body` is signed, stored and relayed as these exact bytes."""

    sig: Signature
    body: Raw


class SignedBody(Struct, frozen=True):
    """One of the two batches of a `fork`."""

    sig: Signature
    body: Raw


class ForkFrame(Frame, tag="fork", frozen=True):
    """Two different batches an author signed for one place: the feed ends before them."""

    one: SignedBody
    other: SignedBody


class Ping(Frame, tag="ping", frozen=True):
    """Answer with `pong` and the same `n`."""

    n: Whole


class Pong(Frame, tag="pong", frozen=True):
    """The answer to `ping`."""

    n: Whole


class Address(Struct, frozen=True):
    """Where a member listens, as the sender sees it."""

    id: Id
    host: Host
    port: Annotated[int, Meta(ge=1, le=65535)]


class Peers(Frame, tag="peers", frozen=True):
    """Where other members listen; believed only when that address answers with that id."""

    peers: Annotated[list[Address], Meta(max_length=64)]


class Linked(Frame, tag="linked", frozen=True):
    """The members I am linked with now."""

    members: Annotated[list[Id], Meta(max_length=MAX_LINKED)]


class TypingFrame(Frame, tag="typing", frozen=True):
    """I am typing, in this room. Nobody keeps it, or passes it on."""

    room: Word


class Bye(Frame, tag="bye", frozen=True):
    """I close this link; `reason` is one of `errors.REASONS`."""

    reason: Word


AnyFrame: TypeAlias = (
    Greet | Tls | Pake | Mac | Hello | Auth
    | Digest | Have | Want | Stop | BatchFrame | ForkFrame | Ping | Pong | Peers | Linked | TypingFrame | Bye
)  # fmt: skip
FRAMES: tuple[type[Frame], ...] = (
    Greet, Tls, Pake, Mac, Hello, Auth, Digest, Have, Want, Stop, BatchFrame, ForkFrame, Ping, Pong, Peers, Linked,
    TypingFrame, Bye,
)  # fmt: skip
"""Every frame of protocol 1."""
TAGS = {str(frame.__struct_config__.tag): frame for frame in FRAMES}


class _Tagged(Struct):
    t: str


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyFrame] = msgspec.json.Decoder(AnyFrame)
_tag_decoder = msgspec.json.Decoder(_Tagged)


def encode(frame: Frame) -> bytes:
    """Return the line for `frame`, its newline included."""
    return _encoder.encode(frame) + b"\n"


def decode(line: bytes) -> AnyFrame | None:
    """Return the frame on `line`, or None if it is well formed and its tag is unknown: a later version's, to be ignored.

    Raises `Refusal(PROTOCOL)`, and nothing else, for whatever is not a frame.
    """
    try:
        line.decode("utf-8")  # msgspec doesn't look inside Raw and unknown fields
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if isinstance(error, msgspec.ValidationError) and _has_unknown_tag(line):
            return None
        raise Refusal(PROTOCOL, str(error)) from None


def _has_unknown_tag(line: bytes) -> bool:
    try:
        return _tag_decoder.decode(line).t not in TAGS
    except (msgspec.DecodeError, RecursionError):
        return False
