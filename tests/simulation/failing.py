"""A store whose calls fail when a test says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail

from twisted_chat.core.replication.store import Store
from twisted_chat.storage.errors import UNUSABLE, StorageError

CALLS = tuple(name for name, member in vars(Store).items() if callable(member) and not name.startswith("_"))
"""The name of each call of a store."""


class FailingStore:
    """Passes on what it is asked to another store, but for the calls that are to fail: those fail without having taken effect."""

    def __init__(self, store: Any, fails: Callable[[str], bool]) -> None:
        """`fails` is given the name of each call that is made, and says whether it is to fail."""
        self._store = store
        self._fails = fails
        self.counts: Counter[str] = Counter()
        """How often each call was made."""

    def __getattr__(self, name: str) -> Any:
        """Return what the other store has of that name."""
        found = getattr(self._store, name)
        if name not in CALLS:
            return found

        def call(*arguments: Any) -> Deferred[Any]:
            self.counts[name] += 1
            if self._fails(name):
                return fail(StorageError(UNUSABLE, Path("chat.db"), "Input/output error"))
            done: Deferred[Any] = found(*arguments)
            return done

        return call
