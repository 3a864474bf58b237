"""The first lines of a link, up to the point where both sides know who the other is.

The listener greets. If the link has to be encrypted, the dialer says so and both turn to TLS; in a closed group both prove that
they know its passphrase. Only then do they say who they are, and prove it by signing every line so far. A table says which
frame may come in which step; anything else ends the link. See "Opening a link" in `docs/protocol.md`.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from msgspec import Struct

from twisted_chat.core import errors
from twisted_chat.core.errors import BadText, Refusal
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity, signature_holds
from twisted_chat.core.wire.acquaintance import Acquaintances
from twisted_chat.core.wire.frames import (
    VERSION,
    AnyFrame,
    Auth,
    Bye,
    Frame,
    Greet,
    Hello,
    Mac,
    Pake,
    Tls,
    decode,
    encode,
)
from twisted_chat.core.wire.passphrase import Exchange
from twisted_chat.core.writing.text import accept_name

GREET_SECONDS = 3.0
"""Seconds that a dialer waits for a valid `greet` before it hangs up having sent nothing."""
OPENING_SECONDS = 5.0
"""Seconds that either side gives the whole opening."""

_CONTEXT = b"tcpchat/1 auth\0"


class Role(enum.Enum):
    """The end of the connection that this peer is."""

    DIALER = "dialer"
    LISTENER = "listener"

    @property
    def other(self) -> Role:
        """The other end."""
        return Role.LISTENER if self is Role.DIALER else Role.DIALER


class Step(enum.Enum):
    """The thing that this end waits for."""

    GREET = "greet"
    TLS = "tls"
    SECURED = "a TLS handshake"
    PAKE = "pake"
    MAC = "mac"
    HELLO = "hello"
    AUTH = "auth"
    READY = "ready"


EXPECTED: dict[Step, type[Frame]] = {
    Step.GREET: Greet, Step.TLS: Tls, Step.PAKE: Pake, Step.MAC: Mac, Step.HELLO: Hello, Step.AUTH: Auth,
}  # fmt: skip
"""The one frame each step accepts, `bye` aside. While it is SECURED there are no lines."""


@dataclass
class Introduction:
    """The facts that this peer tells in `hello`, and the `passphrase` of a closed group. Only `name` ever changes."""

    identity: Identity
    group: Group
    name: str
    port: int
    instance: int
    durable: bool
    passphrase: str = field(default="", repr=False)
    acquaintances: Acquaintances | None = None
    """The members whose guesses of the passphrase are not counted; without any, every guess is."""


class Dismissed(Exception):
    """The other side closed the opening with `bye`; `reason` is its word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Slow(Struct):
    """Work to do before the opening goes on. `compute` takes long, belongs in a thread and may raise `Refusal`. `then`, called
    when it has returned, returns the bytes to send. Until then no line may be passed to the opening."""

    compute: Callable[[], None]
    then: Callable[[], bytes]


Answer: TypeAlias = bytes | Slow


class Opening:
    """One link's opening, from this end: lines in, lines out.

    When `step` has become SECURED, send what was returned, start TLS, and go on with `secured`. `step` is READY once `other`,
    the other side's `hello`, is proven.
    """

    def __init__(
        self, me: Introduction, role: Role, tls: bool = False, risk: Callable[[], object] = lambda: None
    ) -> None:
        """`tls` is whether this end wants the link encrypted; a closed group always does. `risk` is called before the other
        end could find out whether a passphrase is right, unless it has shown that it is known here. It may raise `Refusal`."""
        self.me = me
        self.role = role
        self.known: bytes | None = None
        """The id of the member that the other side has shown to be, if that is known before `other`."""
        self._risk = risk
        self.tls = tls or me.group.closed
        first = Step.TLS if self.tls else Step.HELLO
        self.step = Step.GREET if role is Role.DIALER else first
        self.other: Hello | None = None
        self.guessed = False
        """Whether this end has sent a line against which the other end could try one passphrase."""
        self._lines: list[bytes] = []
        self._channel = b""
        self._exchange = Exchange(me.passphrase, me.group.name, role is Role.DIALER)

    @property
    def progress(self) -> int:
        """The number of valid lines so far."""
        return len(self._lines)

    @property
    def encrypted(self) -> bool:
        """Whether the connection has turned to TLS."""
        return bool(self._channel)

    def begin(self) -> bytes:
        """Return the bytes to send when the connection is made: the listener's `greet`, nothing from a dialer."""
        return b"" if self.role is Role.DIALER else self._say(Greet(VERSION, self.tls))

    def receive(self, line: bytes) -> Answer:
        """Take one line; return the bytes to send in answer, or the work to do before.

        Raises `Refusal` when the link is to be closed with `bye`, `Dismissed` when the other side has closed it.
        """
        frame = decode(line)
        if isinstance(frame, Bye):
            raise Dismissed(frame.reason)
        if frame is None:
            return b""  # a later version's frame
        if type(frame) is not EXPECTED.get(self.step):
            raise self._misplaced(frame)
        return self._handlers[type(frame)](self, frame, line)

    def secured(self, channel: bytes) -> Answer:
        """The connection is encrypted now; both ends of this TLS connection, and of no other, know the bytes `channel`."""
        self._channel = channel
        if self.me.group.closed:
            self.step = Step.PAKE  # who dials does the work first
            return b"" if self.role is Role.LISTENER else Slow(self._exchange.start, self._say_pake)
        self.step = Step.HELLO
        return b"" if self.role is Role.LISTENER else self._say(self._hello())

    def _misplaced(self, frame: AnyFrame) -> Refusal:
        if self.step is Step.TLS and isinstance(frame, Hello):
            return Refusal(errors.TLS, "hello in the clear")
        if (self.step, type(frame)) in ((Step.PAKE, Hello), (Step.HELLO, Pake)):
            return Refusal(errors.GROUP, "of the two groups one is open, the other closed")
        return Refusal(errors.PROTOCOL, f"{type(frame).__name__.lower()} instead of {self.step.value}")

    def _say(self, frame: Frame) -> bytes:
        line = encode(frame)
        self._lines.append(line[:-1])
        return line

    def _on_greet(self, greet: Greet, line: bytes) -> Answer:
        if greet.v != VERSION:
            raise Refusal(errors.VERSION, f"version {greet.v}; this peer speaks {VERSION}")
        if self.tls and not greet.tls:
            raise Refusal(errors.TLS, "no encryption is offered")
        self._lines.append(line)
        if greet.tls:
            self.step = Step.SECURED
            return self._say(Tls())
        self.step = Step.HELLO
        return self._say(self._hello())

    def _on_tls(self, tls: Tls, line: bytes) -> Answer:
        self._lines.append(line)
        self.step = Step.SECURED
        return b""

    # The passphrase. Of the two the dialer shows first that it knows it.

    def _say_pake(self) -> bytes:
        return self._say(Pake(self._exchange.message, self._acquaintance()))

    def _acquaintance(self) -> bytes:
        """Return the proofs that this end is known. A listener shows one only to a member that it has recognised."""
        if self.me.acquaintances is None:
            return b""
        if self.role is Role.DIALER:
            return self.me.acquaintances.shown(self.role.value, self._channel)
        return self.me.acquaintances.proof(self.known, self.role.value, self._channel) if self.known else b""

    def _on_pake(self, pake: Pake, line: bytes) -> Answer:
        self._lines.append(line)
        if self.me.acquaintances is not None:
            self.known = self.me.acquaintances.recognised(pake.known, self.role.other.value, self._channel)
        if self.known is None:
            self._risk()

        def compute() -> None:
            if self.role is Role.LISTENER:
                self._exchange.start()
            self._exchange.finish(pake.msg)

        def then() -> bytes:
            self.step = Step.MAC
            return self._say_pake() if self.role is Role.LISTENER else self._say_mac()

        return Slow(compute, then)

    def _say_mac(self) -> bytes:
        self.guessed = True
        return self._say(Mac(self._exchange.mac(self.role.value, self._heard())))

    def _on_mac(self, mac: Mac, line: bytes) -> Answer:
        self._exchange.check(mac.mac, self.role.other.value, self._heard())
        self._lines.append(line)
        self.step = Step.HELLO
        return self._say_mac() if self.role is Role.LISTENER else self._say(self._hello())

    # Who is there.

    def _hello(self) -> Hello:
        me = self.me
        nonce = secrets.token_bytes(32)
        return Hello(me.group.name, me.identity.id, me.name, me.port, me.instance, nonce, me.durable)

    def _on_hello(self, hello: Hello, line: bytes) -> Answer:
        self._lines.append(line)
        if hello.group != self.me.group.name:
            raise Refusal(errors.GROUP, f"group {hello.group!r}")
        try:
            accept_name(hello.name)
        except BadText as error:
            raise Refusal(errors.PROTOCOL, f"hello: {error.code}") from None
        if hello.id == self.me.identity.id and hello.instance == self.me.instance:
            raise Refusal(errors.SELF)
        self.other = hello
        self.step = Step.AUTH
        return self._say(self._auth() if self.role is Role.DIALER else self._hello())

    def _auth(self) -> Auth:
        return Auth(self.me.identity.sign(self._proven(self.role)))

    def _on_auth(self, auth: Auth, line: bytes) -> Answer:
        assert self.other is not None
        if not signature_holds(self.other.id, auth.sig, self._proven(self.role.other)):
            raise Refusal(errors.AUTH, "the signature does not fit the id, or this connection")
        self._lines.append(line)
        self.step = Step.READY
        return b"" if self.role is Role.DIALER else self._say(self._auth())

    # What is proven: all that was said, and on which connection.

    def _heard(self) -> bytes:
        said = b"\n".join(self._lines)
        return said + b"\0" + self._channel if self._channel else said

    def _proven(self, role: Role) -> bytes:
        return _CONTEXT + role.value.encode() + b"\0" + self._heard()

    _handlers: ClassVar[dict[type[Frame], Callable[[Opening, Any, bytes], Answer]]] = {
        Greet: _on_greet, Tls: _on_tls, Pake: _on_pake, Mac: _on_mac, Hello: _on_hello, Auth: _on_auth,
    }  # fmt: skip
