"""Opening database files."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.storage.database import APPLICATION, SCHEMA, VERSION, open_database, open_for_reading
from twisted_chat.storage.errors import CHANGED, NEWER, NOT_OURS, UNUSABLE, StorageError
from twisted_chat.storage.members import read_members


class OpeningTests(SynchronousTestCase):
    """New, known, older, newer and strange files."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def fails(self, code: str) -> StorageError:
        error = self.assertRaises(StorageError, open_database, self.path)
        self.assertEqual((error.code, error.path), (code, self.path))
        return error

    def scripts(self, **steps: str) -> Path:
        """Make a directory with today's schema and further steps."""
        directory = Path(self.mktemp())
        directory.mkdir()
        for version in range(1, VERSION + 1):
            (directory / f"{version}.sql").write_text((SCHEMA / f"{version}.sql").read_text())
        for name, sql in steps.items():
            (directory / f"{name.removeprefix('to_')}.sql").write_text(sql)
        return directory

    def pragma(self, name: str, path: Path | None = None) -> object:
        with closing(sqlite3.connect(path or self.path)) as database:
            return database.execute(f"PRAGMA {name}").fetchone()[0]

    def test_new(self) -> None:
        """A new database is ours, of today's version, safe against power cuts, and its owner's only."""
        with closing(open_database(self.path)) as database:
            settings = {
                name: database.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("user_version", "application_id", "journal_mode", "synchronous", "fullfsync")
            }
        expected = {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1}
        self.assertEqual(settings, {"user_version": VERSION, "application_id": APPLICATION, **expected})
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    def test_again(self) -> None:
        """Opening what was made finds it as it was."""
        with closing(open_database(self.path)) as database:
            database.execute("UPDATE indexed SET upto = 7")
        with closing(open_database(self.path)) as database:
            self.assertEqual(database.execute("SELECT upto FROM indexed").fetchall(), [(7,)])

    def test_made_halfway(self) -> None:
        """If making it fails halfway nothing of it is there, and the next try makes all of it."""
        broken = self.scripts()
        script = broken / f"{VERSION}.sql"
        script.write_text(script.read_text() + "; CREATE TABLE feeds (x)")
        self.assertRaises(StorageError, open_database, self.path, broken)
        with closing(sqlite3.connect(self.path)) as database:
            self.assertEqual(database.execute("SELECT * FROM sqlite_master").fetchall(), [])
        open_database(self.path).close()
        self.assertEqual(self.pragma("user_version"), VERSION)

    def test_upgrade(self) -> None:
        """An older database is upgraded step by step; a copy of what it was stays beside it."""
        open_database(self.path).close()
        new = VERSION + 2
        steps = {
            f"to_{VERSION + 1}": "CREATE TABLE pins (id)",
            f"to_{new}": "INSERT INTO pins VALUES (5)",
        }
        with closing(open_database(self.path, self.scripts(**steps), new)) as database:
            self.assertEqual(database.execute("SELECT id FROM pins").fetchall(), [(5,)])
        self.assertEqual(self.pragma("user_version"), new)
        backup = self.path.with_name(f"{self.path.name}.v{VERSION}.bak")
        self.assertEqual(self.pragma("user_version", backup), VERSION)
        self.assertEqual(backup.stat().st_mode & 0o777, 0o600)

    def test_upgrade_fails(self) -> None:
        """A step that fails leaves the version before it, whole."""
        open_database(self.path).close()
        steps = {f"to_{VERSION + 1}": "CREATE TABLE pins (id); INSERT INTO nowhere VALUES (1)"}
        self.assertRaises(StorageError, open_database, self.path, self.scripts(**steps), VERSION + 1)
        self.assertEqual(self.pragma("user_version"), VERSION)
        open_database(self.path).close()

    def columns(self, path: Path) -> dict[str, list[tuple[object, ...]]]:
        """Return the columns of each table, and the indexes."""
        with closing(sqlite3.connect(path)) as database:
            names = database.execute("SELECT name, type FROM sqlite_master ORDER BY name").fetchall()
            return {
                name: sorted(row[1:] for row in database.execute(f"PRAGMA table_info({name})")) for name, _ in names
            }

    def test_from_every_version(self) -> None:
        """A database of any former version becomes, step by step, what a new one is."""
        new = Path(self.mktemp())
        open_database(new).close()
        for version in range(1, VERSION):
            path = Path(self.mktemp())
            open_database(path, version=version).close()
            self.assertEqual(self.pragma("user_version", path), version)
            open_database(path).close()
            self.assertEqual(self.pragma("user_version", path), VERSION)
            self.assertEqual(self.columns(path), self.columns(new))

    def test_read_an_older_one(self) -> None:
        """What a former version wrote is read as if it were of today, and left as it is."""
        open_database(self.path, version=1).close()
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("INSERT INTO feeds VALUES (7, x'', 1, 1, 1, 0, 0, 0, x'', 1, 1)")
            database.commit()
        before = self.path.read_bytes()
        with open_for_reading(self.path) as database:
            self.assertEqual(database.execute("PRAGMA user_version").fetchone(), (VERSION,))
            self.assertEqual(database.execute("SELECT id FROM feeds").fetchone(), (7,))
            self.assertEqual(read_members(database), [])
        self.assertEqual(self.pragma("user_version"), 1)
        self.assertEqual(self.path.read_bytes(), before)

    def test_read_beside_a_writer(self) -> None:
        """What is committed when reading begins is read, and nothing of what is written on."""
        with closing(open_database(self.path)) as writer:
            writer.execute("UPDATE indexed SET upto = 1")
            with open_for_reading(self.path) as database:
                database.execute("BEGIN")
                self.assertEqual(database.execute("SELECT upto FROM indexed").fetchone(), (1,))
                writer.execute("UPDATE indexed SET upto = 2")
                self.assertEqual(database.execute("SELECT upto FROM indexed").fetchone(), (1,))
                self.assertRaises(sqlite3.OperationalError, database.execute, "UPDATE indexed SET upto = 3")

    def test_read_leaves_no_trace(self) -> None:
        """Of a database that nobody has open nothing is changed, and nothing is put beside it."""
        open_database(self.path).close()
        beside = sorted(self.path.parent.iterdir())
        before = self.path.stat().st_mtime_ns, self.path.parent.stat().st_mtime_ns
        with open_for_reading(self.path) as database:
            self.assertEqual(read_members(database), [])
            self.assertEqual(sorted(self.path.parent.iterdir()), beside)
        self.assertEqual((self.path.stat().st_mtime_ns, self.path.parent.stat().st_mtime_ns), before)

    def test_read_without_an_index(self) -> None:
        """Where SQLite can't have the index of its write-ahead log, as on a read-only medium, what is in the log is read all the
        same, from a copy of which nothing stays."""
        with closing(open_database(self.path)) as writer:
            writer.execute("UPDATE indexed SET upto = 7")
            for end in ("", "-wal"):
                shutil.copyfile(f"{self.path}{end}", f"{self.path}.left{end}")
        left, scratch = Path(f"{self.path}.left"), Path(self.mktemp())
        Path(f"{left}-shm").symlink_to("nowhere")  # which SQLite does not follow
        scratch.mkdir()
        self.patch(tempfile, "tempdir", str(scratch))
        with open_for_reading(left) as database:
            self.assertEqual(database.execute("SELECT upto FROM indexed").fetchone(), (7,))
            self.assertEqual(list(scratch.iterdir()), [])

    def test_written_while_read(self) -> None:
        """Whoever begins to write to a database that nobody had open is noticed: what was read may be neither old nor new."""
        open_database(self.path).close()

        def read() -> None:
            with open_for_reading(self.path), closing(open_database(self.path)) as writer:
                writer.execute("UPDATE indexed SET upto = 7")

        self.assertEqual(self.assertRaises(StorageError, read).code, CHANGED)

    def test_newer(self) -> None:
        """What a newer version wrote is refused, not touched."""
        open_database(self.path).close()
        with closing(sqlite3.connect(self.path)) as database:
            database.execute(f"PRAGMA user_version = {VERSION + 1}")
        before = self.path.read_bytes()
        self.assertIn("newer", str(self.fails(NEWER)))
        self.assertEqual(self.path.read_bytes(), before)

    def test_not_a_database(self) -> None:
        """A file that is something else is refused, not touched."""
        content = b"[22/11/2026 14:03:09] : [MSG RECEBIDA] Ana: oi\n" * 100
        self.path.write_bytes(content)
        self.fails(NOT_OURS)
        self.assertEqual(self.path.read_bytes(), content)

    def test_other_program(self) -> None:
        """Another program's database is refused, not touched."""
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("CREATE TABLE bookmarks (url)")
        before = self.path.read_bytes()
        self.fails(NOT_OURS)
        self.assertEqual(self.path.read_bytes(), before)

    def test_damaged(self) -> None:
        """A database whose inside is garbage is an error with the path in it, whatever SQLite calls it."""
        open_database(self.path).close()
        content = self.path.read_bytes()
        self.path.write_bytes(content[:100] + b"\xa5" * (len(content) - 100))
        error = self.assertRaises(StorageError, open_database, self.path)
        self.assertIn(str(self.path), str(error))

    def test_no_directory(self) -> None:
        """A path that can't be opened is named."""
        self.path = self.path / "nowhere" / "chat.db"
        self.fails(UNUSABLE)
