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

    def dataReceived(self, data: bytes) -> None:
        """Take a chunk; call `lineReceived` for each line that is complete."""
        if self._busyReceiving or not self.line_mode or self.paused:
            super().dataReceived(data)
            return
        self._busyReceiving = True
        try:
            lines = (self._buffer + data).split(self.delimiter)
            self._buffer = b""
            again = self._deliver(lines)
        finally:
            self._busyReceiving = False
        if again and self._buffer:
            super().dataReceived(b"")

    def _deliver(self, lines: list[bytes]) -> bool:
        """Deliver all but the last, which is incomplete; return whether `_buffer` is to be looked at again.

        It is if the mode has changed, or if more data came from within `lineReceived`.
        """
        for index in range(len(lines) - 1):
            if len(lines[index]) > self.MAX_LENGTH:
                self.lineLengthExceeded(lines[index])
                return False
            self.lineReceived(lines[index])
            if self.transport.disconnecting:
                return False
            if self.paused or not self.line_mode:
                self._buffer = self.delimiter.join(lines[index + 1 :]) + self._buffer
                return not self.line_mode
        if len(lines[-1]) > self.MAX_LENGTH:
            self.lineLengthExceeded(lines[-1])
            return False
        more = bool(self._buffer)
        self._buffer = lines[-1] + self._buffer
        return more
