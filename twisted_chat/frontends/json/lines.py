"""Lines of JSON-RPC 2.0, read strictly and in bounded memory."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

import msgspec

from twisted_chat.frontends.json.table import NO_REQUEST, NOT_JSON, Error

MAX_LINE = 64 * 1024
"""Bytes of a line: the longest message with each of its characters escaped fits in."""
MAX_ID = 2**63
_KEYS = {"jsonrpc", "method", "params", "id"}

RequestId = str | int | float | None


class Request(NamedTuple):
    """What a line asks for. `answered` is whether it wants an answer; then `id` is what the answer bears."""

    method: str
    params: Any
    id: RequestId
    answered: bool


class Wrong(Exception):
    """A line asks for nothing that could be done. `id` is that of the answer, as far as it can be told."""

    def __init__(self, error: Error, detail: str, id: RequestId = None) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail
        self.id = id


class Lines:
    """A queue of lines: bytes go in as they come, cut anywhere. Of a line that is too long, no more is kept than shows it."""

    def __init__(self) -> None:
        self._whole: deque[bytes] = deque()
        self._tail = b""

    def __len__(self) -> int:
        return len(self._whole)

    def feed(self, data: bytes) -> None:
        """Add bytes."""
        first, *further = data.split(b"\n")
        self._tail += first[: MAX_LINE + 2 - len(self._tail)]
        for each in further:
            self._whole.append(self._tail)
            self._tail = each[: MAX_LINE + 2]

    def end(self) -> None:
        """Take what is left as a line: there will be no line break."""
        if self._tail:
            self._whole.append(self._tail)
        self._tail = b""

    def take(self) -> bytes:
        """Remove and return the next line."""
        return self._whole.popleft().removesuffix(b"\r")


def parse(line: bytes) -> Request | None:
    """Return the request in a line; None if it is blank. Raises `Wrong`."""
    if len(line) > MAX_LINE:
        raise Wrong(NOT_JSON, f"longer than {MAX_LINE} bytes")
    if not line.strip():
        return None
    try:
        value = msgspec.json.decode(line)
    except RecursionError:
        raise Wrong(NOT_JSON, "nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Wrong(NOT_JSON, str(error)) from None
    if not isinstance(value, dict):
        raise Wrong(NO_REQUEST, "an object is wanted, one a line")
    return _request(value)


def _request(value: dict[str, Any]) -> Request:
    id = value.get("id")
    if isinstance(id, bool) or not isinstance(id, RequestId) or (isinstance(id, int) and not -MAX_ID <= id < MAX_ID):
        raise Wrong(NO_REQUEST, "`id` is text, a number of 64 bits or null")
    if value.get("jsonrpc") != "2.0":
        raise Wrong(NO_REQUEST, '`jsonrpc` is "2.0"', id)
    method = value.get("method")
    if not isinstance(method, str):
        raise Wrong(NO_REQUEST, "`method` is text", id)
    params = value.get("params", {})
    if not isinstance(params, (dict, list)):
        raise Wrong(NO_REQUEST, "`params` is an object or a list", id)
    if unknown := sorted(value.keys() - _KEYS):
        raise Wrong(NO_REQUEST, f"`{unknown[0][:40]}` is no part of a request", id)
    return Request(method, params, id, "id" in value)
