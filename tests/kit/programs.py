"""A program at the other end of a wire, for tests of what programs are answered and told."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from twisted_chat.frontends.json.reference import schema

VALIDATOR = Draft202012Validator(schema())


class FakeWire:
    """What leads to a program that reads `readable` bytes, without end if that is None. Lines are checked by the schema."""

    def __init__(self, readable: int | None = None) -> None:
        self.readable = readable
        self.paused = False
        """Whether the program's input is held up."""
        self.closed = False
        self.size = 0
        self.producer: Any = None
        self._data = b""
        self._stalled = False

    def write(self, data: bytes) -> None:
        """Take output; ask for a pause if the program does not read it."""
        self._data += data
        self.size += len(data)
        if self.readable is not None and self.size > self.readable and not self._stalled:
            self._stalled = True
            self.producer.pauseProducing()

    def read(self) -> None:
        """The program reads again, and as much as there is."""
        self.readable = None
        if self._stalled:
            self._stalled = False
            self.producer.resumeProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """See `Wire`."""
        self.producer = producer

    def unregisterProducer(self) -> None:
        """See `Wire`."""

    def pauseProducing(self) -> None:
        """See `Wire`."""
        self.paused = True

    def resumeProducing(self) -> None:
        """See `Wire`."""
        self.paused = False

    def loseConnection(self) -> None:
        """See `Wire`."""
        self.closed = True

    def lines(self) -> list[dict[str, Any]]:
        """Return what came since this was asked last."""
        data, self._data = self._data, b""
        found = [json.loads(line) for line in data.splitlines()]
        for line in found:
            VALIDATOR.validate(line)
        return found
