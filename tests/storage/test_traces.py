"""What was given up is in no file any more."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from tests.kit.feeding import Author
from tests.storage.test_sqlite import OnDisk
from twisted_chat.storage import database
from twisted_chat.storage.folders import DataDirectory

WORD = "zebrafish"


def found(directory: Path, word: str = WORD) -> list[str]:
    """Return the names of the files that have a word."""
    return sorted(path.name for path in directory.rglob("*") if path.is_file() and word.encode() in path.read_bytes())


class TracesTests(OnDisk):
    """A database in a directory of its own, on an SQLite that would leave what it deletes."""

    def setUp(self) -> None:
        connect = sqlite3.connect

        def careless(*arguments: Any, **more: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **more)
            connection.execute("PRAGMA secure_delete = OFF")
            return connection

        self.patch(database.sqlite3, "connect", careless)
        super().setUp()
        self.close()
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.path = self.directory / "chat.db"
        self.store = self.open()
        self.keep(*(Author(number).batch(1, 20, f"{WORD} {{}}") for number in range(1, 20)))
        self.assertEqual(len(self.search(WORD, 99)), 99)

    def give_up(self) -> None:
        """Give up all that was received."""
        self.result(self.store.trim(int(self.wall() * 1000) + 1))

    def test_given_up(self) -> None:
        """Neither the database, its log nor the word index has a word of what was given up; what is said then is found."""
        self.assertNotEqual(found(self.directory), [])
        self.give_up()
        self.result(self.store.sizes())
        self.assertEqual(found(self.directory), [])
        self.keep(Author(30).batch(1, 1, "after"))
        self.assertEqual((len(self.search(WORD)), len(self.search("after"))), (0, 1))

    def test_copies_of_former_formats(self) -> None:
        """Nor has the copy that an upgrade left."""
        copy = self.path.with_name(self.path.name + ".v1.bak")
        copy.write_bytes(self.path.read_bytes())
        self.give_up()
        self.reopen()
        self.assertEqual(found(self.directory), [])

    def test_nothing_given_up(self) -> None:
        """If nothing is old enough the index stays, and the copy too."""
        copy = self.path.with_name(self.path.name + ".v1.bak")
        copy.touch()
        self.result(self.store.trim(0))
        self.result(self.store.sizes())
        self.assertTrue(copy.exists())
        self.assertEqual(len(self.search(WORD, 99)), 99)

    def test_forgotten(self) -> None:
        """After `forget` no file of the identity has a word of it, whichever version kept it."""
        folder = DataDirectory(self.directory / "data").identity("Ana")
        self.assertEqual(folder.former("chat", False).name, "chat-2df9f4865e.db")
        for path in (folder.database("chat", False), folder.former("chat", False)):
            for suffix in ("", "-wal", ".v2.bak", ".damaged-1", ".rescued-1"):
                path.with_name(path.name + suffix).write_text(WORD)
        folder.typed.write_text(WORD)
        folder.erase("chat", False)
        self.assertEqual(found(folder.path), [])
