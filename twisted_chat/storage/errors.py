"""The faults of files, in words for people."""

from __future__ import annotations

from pathlib import Path

from twisted_chat.core.errors import StoreError
from twisted_chat.core.marks import N_

UNUSABLE = "storage-unusable"
KEY_DAMAGED = "storage-key-damaged"
KEY_MISSING = "storage-key-missing"
INDEX_DAMAGED = "storage-index-damaged"
IN_USE = "storage-in-use"
NOT_OURS = "storage-not-ours"
NEWER = "storage-newer"
DAMAGED = "storage-damaged"
UNKEPT = "storage-unkept"
HOPELESS = "storage-hopeless"
LOST = "storage-lost"
RESCUED = "storage-rescued"
OTHER_PASSPHRASE = "storage-other-passphrase"
CHANGED = "storage-changed"
HOMELESS = "storage-homeless"
ALIKE = "storage-alike"

SENTENCES = {
    UNUSABLE: N_(
        "{path} can't be used: {detail}. Check its permissions and the space left, or choose another --data directory."
    ),
    KEY_DAMAGED: N_(
        "{path} is not a key. Restore it from a backup; without one, move its directory away to begin as somebody new."
    ),
    KEY_MISSING: N_(
        "{path} is missing, but conversations are kept beside it. Restore it from a backup; without one, move its directory "
        "away to begin as somebody new."
    ),
    INDEX_DAMAGED: N_(
        "{path} can't be read. Restore it, or delete it: only which identity goes with a later /nick is forgotten."
    ),
    IN_USE: N_("{path} is in use by another process: {detail}. Stop it, or choose another --name or --data directory."),
    NOT_OURS: N_("{path} is not a tcpchat database ({detail}). Move it away or choose another --data directory."),
    NEWER: N_(
        "{path} was written by a newer tcpchat (format {detail}). Update tcpchat, or choose another --data directory."
    ),
    DAMAGED: N_(
        "{path} is damaged: {detail}. 'tcpchat repair' saves what can be read of it; the others still have the conversation."
    ),
    HOPELESS: N_(
        "{path} is damaged, and nothing of it can be read: {detail}. Move it away to begin anew: the others still have the "
        "conversation."
    ),
    OTHER_PASSPHRASE: N_(
        "The passphrase is not the one that this group had before: {path} is its conversation. Check what you gave; a new "
        "passphrase makes a new group, which needs another --group name."
    ),
    CHANGED: N_("{path} was written to while it was read: a peer has just started. Try again."),
    HOMELESS: N_(
        "It is not known where your home directory {path} is, to keep keys and messages in: set HOME, or choose a --data "
        "directory."
    ),
    UNKEPT: N_("Messages that could not be kept in {path}: {detail}. They are lost here unless others hold them."),
    LOST: N_(
        "{path} was deleted while it was in use, and could not be made anew: what was kept there is lost here unless others "
        "hold it."
    ),
    RESCUED: N_(
        "{path} was replaced while it was in use. What was kept there, and since, is in {detail}: put that in its place to "
        "go on with it."
    ),
    ALIKE: N_(
        "That --name is easily taken for {detail}, which is another identity in {path}. Choose a name that is not, or another "
        "--data directory."
    ),
}
"""Every code, with its sentence in English."""

DELETED = N_("the database was deleted while it was in use")
REPLACED = N_("another file is where the database was; once that is moved away, the database is made anew")
"""The trouble of a store for which the operating system has no words."""


class StorageError(StoreError):
    """A file or directory that can't be used; `str` says which, why and what to do.

    `code` is a key of `SENTENCES`, `path` and `detail` fill its sentence.
    """

    def __init__(self, code: str, path: Path, detail: object = "") -> None:
        self.code = code
        self.path = path
        self.detail = str(detail)
        super().__init__(SENTENCES[code].format(path=path, detail=self.detail))


class InUse(StorageError):
    """Another process holds an identity; `detail` is how that process describes itself."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(IN_USE, path, holder)
