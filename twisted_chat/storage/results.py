"""Calls made in a store's thread, and their results on their way back to the callers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twisted_chat.core.feeds.batches import Batch


class Again(Enum):
    AGAIN = "the call is to be made again, after the others that wait"


class Call(Struct, frozen=True):
    """One call of the store, to be made in the thread."""

    perform: Callable[[], Any]
    writes: bool
    without_writing: Callable[[Sequence[Batch]], Any] | None = None
    """What to do while nothing can be written, given the batches that wait; None to wait as well."""
    batch: Batch | None = None
    """The batch to append."""
    deferred: Deferred[Any] = field(default_factory=Deferred)


def result_of(perform: Callable[[], Any]) -> Any:
    """Return what `perform` returns, or a `Failure`. Raises `sqlite3.Error` alone."""
    try:
        return perform()
    except sqlite3.Error:
        raise
    except Exception:  # noqa: BLE001 - a mistake of ours: it goes to the caller, the thread goes on
        return Failure()


def fire(results: Sequence[tuple[Deferred[Any], Any]]) -> None:
    """Fire each Deferred with its result. For the thread that calls the store."""
    for deferred, result in results:
        if isinstance(result, Failure):
            deferred.errback(result)
        else:
            deferred.callback(result)
