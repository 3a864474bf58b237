"""Where sockets have no paths, a file stands in for one: it has a port of loopback, and the secret to be sent there first."""

from __future__ import annotations

import os
import re
import secrets
import socket
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from twisted_chat.core.errors import ChatError
from twisted_chat.speech import programs

HOST = "127.0.0.1"
SECRET_BYTES = 16
MAX_BYTES = 128
"""Of the file."""
PROBE_SECONDS = 1.0
"""How long it is tried whether somebody listens at the port of a file that is there already. Blocks."""
_FORM = re.compile(r"tcpchat-rpc (\d{1,5}) ([0-9a-f]{32})\n", re.ASCII)


class Pass(NamedTuple):
    """A port of loopback, and the secret that is the first line of whoever may connect there."""

    port: int
    secret: str

    @property
    def line(self) -> bytes:
        """What is sent first."""
        return f"{self.secret}\n".encode()


def read(path: Path) -> Pass | None:
    """Return what a file says; None if it is no such file. Raises `OSError`."""
    with path.open("rb") as file:
        match = _FORM.fullmatch(file.read(MAX_BYTES).decode("ascii", "replace"))
    return Pass(int(match[1]), match[2]) if match else None


def write(path: Path, port: int) -> Pass:
    """Make the file, for its owner's eyes alone, with a new secret. One that a former process left is replaced; raises
    `ChatError` if it is another's, or if it can't be made."""
    new = Pass(port, secrets.token_hex(SECRET_BYTES))
    try:
        _clear(path)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as file:
            file.write(f"tcpchat-rpc {new.port} {new.secret}\n")
    except OSError as error:
        raise _fault(path, error.strerror or str(error)) from None
    return new


def remove(path: Path, own: Pass) -> None:
    """Remove the file, if it is still one's own."""
    with suppress(OSError):
        if read(path) == own:
            path.unlink()


def _clear(path: Path) -> None:
    if not path.is_symlink() and not path.exists():
        return
    old = read(path) if path.is_file() and not path.is_symlink() else None
    if old is None:
        raise _fault(path, programs.other_file())
    with closing(socket.socket()) as probe:
        probe.settimeout(PROBE_SECONDS)
        if probe.connect_ex((HOST, old.port)) == 0:
            raise _fault(path, programs.taken_socket())
    path.unlink()


def _fault(path: Path, detail: str) -> ChatError:
    return ChatError(programs.no_socket(str(path), detail))
