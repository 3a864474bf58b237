"""`TCPCHAT_DEBUG=FILE`: what the program logs, with tracebacks, for whoever looks for a mistake in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from twisted.logger import ILogObserver, LogEvent, eventAsText
from twisted.python.logfile import LogFile
from zope.interface import implementer

from twisted_chat.core.errors import ChatError
from twisted_chat.core.writing.text import clean
from twisted_chat.speech.i18n import _

VARIABLE = "TCPCHAT_DEBUG"
MAX_BYTES = 8 * 1024 * 1024
"""Bytes after which the file is moved to FILE.1, in the place of the one that was moved before."""


class DebugUnwritable(ChatError):
    """The file that `TCPCHAT_DEBUG` names can't be written."""


@implementer(ILogObserver)
class DebugLog:
    """Appends every event of the program's and of Twisted's to a file, with its traceback; what people say is not in it.

    The file is made for its owner only. What can't be written is left out.
    """

    def __init__(self, path: str) -> None:
        """Open the file. Raises `DebugUnwritable`."""
        directory, name = os.path.split(os.path.abspath(path))
        try:
            self._file = LogFile(name, directory, rotateLength=MAX_BYTES, defaultMode=0o600, maxRotatedFiles=1)
        except OSError as error:
            detail = error.strerror or str(error)
            raise DebugUnwritable(
                _("{variable}: {path} can't be written: {detail}").format(variable=VARIABLE, path=path, detail=detail)
            ) from None

    def __call__(self, event: LogEvent) -> None:
        """Write an event, a line of it or of its traceback each a line of the file."""
        if "chat_event" in event:
            return
        lines = [clean(line) for line in eventAsText(event).split("\n")]
        with suppress(OSError):
            self._file.write("\n".join(lines) + "\n")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def wanted(environ: Mapping[str, str] = os.environ) -> list[DebugLog]:
    """Return what writes the file that the environment names; nothing if it names none. Raises `DebugUnwritable`."""
    path = environ.get(VARIABLE)
    return [DebugLog(path)] if path else []
