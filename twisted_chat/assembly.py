"""The one place where identity, store, guard and peer are put together: for the service, `send`, the benchmarks and the tests."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from twisted_chat.core.events import Event, Joined
from twisted_chat.core.keys import SEED_BYTES, Identity
from twisted_chat.core.watching import Watcher
from twisted_chat.peer import Parts, Peer, PeerSettings
from twisted_chat.retries import Retries
from twisted_chat.storage.errors import StorageError
from twisted_chat.storage.folders import IdentityFolder
from twisted_chat.storage.memory import MemoryStore
from twisted_chat.storage.passphrases import PassphraseNote
from twisted_chat.storage.resumption import Resumption
from twisted_chat.storage.sqlite import SQLiteStore

_log = Logger()


def assemble(
    reactor: Any,
    settings: PeerSettings,
    parts: Parts | None = None,
    wall: Callable[[], float] = time.time,
    leave: Callable[[], object] = lambda: None,
    renamed: Callable[[str], object] = lambda name: None,
) -> Peer:
    """Return a peer, not started. Without `parts` it is somebody new, and keeps nothing. The rest is as `Peer` says."""
    return Peer(reactor, wall, settings, parts or fleeting(), leave, renamed)


def fleeting() -> Parts:
    """Return the parts of a peer that leaves nothing behind."""
    return Parts(Identity(secrets.token_bytes(SEED_BYTES)), MemoryStore())


def lasting(reactor: Any, settings: PeerSettings, folder: IdentityFolder) -> Parts:
    """Return the parts of a peer that is in `folder`, which is to be locked.

    Raises `StorageError` if the database can't be used, or was another passphrase's.
    """
    database = folder.database(settings.group.name, settings.group.closed)
    guard = guarded(reactor, database, settings.passphrase) if settings.passphrase is not None else None
    store = SQLiteStore(database, reactor.callFromThread)
    return Parts(folder.identity, store, folder.path, Resumption(database), guard)


def guarded(reactor: Any, database: Path, passphrase: str) -> Watcher:
    """Return what is to watch a closed group's conversation, after making sure that it was never held under another passphrase.

    It notes the passphrase once somebody has joined, who must know it too: until then it may be a slip. If the disk refuses that
    it is logged, and tried again. Raises `StorageError(OTHER_PASSPHRASE)`.
    """
    note = PassphraseNote(database, passphrase)
    note.check()

    def refused(_item: str, error: StorageError) -> None:
        _log.warn("the passphrase can't be noted now, which is tried again: {error}", error=error)

    notes = Retries(reactor, lambda _item: note.write(), refused)

    def watch(event: Event) -> None:
        if isinstance(event, Joined):
            notes.add(str(database))

    return watch
