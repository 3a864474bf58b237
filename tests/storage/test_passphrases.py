"""The note of the passphrase under which a conversation is held."""

from __future__ import annotations

import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.storage.errors import OTHER_PASSPHRASE, StorageError
from twisted_chat.storage.passphrases import PassphraseNote


class PassphraseNoteTests(SynchronousTestCase):
    """`PassphraseNote`."""

    def setUp(self) -> None:
        self.database = Path(self.mktemp())
        self.database.parent.mkdir(parents=True, exist_ok=True)
        self.note = self.database.with_name(f"{self.database.name}.passphrase")

    def refused(self, passphrase: str) -> None:
        """Assert that the conversation may not go on under this passphrase, and that the refusal doesn't repeat it."""
        error = self.assertRaises(StorageError, PassphraseNote(self.database, passphrase).check)
        self.assertEqual((error.code, error.path), (OTHER_PASSPHRASE, self.database))
        self.assertNotIn(passphrase, str(error))

    def test_another(self) -> None:
        """Once noted, no other passphrase will do; the same one does."""
        PassphraseNote(self.database, "xyzzy plugh").write()
        PassphraseNote(self.database, "xyzzy plugh").check()
        self.refused("xyzzy plugH")

    def test_not_yet(self) -> None:
        """As long as nothing is noted any will do, and looking notes nothing: the first may have been a slip."""
        PassphraseNote(self.database, "xyzzy plugH").check()
        self.assertFalse(self.note.exists())

    def test_first_stays(self) -> None:
        """What is noted is never replaced."""
        PassphraseNote(self.database, "xyzzy plugh").write()
        PassphraseNote(self.database, "open sesame").write()
        self.refused("open sesame")

    def test_secret(self) -> None:
        """The note is its owner's only, has nothing of the passphrase, and is another one each time."""
        notes = []
        for _ in range(2):
            PassphraseNote(self.database, "xyzzy plugh").write()
            self.assertEqual(stat.S_IMODE(self.note.stat().st_mode), 0o600)
            notes.append(self.note.read_bytes())
            self.note.unlink()
        self.assertNotEqual(*notes)
        self.assertNotIn(b"xyzzy", b"".join(notes))

    def test_damaged(self) -> None:
        """A note that can't be read lets nobody in: better told to look than let the wrong ones read."""
        for damaged in (b"no base64!", b"AAAA", b"\xff"):
            self.note.write_bytes(damaged)
            self.refused("xyzzy plugh")
