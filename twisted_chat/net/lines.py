"""`LineReceiver` at the speed of one split a chunk."""

from __future__ import annotations

from typing import Any

from twisted.protocols.basic import LineReceiver

from twisted_chat.core.wire.frames import MAX_LINE


class ChunkedLineReceiver(LineReceiver):
    """A `LineReceiver` that splits a whole chunk at once; its own `dataReceived` does so line by line.

    Lines end in a newline and hold at most `MAX_LENGTH` bytes. Raw mode, pausing, and both from within `lineReceived`, work
    as in the base class.
    """

    transport: Any  # Twisted declares ITransport | None
    delimiter = b"\n"
    MAX_LENGTH = MAX_LINE

    _undelivered = b""
    _delivering = False

    def dataReceived(self, data: bytes) -> None:
        """Take a chunk; call `lineReceived` for each line that is complete."""
        self._undelivered += data
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._undelivered and not self.paused and self._deliver():
                pass
        finally:
            self._delivering = False

    def clearLineBuffer(self) -> bytes:
        """Return what has come and is not delivered, and forget it."""
        undelivered, self._undelivered = self._undelivered, b""
        return undelivered

    def _deliver(self) -> bool:
        """Deliver what has come; return whether what is undelivered now can be.

        That may be so if the mode has changed, or if more has come from within `lineReceived`.
        """
        data, self._undelivered = self._undelivered, b""
        if not self.line_mode:
            self.rawDataReceived(data)
            return True
        lines = data.split(self.delimiter)
        for index in range(len(lines) - 1):
            if len(lines[index]) > self.MAX_LENGTH:
                self.lineLengthExceeded(lines[index])
                return False
            self.lineReceived(lines[index])
            if self.transport.disconnecting:
                return False
            if self.paused or not self.line_mode:
                self._undelivered = self.delimiter.join(lines[index + 1 :]) + self._undelivered
                return True
        if len(lines[-1]) > self.MAX_LENGTH:
            self.lineLengthExceeded(lines[-1])
            return False
        more = bool(self._undelivered)
        self._undelivered = lines[-1] + self._undelivered
        return more
