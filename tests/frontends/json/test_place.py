"""Where a socket may be made."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from twisted_chat.core.errors import ChatError

if os.name != "posix":
    raise SkipTest("sockets with a path are POSIX's")

from twisted_chat.frontends.json.place import MAX_PATH, taken


class PlaceTests(SynchronousTestCase):
    """What is there already, and whose directory it is."""

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())  # mktemp's paths are longer than a socket's may be
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = self.directory / "rpc"

    def refused(self, path: Path) -> str:
        def take() -> None:
            with taken(path):
                self.fail("taken")

        return str(self.assertRaises(ChatError, take))

    def listening(self, path: Path) -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        self.addCleanup(made.close)
        made.bind(os.fspath(path))
        return made

    def test_private(self) -> None:
        """What is made there is its owner's alone from the first moment, whatever the umask; that is as it was afterwards."""
        mask = os.umask(0)
        self.addCleanup(os.umask, mask)
        with taken(self.path):
            self.listening(self.path)
            self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(os.umask(0), 0)

    def test_left_over(self) -> None:
        """A socket at which nobody listens is removed; one at which somebody does is not, nor is a link to it followed."""
        made = self.listening(self.path)
        made.listen()
        self.assertIn("another program listens there", self.refused(self.path))
        link = self.directory / "link"
        link.symlink_to(self.path)
        self.assertIn("no socket", self.refused(link))
        made.close()
        with taken(self.path):
            self.assertFalse(self.path.exists())
        self.assertTrue(link.is_symlink())

    def test_other_files(self) -> None:
        """A file, a directory, a link to nowhere are left alone."""
        self.path.write_text("mine")
        nowhere = self.directory / "nowhere"
        nowhere.symlink_to(self.directory / "x")
        for path in (self.path, nowhere):
            self.assertIn("no socket", self.refused(path))
        self.assertEqual((self.path.read_text(), nowhere.is_symlink()), ("mine", True))

    def test_directory(self) -> None:
        """A directory where others can write is refused, as is one that is not there, and a path that is too long."""
        for mode in (0o770, 0o777, 0o1777, 0o702):
            self.directory.chmod(mode)
            self.assertIn("not yours alone", self.refused(self.path))
        self.directory.chmod(0o755)
        with taken(self.path):
            pass
        self.assertIn("No such file", self.refused(self.directory / "no" / "rpc"))
        self.assertIn(f"{MAX_PATH} bytes", self.refused(self.directory / ("x" * MAX_PATH)))

    def test_one_at_a_time(self) -> None:
        """Of two that want a place at once, one is refused: neither removes what the other has just made."""
        with taken(self.path):
            self.assertIn("another program", self.refused(self.path))
