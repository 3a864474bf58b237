"""The results of calls made in a store's thread, on their way back to the callers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


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
