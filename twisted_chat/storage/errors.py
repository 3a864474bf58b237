"""What can be wrong with files, in words for people."""

from __future__ import annotations

from pathlib import Path

from twisted_chat.core.errors import ChatError
from twisted_chat.core.marks import N_

UNUSABLE = "storage-unusable"
KEY_DAMAGED = "storage-key-damaged"
INDEX_DAMAGED = "storage-index-damaged"
IN_USE = "storage-in-use"
NOT_OURS = "storage-not-ours"
NEWER = "storage-newer"
DAMAGED = "storage-damaged"
UNKEPT = "storage-unkept"
OTHER_PASSPHRASE = "storage-other-passphrase"
ALIKE = "storage-alike"

SENTENCES = {
    UNUSABLE: N_(
        "{path} can't be used: {detail}. Check its permissions and the space left, or choose another --data directory."
    ),
    KEY_DAMAGED: N_(
        "{path} is not a key. Restore it from a backup; without one, move its directory away to begin as somebody new."
    ),
    INDEX_DAMAGED: N_(
        "{path} can't be read. Restore it, or delete it: only which identity goes with a later /nick is forgotten."
    ),
    IN_USE: N_("{path} is in use by another process: {detail}. Stop it, or choose another --name or --data directory."),
    NOT_OURS: N_("{path} is not a tcpchat database ({detail}). Move it away or choose another --data directory."),
    NEWER: N_(
        "{path} was written by a newer tcpchat (format {detail}). Update tcpchat, or choose another --data directory."
    ),
    DAMAGED: N_("{path} is damaged: {detail}. Move it away to begin anew: the others still have the conversation."),
    OTHER_PASSPHRASE: N_(
        "The passphrase is not the one that this group had before: {path} is its conversation. Check what you gave; a new "
        "passphrase makes a new group, which needs another --group name."
    ),
    ALIKE: N_(
        "That --name is easily taken for {detail}, which is another identity in {path}. Choose a name that is not, or another "
        "--data directory."
    ),
    UNKEPT: N_("{path} could not take {detail} batches before the end; they are lost here unless others hold them."),
}
"""Every code, with its sentence in English."""


class StorageError(ChatError):
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
