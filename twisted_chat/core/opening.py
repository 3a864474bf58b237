"""The first lines of a link, up to the point where both sides know who the other is.

The listener greets; the dialer, who until then has sent nothing, says hello; the listener answers; each proves its id by
signing every line so far. A table says which frame may come in which step; anything else ends the link. The steps `tls`,
`pake` and `mac` of closed groups have their place between `greet` and `hello`. See "Opening a link" in `docs/protocol.md`.
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass

from twisted_chat.core import errors
from twisted_chat.core.errors import BadText, Refusal
from twisted_chat.core.feeds import Group
from twisted_chat.core.frames import VERSION, AnyFrame, Auth, Bye, Frame, Greet, Hello, decode, encode
from twisted_chat.core.keys import Identity, verified
from twisted_chat.core.text import check_name

GREET_SECONDS = 3.0
"""How long a dialer waits for a valid `greet` before it hangs up having sent nothing."""
OPENING_SECONDS = 5.0
"""How long either side gives the whole opening."""

_CONTEXT = b"tcpchat/1 auth\0"


class Role(enum.Enum):
    """Which end of the connection this peer is."""

    DIALER = "dialer"
    LISTENER = "listener"

    @property
    def other(self) -> Role:
        """The other end."""
        return Role.LISTENER if self is Role.DIALER else Role.DIALER


class Step(enum.Enum):
    """What this end waits for."""

    GREET = "greet"
    HELLO = "hello"
    AUTH = "auth"
    READY = "ready"


EXPECTED: dict[Step, type[Frame]] = {Step.GREET: Greet, Step.HELLO: Hello, Step.AUTH: Auth}
"""The one frame each step accepts, `bye` aside."""


@dataclass
class Introduction:
    """What this peer says of itself in `hello`. Only `name` ever changes."""

    identity: Identity
    group: Group
    name: str
    port: int
    instance: int
    durable: bool


class Dismissed(Exception):
    """The other side closed the opening with `bye`; `reason` is its word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Opening:
    """One link's opening, from this end: lines in, lines out.

    `step` is READY once `other`, the other side's `hello`, is proven.
    """

    def __init__(self, me: Introduction, role: Role) -> None:
        self.me = me
        self.role = role
        self.step = Step.GREET if role is Role.DIALER else Step.HELLO
        self.other: Hello | None = None
        self._lines: list[bytes] = []

    def begin(self) -> bytes:
        """Return what to send when the connection is made: the listener's `greet`, nothing from a dialer."""
        return b"" if self.role is Role.DIALER else self._say(Greet(VERSION, False))

    def receive(self, line: bytes) -> bytes:
        """Take one line; return what to send in answer.

        Raises `Refusal` when the link is to be closed with `bye`, `Dismissed` when the other side has closed it.
        """
        frame = decode(line)
        if isinstance(frame, Bye):
            raise Dismissed(frame.reason)
        if frame is None:
            return b""  # a later version's frame
        if type(frame) is not EXPECTED[self.step]:
            raise Refusal(errors.PROTOCOL, f"{type(frame).__name__.lower()} instead of {self.step.value}")
        return self._answer(frame, line)

    def _answer(self, frame: AnyFrame, line: bytes) -> bytes:
        if isinstance(frame, Auth):
            self._check_auth(frame)
            self._lines.append(line)
            self.step = Step.READY
            return b"" if self.role is Role.DIALER else self._say(self._auth())
        self._lines.append(line)
        if isinstance(frame, Greet):
            if frame.v != VERSION:
                raise Refusal(errors.VERSION, f"version {frame.v}; this peer speaks {VERSION}")
            self.step = Step.HELLO
            return self._say(self._hello())
        assert isinstance(frame, Hello)
        self._check_hello(frame)
        self.other = frame
        self.step = Step.AUTH
        return self._say(self._auth() if self.role is Role.DIALER else self._hello())

    def _say(self, frame: Frame) -> bytes:
        line = encode(frame)
        self._lines.append(line[:-1])
        return line

    def _hello(self) -> Hello:
        me = self.me
        nonce = secrets.token_bytes(32)
        return Hello(me.group.name, me.identity.id, me.name, me.port, me.instance, nonce, me.durable)

    def _check_hello(self, hello: Hello) -> None:
        if hello.group != self.me.group.name:
            raise Refusal(errors.GROUP, f"group {hello.group!r}")
        try:
            if check_name(hello.name) != hello.name:
                raise BadText("name-control")
        except BadText as error:
            raise Refusal(errors.PROTOCOL, f"hello: {error.code}") from None
        if hello.id == self.me.identity.id and hello.instance == self.me.instance:
            raise Refusal(errors.SELF)

    def _transcript(self, role: Role) -> bytes:
        return _CONTEXT + role.value.encode() + b"\0" + b"\n".join(self._lines)

    def _auth(self) -> Auth:
        return Auth(self.me.identity.sign(self._transcript(self.role)))

    def _check_auth(self, auth: Auth) -> None:
        assert self.other is not None
        if not verified(self.other.id, auth.sig, self._transcript(self.role.other)):
            raise Refusal(errors.AUTH, "the signature does not fit the id")
