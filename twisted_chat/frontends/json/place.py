"""The path of a socket: a place that only its owner can reach, and that nobody else was given."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from twisted_chat.core.errors import ChatError
from twisted_chat.speech import programs

MAX_PATH = 100
"""Bytes of a socket's path, on every system."""


@contextmanager
def taken(path: Path) -> Iterator[None]:
    """Make sure that a socket can be made at `path`, of which what a former process left there is removed; nobody else's is made
    there meanwhile, and what is made inside is its owner's alone. Raises `ChatError`."""
    if len(os.fsencode(path)) > MAX_PATH:
        raise _fault(path, programs.long_path(MAX_PATH))
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _fault(path, error.strerror or str(error)) from None
    try:
        _check_directory(path, os.fstat(directory))
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _fault(path, programs.taken_socket()) from None
        _clear(path)
        mask = os.umask(0o177)
        try:
            yield
        finally:
            os.umask(mask)
    finally:
        os.close(directory)


def _check_directory(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _fault(path, programs.open_directory(str(path.parent)))


def _clear(path: Path) -> None:
    """Remove a socket at which nobody listens."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise _fault(path, programs.other_file())
    with closing(socket.socket(socket.AF_UNIX)) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except OSError:
            pass
    raise _fault(path, programs.taken_socket())


def _fault(path: Path, detail: str) -> ChatError:
    return ChatError(programs.no_socket(str(path), detail))
