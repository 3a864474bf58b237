"""Typed lines, called back with the arrow keys: in this session and, if there is a file, in later ones."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History
from twisted.logger import Logger

from twisted_chat.storage.files import write_whole

MAX_LINES = 1000
"""Lines kept from one session to the next."""
MAX_BYTES = 512 * 1024
"""Size of the file from which on only the newer half of it is kept at the next start."""

_log = Logger()


class Recall(History):
    """The history of one's own lines: a JSON string a line, newest last, readable by the owner only.

    A file that can't be read or written is logged, once, and the chat goes on without.
    """

    def __init__(self, path: Path | None) -> None:
        """`path` is the file, None to remember nothing beyond this session."""
        super().__init__()
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """Return the lines of former sessions, newest first; if they are too many, forget the oldest."""
        rows = self._rows()
        kept = rows[-MAX_LINES:]
        while sum(map(len, kept)) > MAX_BYTES:
            kept = kept[len(kept) // 2 + 1 :]
        if len(kept) < len(rows) and self._path is not None:
            try:
                write_whole(self._path, b"".join(row + b"\n" for row in kept))
            except OSError as error:
                self._give_up(error)
        return [line for row in reversed(kept) if (line := _decoded(row))]

    def store_string(self, string: str) -> None:
        """Add a line."""
        if self._path is None:
            return
        try:
            with open(self._path, "ab", opener=_private) as file:
                file.write(json.dumps(string).encode() + b"\n")
        except OSError as error:
            self._give_up(error)

    def _rows(self) -> list[bytes]:
        if self._path is None:
            return []
        try:
            with open(self._path, "rb") as file:
                file.seek(max(0, self._path.stat().st_size - 2 * MAX_BYTES))
                return file.read(2 * MAX_BYTES).splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            self._give_up(error)
            return []

    def _give_up(self, error: OSError) -> None:
        _log.warn("typed lines can't be remembered in {path}: {error}", path=self._path, error=error)
        self._path = None


def _decoded(row: bytes) -> str | None:
    try:
        line = json.loads(row)
    except ValueError:  # cut by a crash
        return None
    return line if isinstance(line, str) else None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
