"""Whether a known port is free and, if not, who holds it: asked before the reactor runs, so blocking, and bounded."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from errno import EADDRINUSE

from twisted_chat.core.errors import LEFT, Refusal
from twisted_chat.core.wire.frames import MAX_LINE, Bye, encode
from twisted_chat.core.wire.opening import Dismissed, Introduction, Opening, Role, Slow, Step

SILENCE_SECONDS = 1.0
"""Seconds that connecting, and each wait for more, may take."""
TOTAL_SECONDS = 2.0
"""Seconds that finding out who holds a port takes at most."""


def is_free(host: str, port: int) -> bool:
    """Whether this process could listen at `port` of the address `host`.

    Raises `OSError` if it could not for another reason than that somebody else does: `PermissionError` for ports kept
    for the system, an address this machine does not have.
    """
    numeric = socket.AI_NUMERICHOST
    family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=numeric)[0]
    with socket.socket(family) as probe:
        if os.name == "posix":  # as the reactor does: connections that have ended don't hold a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)  # with the number of the interface that a link-local one names
        except OSError as error:
            if error.errno == EADDRINUSE:
                return False
            raise
    return True


def holder(host: str, port: int, introduction: Introduction, clock: Callable[[], float] = time.monotonic) -> str | None:
    """Return the name given by the peer of the same group that listens at `port`, None if no such peer does.

    The name is unproven and as it came: show it as `text.shown_name` says. A service that does not greet is
    sent nothing; a peer hears `hello` and then `bye`, never `auth`. Takes at most `TOTAL_SECONDS` and reads at most about
    `MAX_LINE` bytes, whatever the other side does; a fault of the other side is None, never an exception.
    """
    deadline = clock() + TOTAL_SECONDS
    opening = Opening(introduction, Role.DIALER)
    try:
        with socket.create_connection((host, port), SILENCE_SECONDS) as connection:
            for line in _lines(connection, deadline, clock):
                answer = opening.receive(line)
                if opening.other is not None:
                    connection.sendall(encode(Bye(LEFT)))
                    return opening.other.name
                if opening.step is Step.SECURED or isinstance(answer, Slow):
                    return None  # it is to be spoken to encrypted
                connection.sendall(answer)
    except (OSError, Refusal, Dismissed):
        pass
    return None


def _lines(connection: socket.socket, deadline: float, clock: Callable[[], float]) -> Iterator[bytes]:
    """Yield the lines that come until time or bytes run out; raise `TimeoutError` at silence."""
    received = 0
    rest = b""
    while received < MAX_LINE and (left := deadline - clock()) > 0:
        connection.settimeout(min(left, SILENCE_SECONDS))
        chunk = connection.recv(4096)
        if not chunk:
            return
        received += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
