"""The data directory: a folder for each identity, with its key and its databases.

    names.json                      which folder belongs to each name an identity has used
    identities/ana-5f1c0e6a2b/      readable by the owner only
        key                         32 secret bytes in base64
        chat-9be2d14c07.db          a database for each group
        lock, holder                held by the one process that is this identity; who that is

Everything here is quick, blocks, and is meant for before the reactor runs. Whatever the operating system refuses is a
`StorageError` that names the path.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b, sha256
from pathlib import Path

import platformdirs
from filelock import BaseFileLock, FileLock, Timeout

from twisted_chat.core.keys import SEED_BYTES, Identity
from twisted_chat.core.writing.skeleton import skeleton
from twisted_chat.storage.errors import ALIKE, HOMELESS, INDEX_DAMAGED, KEY_DAMAGED, KEY_MISSING, InUse, StorageError
from twisted_chat.storage.files import explained, make_private, sync_directory, write_whole

UNKNOWN_HOLDER = "unknown"
"""The words for a process that has just taken hold of an identity, or is just letting go of it."""
LOCK_SECONDS = 10
"""Seconds that another process may hold the index, which takes milliseconds, before that is an error."""


class DataDirectory:
    """A user's identities, each in its folder."""

    def __init__(self, root: Path | None = None) -> None:
        """`root` need not exist yet; it is the platform's place for user data if not given.

        Raises `StorageError` if it is not given and this user has no such place.
        """
        self.root = root or usual_root()
        self._index = self.root / "names.json"

    def find(self, name: str) -> IdentityFolder | None:
        """Return the identity that has used `name`, None if none has. Makes and changes nothing; raises as `_seed` does."""
        with explained(self.root):
            path = self._path(self._read(), name)
            return IdentityFolder(self, path) if (path / "key").exists() or _has_databases(path) else None

    def names(self) -> list[str]:
        """Return every name that an identity has used, in the form in which names are compared."""
        with explained(self.root):
            return sorted(self._read())

    def identity(self, name: str) -> IdentityFolder:
        """Return the identity that has used `name`, first or later; make one, with a new key, if none has.

        Names that differ only in case, or in how Unicode writes the same letters, are one. One that else looks like another's is
        refused, for others would take it for that. A missing `root` is created. Raises `StorageError`.
        """
        with explained(self.root):
            # Left as it is if there: it may be shared on purpose.
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(self.root / "identities")
            with self._exclusively():
                names = self._read()
                if _folded(name) not in names and (other := self._alike(names, name)) is not None:
                    raise StorageError(ALIKE, self.root, other)
                path = self._path(names, name)
                make_private(path)
                _make_key(path / "key")
                found = IdentityFolder(self, path)
                self._add(names, name, path.name)
        return found

    def remember(self, name: str, folder: str) -> None:
        """Let `identity(name)` find `folder` from now on, unless the name, or one like it, is another identity's already."""
        with explained(self.root), self._exclusively():
            names = self._read()
            if self._alike(names, name, folder) is None:
                self._add(names, name, folder)

    def _path(self, names: dict[str, str], name: str) -> Path:
        folder = names.get(_folded(name)) or _file_name(name, _folded(name))
        return self.root / "identities" / folder

    def _alike(self, names: dict[str, str], name: str, folder: str = "") -> str | None:
        """Return a name like `name` that leads to another folder than `folder`, if there is one."""
        looks = skeleton(name)
        # The names are there in small letters: of some alphabets only the capitals look like others.
        return next(
            (x for x, its in names.items() if its != folder and looks in (skeleton(x), skeleton(x.upper()))), None
        )

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        try:
            with FileLock(self.root / "names.lock", timeout=LOCK_SECONDS, mode=0o600):
                yield
        except Timeout:
            raise InUse(self._index, "it holds names.lock") from None

    def _read(self) -> dict[str, str]:
        try:
            names = json.loads(self._index.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            names = None
        if not isinstance(names, dict) or not all(map(_is_file_name, names.values())):
            raise StorageError(INDEX_DAMAGED, self._index)
        return names

    def _add(self, names: dict[str, str], name: str, folder: str) -> None:
        if names.setdefault(_folded(name), folder) == folder:
            write_whole(self._index, json.dumps(names, indent=1, sort_keys=True).encode())


class IdentityFolder:
    """One identity's files. Made by `DataDirectory.identity`."""

    def __init__(self, directory: DataDirectory, path: Path) -> None:
        self.path = path
        self.typed = path / "typed"
        """The lines that were typed at a terminal, of every group."""
        self.identity = Identity(_seed(path / "key"))
        self._directory = directory
        self._lock: BaseFileLock | None = None
        self._holder = path / "holder"

    def database(self, group: str, closed: bool) -> Path:
        """Return the path of the group's conversation. An open and a closed group of one name have two."""
        return self.path / (_file_name(group, _decides(group, closed)) + ".db")

    def former(self, group: str, closed: bool) -> Path:
        """Return the path of a former version's conversation of the group. It was signed in another way, and can't be read
        now."""
        decides = _decides(group, closed)
        digest = blake2b(decides.encode(), digest_size=5).hexdigest()
        return self.path / (_file_name(group, decides).replace(_digest(decides), digest) + ".db")

    def conversations(self) -> list[str]:
        """Return the groups whose conversation is kept here: the part of each name that its file's name shows."""
        with explained(self.path):
            return sorted(path.stem.rpartition("-")[0] or path.stem for path in self.path.glob("*.db"))

    def erase(self, group: str, closed: bool) -> None:
        """Delete the group's conversation, with the copies that upgrades left and what a former version kept of it; with the last
        one go the lines that were typed. The identity is to be locked."""
        databases = [self.former(group, closed), self.database(group, closed)]
        with explained(databases[-1]):
            if all(path in databases for path in self.path.glob("*.db")):
                self.typed.unlink(missing_ok=True)  # first: there is no second time without a conversation
            # The database last: without its write-ahead log it is whole, the log without it is not.
            for database in databases:
                for path in sorted(self.path.glob(f"{database.name}*"), reverse=True):
                    path.unlink(missing_ok=True)
            sync_directory(self.path)

    def remember(self, name: str) -> None:
        """Let `DataDirectory.identity(name)` find this folder from now on, unless another identity has used the name."""
        self._directory.remember(name, self.path.name)

    def lock(self, description: str) -> None:
        """Keep other processes out until `unlock`, or until this object or the process is gone.

        `description` says in one line who we are: name, port, pid. Raises `InUse` with the other's if it was first.
        Call it in the process that stays: after twistd became a daemon.
        """
        with explained(self._holder):
            self._lock = FileLock(self.path / "lock", timeout=0, mode=0o600)  # it refuses to be carried through a fork
            try:
                self._lock.acquire()
            except Timeout:
                raise InUse(self.path, self._read_holder()) from None
            write_whole(self._holder, description.encode() + b"\n")

    def unlock(self) -> None:
        """Let others in. Does nothing if `lock` was not called, and never fails: the lock goes with the process anyway."""
        if self._lock is not None and self._lock.is_locked:
            with suppress(OSError):
                self._holder.unlink(missing_ok=True)
            with suppress(OSError):
                self._lock.release()

    def _read_holder(self) -> str:
        try:
            return self._holder.read_text(encoding="utf-8", errors="replace").strip() or UNKNOWN_HOLDER
        except FileNotFoundError:
            return UNKNOWN_HOLDER


def usual_root() -> Path:
    """Return the platform's place for user data. Raises `StorageError` if this user has none."""
    try:
        root = platformdirs.user_data_path("tcpchat", appauthor=False)
    except RuntimeError:
        root = Path()
    if not root.is_absolute():  # older releases of platformdirs leave `~` as it is: it would be made right here
        raise StorageError(HOMELESS, Path("~"))
    return root


def _make_key(path: Path) -> None:
    """Make a key file if there is none, and close it to others."""
    if not path.exists() and not _has_databases(path.parent):
        write_whole(path, base64.b64encode(secrets.token_bytes(SEED_BYTES)) + b"\n")
    if path.exists():
        path.chmod(0o600)


def _seed(path: Path) -> bytes:
    """Return the secret in the key file. Raises `StorageError` if it is gone from what was kept under it, or is no key."""
    if not path.exists() and _has_databases(path.parent):
        raise StorageError(KEY_MISSING, path)
    with explained(path):
        content = path.read_bytes()
    try:
        seed = base64.b64decode(content.strip(), validate=True)
    except binascii.Error:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise StorageError(KEY_DAMAGED, path)
    return seed


def _has_databases(folder: Path) -> bool:
    return any(folder.glob("*.db"))


def _folded(name: str) -> str:
    """Return the form by which names are compared."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _file_name(name: str, decides: str) -> str:
    """Return a file name, safe everywhere, that people recognise as `name`; names are told apart by `decides`."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub("[^a-z0-9]+", "-", plain)[:24].strip("-")
    digest = _digest(decides)
    return f"{slug}-{digest}" if slug else digest


def _digest(decides: str) -> str:
    return sha256(decides.encode()).hexdigest()[:10]


def _decides(group: str, closed: bool) -> str:
    return f"{'closed' if closed else 'open'}\0{group}"


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[a-z0-9-]+", value) is not None
