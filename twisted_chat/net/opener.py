"""The opening of one connection: its lines, its work in threads, its turn to TLS, and the time that all of it may take.

`core.wire.opening` has the lines and their order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.wire.frames import Hello
from twisted_chat.core.wire.opening import (
    GREET_SECONDS,
    OPENING_SECONDS,
    Answer,
    Introduction,
    Opening,
    Role,
    Slow,
    Step,
)
from twisted_chat.net.flow import Reading, Reason
from twisted_chat.net.tls import Encryption, channel, process

BEGINNING = 60
"""Bytes kept of the first line heard."""

_log = Logger()


class ConnectionOwner(Protocol):
    """The mesh, as far as openings ask it."""

    def link_computes(self, compute: Callable[[], None]) -> Deferred[None]:
        """Call `compute` in a thread, for it takes long."""
        ...

    def link_secured(self, connection: Any) -> None:
        """The connection is encrypted, and its `opener.process` is known. Raises `Refusal` if it is not wanted."""
        ...

    def link_risks(self, connection: Any) -> None:
        """The other side, unknown so far, could learn next whether a passphrase is right. Raises `Refusal` if it may not."""
        ...


class Opens(Protocol):
    """The connection, as far as its opener uses it."""

    role: Role
    reading: Reading
    transport: Any

    @property
    def peer(self) -> tuple[str, int]:
        """Host and port of the connection's other end."""
        ...

    @property
    def closing(self) -> bool:
        """Whether this end is done with it."""
        ...

    def after(self, seconds: float, call: Callable[..., None], *arguments: object) -> object:
        """Call later, unless the connection is gone by then."""
        ...

    def opened(self, hello: Hello, answer: bytes) -> None:
        """Go on as a link, once `answer` is sent. May raise `Refusal`."""
        ...

    def refuse(self, refusal: Refusal) -> None:
        """Close with a reason."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...

    def setRawMode(self) -> None:
        """Take bytes."""
        ...

    def setLineMode(self, extra: bytes = b"") -> object:
        """Take lines."""
        ...


class Opener:
    """Takes a connection through its opening.

    `began_with` is the beginning of the first line heard. `process` tells the process at the other end from every other, once
    the connection is encrypted.
    """

    def __init__(
        self, connection: Opens, owner: ConnectionOwner, introduction: Introduction, encryption: Encryption
    ) -> None:
        self.began_with = b""
        self.process = b""
        self._connection = connection
        self._owner = owner
        self._encryption = encryption
        needed = encryption.needed(connection.peer[0])
        self._opening = Opening(introduction, connection.role, needed, lambda: owner.link_risks(connection))

    def begin(self) -> None:
        """Greet, or wait to be greeted."""
        self._connection.after(OPENING_SECONDS, self._not_opened)
        if self._connection.role is Role.DIALER:
            self._connection.after(GREET_SECONDS, self._not_greeted)
        self._connection.transport.write(self._opening.begin())

    def receive(self, line: bytes) -> None:
        """Take a line. Raises `Refusal`, or `Dismissed` if the other side has closed the opening."""
        self.began_with = self.began_with or line[:BEGINNING]
        self._go_on(self._opening.receive(line))
        self._connection.reading.took(None, len(line))

    def secured(self) -> None:
        """Go on, encrypted. Raises `Refusal`."""
        self.process = process(self._connection.transport)
        self._owner.link_secured(self._connection)
        self._go_on(self._opening.secured(channel(self._connection.transport)))

    def _go_on(self, answer: Answer) -> None:
        """Do what the opening asks for: compute and go on, turn to TLS, be a link, or just answer."""
        if isinstance(answer, Slow):
            self._connection.reading.stop(Reason.COMPUTING)
            computed = self._owner.link_computes(self._unless_closing(answer.compute))
            computed.addCallback(self._computed, answer.then).addErrback(self._failed)
        elif self._opening.step is Step.READY:
            assert self._opening.other is not None
            self._connection.opened(self._opening.other, answer)
        else:
            self._connection.transport.write(answer)
            if self._opening.step is Step.SECURED:
                self._connection.setRawMode()
                self._encryption.start(self._connection.transport)

    def _unless_closing(self, compute: Callable[[], None]) -> Callable[[], None]:
        def computed() -> None:
            if not self._connection.closing:  # while it waited for its turn
                compute()

        return computed

    def _computed(self, result: None, then: Callable[[], bytes]) -> None:
        if not self._connection.closing:
            self._go_on(then())
            self._connection.reading.go_on(Reason.COMPUTING)

    def _failed(self, reason: Failure) -> None:
        if isinstance(reason.value, Refusal):
            self._connection.refuse(reason.value)
        else:
            _log.failure("in the opening of a link:", reason)
            self._connection.abort()

    def _too_slow(self, what: str) -> None:
        self._connection.refuse(Refusal(errors.TIMEOUT, what))

    def _not_opened(self) -> None:
        self._too_slow(f"no opening: {self._opening.step.value} did not come")

    def _not_greeted(self) -> None:
        if not self.greeted:
            self._too_slow("no greet: another program listens there, or the peer is suspended")

    # What can be asked of it.

    @property
    def greeted(self) -> bool:
        """Whether the other side has shown itself to be a peer of this protocol version."""
        return self._opening.step is not Step.GREET

    @property
    def securing(self) -> bool:
        """Whether TLS is being started. Meanwhile there are no lines."""
        return self._opening.step is Step.SECURED

    @property
    def progress(self) -> int:
        """The number of valid lines so far."""
        return self._opening.progress

    @property
    def step(self) -> Step:
        """The thing that the opening waits for, or waited for when the connection ended."""
        return self._opening.step

    @property
    def known(self) -> bytes | None:
        """The id of the member that the other side has shown to be before the link is ready; of a closed group only."""
        return self._opening.known

    @property
    def guessing(self) -> bool:
        """Whether this end, in a closed group, waits for the proof that the other side knows the passphrase, or has heard a
        wrong one."""
        return self._opening.step is Step.MAC

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self._opening.encrypted

    @property
    def unproven(self) -> bool:
        """Whether the other side, in a closed group, could try a passphrase and has not shown that it knows ours."""
        return self._opening.guessed and self._opening.step is Step.MAC
