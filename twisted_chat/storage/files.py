"""Files that only their owner can read, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from twisted_chat.storage.errors import UNUSABLE, StorageError


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise the operating system's complaint about `path` as `StorageError(UNUSABLE)`."""
    try:
        yield
    except OSError as error:
        raise StorageError(UNUSABLE, path, error.strerror or error) from error


def make_private(directory: Path) -> None:
    """Create `directory` for its owner only; close it to others if it exists."""
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path`, readable by its owner only: after a crash there is the old content or the new, never a part."""
    with whole(path) as file:
        file.write(content)


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Do as `write_whole` with the text written inside. If the inside raises, `path` stays as it was."""
    handle, temporary = tempfile.mkstemp(prefix=path.name, suffix=".new", dir=path.parent)  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make names just created or replaced in `directory` outlast a power cut, where the system has a way to."""
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
