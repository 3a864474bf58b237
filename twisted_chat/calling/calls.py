"""Requests and their answers, whatever carries the lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from twisted.internet.defer import Deferred

from twisted_chat.core.errors import ChatError
from twisted_chat.speech import programs

Told = Callable[[str, dict[str, Any]], object]
"""Is given a notification: its name, and what it has."""


class Refused(ChatError):
    """A peer did not do what it was asked. `code` and `name` are those of the vocabulary's errors, `reason` says more where there
    is more to say, and `ways` whom a name may mean.

    >>> str(Refused(-32000, "refused", "a message needs at least one character", "text-empty"))
    'a message needs at least one character'
    """

    def __init__(self, code: int, name: str, words: str, reason: str = "", ways: tuple[str, ...] = ()) -> None:
        super().__init__(words)
        self.code = code
        self.name = name
        self.reason = reason
        self.ways = ways


class Ended(ChatError):
    """There is no peer at the other end any more.

    >>> raise Ended("the peer has ended")
    Traceback (most recent call last):
    twisted_chat.calling.calls.Ended: the peer has ended
    """


class Way(Protocol):
    """What leads to a peer, and carries lines both ways."""

    def start(self, calls: Calls) -> Deferred[None]:
        """Give `calls` what comes from now on. Fails with a `ChatError` if no peer can be had."""
        ...

    def write(self, data: bytes) -> None:
        """Carry lines to the peer."""
        ...

    def stop(self) -> Deferred[None]:
        """End; a peer that was made for this ends too. Fires when all is kept."""
        ...


class Calls:
    """Asks, and gives each answer to who asked."""

    def __init__(self, way: Way, told: Told) -> None:
        self._way = way
        self._told = told
        self._number = 0
        self._asked: dict[int, Deferred[Any]] = {}
        self._rest = b""
        self.ended = False
        """Whether nothing more will come."""

    def ask(self, method: str, **params: Any) -> Deferred[Any]:
        """Return a Deferred of a method's result. Fails with `Refused`, or with `Ended`. What is None is left out."""
        asked: Deferred[Any] = Deferred(lambda asked: None)
        if self.ended:
            asked.errback(Ended(programs.ended()))
            return asked
        self._number += 1
        self._asked[self._number] = asked
        given = {name: value for name, value in params.items() if value is not None}
        line = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": given}
        self._way.write(msgspec.json.encode(line) + b"\n")
        return asked

    def received(self, data: bytes) -> None:
        """Take bytes from the peer."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(msgspec.json.decode(line))

    def lost(self) -> None:
        """Nothing more will come: whoever waits is told."""
        if not self.ended:
            self.ended = True
            asked, self._asked = self._asked, {}
            for each in asked.values():
                _fail(each, Ended(programs.ended()))
            self._told("ended", {})

    def _take(self, line: dict[str, Any]) -> None:
        if "method" in line:
            self._told(line["method"], line["params"])
            return
        asked = self._asked.pop(line["id"], None) if line["id"] is not None else None
        if "error" in line:
            error = line["error"]
            data = error["data"]
            refused = Refused(
                error["code"], data["error"], error["message"], data.get("reason", ""), tuple(data.get("ways", ()))
            )
            if asked is not None:
                _fail(asked, refused)
            elif line["id"] is None:
                self.lost()  # the peer lets no more programs in
        elif asked is not None and not asked.called:
            asked.callback(line["result"])


def _fail(asked: Deferred[Any], error: ChatError) -> None:
    if not asked.called:
        asked.errback(error)
