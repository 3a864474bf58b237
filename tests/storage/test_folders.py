"""The data directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.storage.errors import (
    ALIKE,
    HOMELESS,
    INDEX_DAMAGED,
    KEY_DAMAGED,
    KEY_MISSING,
    SENTENCES,
    UNUSABLE,
    InUse,
    StorageError,
)
from twisted_chat.storage.folders import DataDirectory

HOLD = """
import sys
from pathlib import Path
from twisted_chat.storage.folders import DataDirectory
ana = DataDirectory(Path(sys.argv[1])).identity("Ana")
ana.lock("Ana, port 5002, pid 77")
print("held", flush=True)
sys.stdin.read()
"""


class DirectoryCase(SynchronousTestCase):
    """With a directory of its own."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp()) / "tcpchat"

    def directory(self) -> DataDirectory:
        return DataDirectory(self.root)


class IdentityTests(DirectoryCase):
    """Whose key goes with a name."""

    def key(self, name: str) -> bytes:
        return self.directory().identity(name).identity.id

    def test_stays(self) -> None:
        """A name has the same key at every start."""
        self.assertEqual(self.key("Ana"), self.key("Ana"))
        self.assertNotEqual(self.key("Ana"), self.key("Bia"))

    def test_same_name(self) -> None:
        """Case and Unicode's ways to write one letter make no other name; an accent does."""
        self.assertEqual(self.key("José"), self.key("JOSE\u0301"))
        self.assertEqual(self.key("Straße"), self.key("STRASSE"))
        self.assertNotEqual(self.key("José"), self.key("Jose"))

    def test_look_alikes(self) -> None:
        """Nobody begins under a name that is taken for another's here; who has used both goes on."""
        ana = self.key("Diana")
        for name in ("Dıana", "DІАNА", "D1ana", "ᴅɪᴀɴᴀ", "Dlana"):
            error = self.assertRaises(StorageError, self.directory().identity, name)
            self.assertEqual((error.code, error.detail), (ALIKE, "diana"), name)
            self.assertIsNone(self.directory().find(name))
        self.directory().identity("Diana").remember("D1ana")
        self.assertEqual(self.key("D1ana"), ana)
        self.directory().identity("Bia").remember("D1ana")
        self.directory().identity("Bia").remember("Dıana")
        self.assertEqual(self.key("D1ana"), ana)
        self.assertIsNone(self.directory().find("Dıana"))

    def test_capitals_that_look_alike(self) -> None:
        """The names are remembered in small letters: capitals count too."""
        self.key("ΑΝΑ")
        self.assertRaises(StorageError, self.directory().identity, "Ana")

    def test_any_script(self) -> None:
        """Whatever the name, its folder's name is safe on every file system, and its own."""
        names = ["Ana", "Aná", "../../etc", "con", "日本", "👩‍💻", ".", "a" * 32, "a/b", "a b", "NUL", "-"]
        folders = [self.directory().identity(name).path for name in names]
        self.assertEqual(len(set(folders)), len(names))
        for folder in folders:
            self.assertRegex(folder.name, r"\A[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?\Z")
            self.assertEqual(folder.parent, self.root / "identities")

    def test_renamed(self) -> None:
        """An identity is found by every name it has used."""
        ana = self.directory().identity("Ana")
        ana.remember("Aninha")
        self.assertEqual(self.key("aninha"), ana.identity.id)
        self.assertEqual(self.key("Ana"), ana.identity.id)

    def test_not_taken_away(self) -> None:
        """Using another identity's name does not take that identity's name from it."""
        bia = self.key("Bia")
        self.directory().identity("Ana").remember("Bia")
        self.assertEqual(self.key("Bia"), bia)

    def test_index_lost(self) -> None:
        """Without its index an identity is still found by its first name."""
        ana = self.key("Ana")
        (self.root / "names.json").unlink()
        self.assertEqual(self.key("Ana"), ana)

    def test_private(self) -> None:
        """Only the owner can look inside; what was left open is closed."""
        ana = self.directory().identity("Ana")
        key = ana.path / "key"
        key.chmod(0o644)
        ana.path.chmod(0o755)
        ana = self.directory().identity("Ana")
        ana.lock("Ana")
        self.addCleanup(ana.unlock)
        for path in [self.root, *self.root.rglob("*")]:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_only_looked_at(self) -> None:
        """Who only looks for an identity changes nothing, whatever its files are like."""
        ana = self.directory().identity("Ana")
        key = ana.path / "key"
        key.chmod(0o440)
        ana.path.chmod(0o550)
        before = [path.stat().st_ctime_ns for path in (ana.path, key)]
        found = self.directory().find("Ana")
        assert found is not None
        self.assertEqual(found.identity.id, ana.identity.id)
        self.assertEqual([path.stat().st_ctime_ns for path in (ana.path, key)], before)
        ana.path.chmod(0o700)

    def test_shared_root(self) -> None:
        """A directory that was there keeps its permissions: only what is put inside is closed to others."""
        self.root.mkdir(parents=True)
        self.root.chmod(0o755)
        self.directory()
        self.assertEqual(self.root.stat().st_mode & 0o777, 0o755)

    if os.name != "posix":
        test_shared_root.skip = "POSIX permissions"  # type: ignore[attr-defined]
        test_private.skip = "POSIX permissions"  # type: ignore[attr-defined]


class DatabaseTests(DirectoryCase):
    """Where conversations are kept."""

    def test_one_a_group(self) -> None:
        """Each group has its file; one name, open and closed, is two groups, and so are two spellings."""
        ana = self.directory().identity("Ana")
        groups = [("chat", False), ("chat", True), ("Chat", True), ("família", True), ("familia", True)]
        self.assertEqual(len({ana.database(*group) for group in groups}), len(groups))
        self.assertEqual(ana.database("chat", True), self.directory().identity("ana").database("chat", True))
        self.assertEqual(ana.database("chat", True).parent, ana.path)


class DamageTests(DirectoryCase):
    """What can't be used is named, with what to do."""

    def fails(self, code: str, path: Path) -> None:
        error = self.assertRaises(StorageError, lambda: self.directory().identity("Ana"))
        self.assertEqual((error.code, error.path), (code, path))
        self.assertIn(str(path), str(error))

    def test_key(self) -> None:
        """A key file that holds no key is never replaced."""
        key = self.directory().identity("Ana").path / "key"
        for content in (b"", b"!!!\n", b"AAAA", b"\xff" * 40):
            key.write_bytes(content)
            self.fails(KEY_DAMAGED, key)
            self.assertEqual(key.read_bytes(), content)

    def test_key_missing(self) -> None:
        """A database without its key is not given a new one, by no command; without a database there is nothing to lose."""
        folder = self.directory().identity("Ana")
        key = folder.path / "key"
        key.unlink()
        self.directory().identity("Ana")
        key.unlink()
        folder.database("chat", False).touch()
        self.fails(KEY_MISSING, key)
        self.assertRaises(StorageError, self.directory().find, "Ana")
        self.assertFalse(key.exists())

    def test_index(self) -> None:
        """An index that can't be read, or leads out of the directory, is not guessed at."""
        self.directory().identity("Ana")
        index = self.root / "names.json"
        for content in (b"{", b"[]", b"\xff", b'{"ana": 1}', json.dumps({"ana": "../.."}).encode()):
            index.write_bytes(content)
            self.fails(INDEX_DAMAGED, index)

    def test_directory(self) -> None:
        """A directory that can't be made is named."""
        self.root.parent.mkdir()
        self.root.write_bytes(b"")
        self.fails(UNUSABLE, self.root)

    def test_sentences(self) -> None:
        """Each code has a sentence with the path in it."""
        for code in SENTENCES:
            self.assertIn("here", str(StorageError(code, Path("here"), "why")))


class HomeTests(SynchronousTestCase):
    """The place for data where none is given."""

    def setUp(self) -> None:
        for name in ("HOME", "XDG_DATA_HOME"):
            self.patch(os, "environ", {each: value for each, value in os.environ.items() if each != name})

    def nobody_known(self) -> None:
        """Have this user unknown to the system."""
        import pwd

        self.patch(pwd, "getpwuid", lambda uid: pwd.getpwnam("nobody of this name"))

    def test_nowhere(self) -> None:
        """Without `HOME` and an entry for the user there is none; nothing is made in a directory called `~`."""
        self.nobody_known()
        self.assertEqual(self.assertRaises(StorageError, DataDirectory).code, HOMELESS)
        for place in (Path("~"), Path("~/.local/share/tcpchat")):  # as releases of platformdirs differ
            self.patch(platformdirs, "user_data_path", lambda *_, place=place, **__: place)
            self.assertEqual(self.assertRaises(StorageError, DataDirectory).code, HOMELESS)

    def test_told_otherwise(self) -> None:
        """A place given is one, and the environment may name it."""
        self.nobody_known()
        self.assertEqual(DataDirectory(Path("here")).root, Path("here"))
        os.environ["XDG_DATA_HOME"] = "/there"
        self.assertEqual(DataDirectory().root, Path("/there/tcpchat"))

    if os.name != "posix":
        skip = "HOME is POSIX's"


class LockTests(DirectoryCase):
    """One process is one identity."""

    def test_second(self) -> None:
        """The second to come hears who was first, and gets in once that one has left."""
        first, second = self.directory().identity("Ana"), self.directory().identity("Ana")
        first.lock("Ana, port 5002, pid 77")
        self.addCleanup(first.unlock)
        error = self.assertRaises(InUse, second.lock, "Ana, port 5003, pid 78")
        self.assertIn("Ana, port 5002, pid 77", str(error))
        first.unlock()
        second.lock("Ana, port 5003, pid 78")
        second.unlock()

    def test_others(self) -> None:
        """Other identities are not held up."""
        for name in ("Ana", "Bia"):
            folder = self.directory().identity(name)
            folder.lock(name)
            self.addCleanup(folder.unlock)

    def test_unlock_first(self) -> None:
        """Unlocking what isn't locked does nothing, to another's lock neither."""
        first, second = self.directory().identity("Ana"), self.directory().identity("Ana")
        first.lock("Ana")
        self.addCleanup(first.unlock)
        second.unlock()
        self.assertEqual(self.assertRaises(InUse, second.lock, "Ana").detail, "Ana")

    def test_unlock_on_a_bad_disk(self) -> None:
        """Letting go never fails, whatever the disk does: it would be taken for what was done before."""
        ana = self.directory().identity("Ana")
        ana.lock("Ana")
        ana._holder.unlink()
        ana._holder.mkdir()
        ana.unlock()
        ana._holder.rmdir()
        self.directory().identity("Ana").lock("Ana again")

    def test_killed(self) -> None:
        """The lock of a process that was killed is free, whatever its note says."""
        command = [sys.executable, "-c", HOLD, str(self.root.absolute())]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(command, stdin=-1, stdout=-1, env=environment) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            ana = self.directory().identity("Ana")
            error = self.assertRaises(InUse, ana.lock, "Ana")
            self.assertEqual(error.detail, "Ana, port 5002, pid 77")
            holder.kill()
        ana.lock("Ana")
        ana.unlock()
