"""Where nothing may be written: what reads works, and leaves no trace; what writes says in a sentence that it can't."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from tests.kit import forkserver
from tests.kit.feeding import Author
from tests.kit.restrained import read_only, unprivileged
from twisted_chat.storage.database import open_database
from twisted_chat.storage.folders import DataDirectory
from twisted_chat.storage.tables import Tables

SOURCE = Path(twisted_chat.__file__).parents[1]
TIMEOUT = 60


class RestrainedCase(SynchronousTestCase):
    """With a conversation of three messages, one of which a killed peer has left in the write-ahead log."""

    if os.name != "posix":
        skip = "modes of files and mounts are POSIX's"

    def setUp(self) -> None:
        self.servers: dict[tuple[str, ...], forkserver.ForkServer] = {}
        self.place = Path(self.mktemp()).absolute()
        self.data = self.place / "data"
        folder = DataDirectory(self.data).identity("Ana")
        self.database = folder.database("chat", False)
        tables = Tables(open_database(self.database), self.fail)
        first, second = Author().batches((1, 2), (3, 3))
        with tables.transaction():
            tables.append(first, 0)
        tables.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with tables.transaction():
            tables.append(second, 0)
        self.log, self.index = (Path(f"{self.database}{end}") for end in ("-wal", "-shm"))
        left = self.place / "left"
        shutil.copytree(folder.path, left)
        tables.connection.close()  # which takes both files away
        shutil.copytree(left, folder.path, dirs_exist_ok=True)

    def run_tcpchat(self, *arguments: str, before: Sequence[str] = ()) -> tuple[int, str, str]:
        """Return the status, the output and the complaints of a command; `before` is what stands before it."""
        path = os.pathsep.join(filter(None, (str(SOURCE), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(self.place)}
        if not before or forkserver.forks:
            if before and tuple(before) not in self.servers:
                self.servers[tuple(before)] = forkserver.ForkServer(*before)
                self.addCleanup(self.servers[tuple(before)].end)
            by = self.servers.get(tuple(before))
            done = forkserver.run(str(self.place), arguments, environment, TIMEOUT, by)
        else:
            done = subprocess.run(
                [*before, sys.executable, "-m", "twisted_chat", *arguments],
                env=environment,
                cwd=self.place,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
            )
        return done.returncode, done.stdout, done.stderr

    def of_ana(self, command: str, *arguments: str, before: Sequence[str] = ()) -> tuple[int, str, str]:
        return self.run_tcpchat(command, "--name", "Ana", "--data", str(self.data), *arguments, before=before)

    def state(self) -> dict[Path, tuple[int, int]]:
        """Return what would show that something was done to the data."""
        found = {}
        for path in (self.data, *self.data.rglob("*")):
            status = path.stat()
            found[path] = (status.st_mode, status.st_mtime_ns)
        return found

    def assert_exported(self, before: Sequence[str], messages: int) -> None:
        """Assert that an export shows as many messages, verifies, and has left everything as it was."""
        state = self.state()
        status, out, err = self.of_ana("export", before=before)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.count('"oi '), messages, out)
        self.assertEqual(self.state(), state)
        self.assertEqual(sorted(self.place.iterdir()), [self.data, self.place / "left"], "of a copy nothing is left")


class ReadOnlyTests(RestrainedCase):
    """A backup that is mounted, or a card whose little switch is set."""

    def setUp(self) -> None:
        super().setUp()
        self.before = read_only(self.data)

    def test_in_the_log(self) -> None:
        """What is in the write-ahead log alone is not passed over, whether its index is there or not."""
        self.assert_exported(self.before, 3)
        self.index.unlink()
        self.assert_exported(self.before, 3)

    def test_empty_log(self) -> None:
        """A log with nothing in it holds nobody up."""
        self.log.write_bytes(b"")
        self.index.unlink()
        self.assert_exported(self.before, 2)

    def test_whole(self) -> None:
        """What a peer left that ended as it should is read where it is."""
        open_database(self.database).close()
        self.assertFalse(self.log.exists() or self.index.exists())
        self.assert_exported(self.before, 3)

    def test_verify(self) -> None:
        """A file there is checked."""
        (self.data / "chat.jsonl").write_text(self.of_ana("export")[1])
        status, out, _ = self.run_tcpchat("verify", str(self.data / "chat.jsonl"), before=self.before)
        self.assertEqual(status, 0)
        self.assertIn("3 messages", out)

    def test_writers(self) -> None:
        """What has to write names the place and the reason, in a sentence."""
        for arguments in (
            ("--name", "Ana", "--data", str(self.data), "--port", "5000"),
            ("--name", "Bia", "--data", str(self.data / "new"), "--port", "5000"),
            ("send", "--name", "Ana", "--data", str(self.data), "hi"),
            ("forget", "--name", "Ana", "--data", str(self.data), "--yes"),
            ("export", "--name", "Ana", "--data", str(self.data), "--output", str(self.data / "x")),
            ("invite", "--output", str(self.data / "x")),
        ):
            status, out, err = self.run_tcpchat(*arguments, before=self.before)
            self.assertEqual((status, out, err.count("\n")), (1, "", 1), err)
            self.assertIn(f" {self.data}", err)
            self.assertIn("Read-only file system", err)
        status, _, err = self.run_tcpchat(
            "--name", "Ana", "--port", "5000", "--log", str(self.data / "log"), before=self.before
        )
        self.assertEqual(status, 1)
        self.assertIn(f"this user may not make files in {self.data}", err)


class ModesTests(RestrainedCase):
    """Directories that their owner has closed to writing."""

    def close(self) -> None:
        for path in sorted(self.data.rglob("*"), reverse=True):
            path.chmod(0o500 if path.is_dir() else 0o400)
        self.data.chmod(0o500)
        self.addCleanup(lambda: [path.chmod(0o700) for path in (self.data, *self.data.rglob("*")) if path.is_dir()])

    def test_closed(self) -> None:
        """They are read, and stay closed; root, whom nothing keeps from writing, leaves them as they are as well."""
        before = unprivileged()
        self.index.unlink()
        self.close()
        self.assert_exported(before, 3)

    def test_open(self) -> None:
        """Where files could be made none is, unless a peer runs or was killed."""
        open_database(self.database).close()
        self.assert_exported((), 3)
        self.close()
        self.assert_exported((), 3)
