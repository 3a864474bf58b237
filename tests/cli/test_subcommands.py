"""`tcpchat export`, `verify` and `forget` as they are typed."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.kit import forkserver
from tests.kit.feeding import Author
from twisted_chat.archive.checking import check
from twisted_chat.archive.report import Fault, Flaw
from twisted_chat.cli import subcommands
from twisted_chat.cli.prompts import Prompter
from twisted_chat.cli.subcommands import SUBCOMMANDS, main, overview
from twisted_chat.core.group import Group
from twisted_chat.core.writing.text import MAX_TEXT
from twisted_chat.speech.refusals import unusable
from twisted_chat.speech.verdict import fault
from twisted_chat.storage.database import open_database
from twisted_chat.storage.errors import SENTENCES, StorageError
from twisted_chat.storage.folders import DataDirectory
from twisted_chat.storage.passphrases import PassphraseNote
from twisted_chat.storage.tables import Tables


class SubcommandCase(SynchronousTestCase):
    """With a conversation of six messages, open as by a peer that runs, and no terminal."""

    def setUp(self) -> None:
        self.patch(subcommands, "find_terminal", lambda: None)
        self.root = Path(self.mktemp(), "data").absolute()
        self.folder = DataDirectory(self.root).identity("Ana")
        self.database = self.folder.database("chat", False)
        self.tables = Tables(open_database(self.database), self.fail)
        self.addCleanup(self.tables.connection.close)
        self.keep((1, 2), (3, 3), (4, 6))
        self.file = self.root / "chat.jsonl"

    def keep(self, *ranges: tuple[int, int]) -> None:
        """Keep these batches of Ana's."""
        with self.tables.transaction():
            for batch in Author().batches(*ranges):
                self.tables.append(batch, 0)

    def run_main(self, *arguments: str, status: int = 0, stdin: bytes = b"") -> tuple[bytes, str]:
        """Return what a command that ends with `status` wrote to stdout and stderr."""
        self.root.with_name("stdin").write_bytes(stdin)
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            stream = open(self.root.with_name(name), mode, encoding="utf-8")  # noqa: SIM115 - closed with the test
            self.addCleanup(stream.close)
            self.patch(sys, name, stream)
        status_found = main(arguments)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        err = self.root.with_name("stderr").read_text(encoding="utf-8")
        self.assertEqual(status_found, status, err)
        return self.root.with_name("stdout").read_bytes(), err

    def of_ana(self, command: str, *arguments: str, status: int = 0) -> tuple[bytes, str]:
        """Return what a command for Ana's conversation wrote."""
        return self.run_main(command, "--name", "Ana", "--data", str(self.root), *arguments, status=status)

    def refusal(self, *arguments: str, status: int = 2) -> str:
        """Return the one line, of safe characters, with which a command is refused."""
        out, line = self.run_main(*arguments, status=status)
        self.assertEqual((out, line.count("\n"), line[:9]), (b"", 1, "tcpchat: "))
        self.assertTrue(line[:-1].isprintable(), line)
        return line


class ExportTests(SubcommandCase):
    """`tcpchat export`."""

    def test_to_verify(self) -> None:
        """What one command writes to standard output the other finds to be all right on standard input."""
        out, err = self.of_ana("export")
        self.assertEqual(err, "")
        told, err = self.run_main("verify", "-", stdin=out)
        self.assertIn("6 messages", told.decode())
        self.assertEqual(err, "")

    def test_file(self) -> None:
        """A file is its owner's only, holds the same, and what was written is told."""
        _, told = self.of_ana("export", "--output", str(self.file))
        self.assertEqual(told, f"6 messages written to {self.file}\n")
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.run_main("verify", str(self.file))

    def test_locked(self) -> None:
        """A peer that runs is no hindrance, and neither is what it has just said."""
        self.folder.lock("Ana, port 5000, process 1")
        self.addCleanup(self.folder.unlock)
        with self.tables.transaction():
            self.tables.append(Author(2).batch(1), 0)
            out, _ = self.of_ana("export")  # what is not committed is not there yet
            self.assertEqual(check(io.BytesIO(out)).faults, 0)
        out, _ = self.of_ana("export")
        self.assertIn(b"7 messages", self.run_main("verify", "-", stdin=out)[0])

    def test_leaves_no_trace(self) -> None:
        """Asking for what isn't there makes nothing."""
        nowhere = self.root / "nowhere"
        self.refusal("export", "--name", "Ana", "--data", str(nowhere))
        self.assertFalse(nowhere.exists())

    def test_forks(self) -> None:
        """Proofs of forks come with the rest."""
        with self.tables.transaction():
            self.tables.freeze(Author(2).fork(3))
        [finding] = check(io.BytesIO(self.of_ana("export")[0])).flaws
        self.assertEqual((finding.fault, finding.first), (Fault.FORK, 3))

    def test_by_time(self) -> None:
        """What was said first stands first, whoever said it: all who hold the same export the same lines."""
        with self.tables.transaction():
            for batch in Author(2, late=500).batches((1, 1), (2, 5)):
                self.tables.append(batch, 0)
        times = [batch.last_lc for batch in self.tables.by_time()]
        self.assertEqual(times, sorted(times))
        self.assertEqual(len(times), 5)

    def test_damaged_row(self) -> None:
        """A batch that the disk has lost is left out, that is told, and the status says so."""
        self.tables.connection.execute("UPDATE batches SET body = x'00' WHERE first = 3")
        out, told = self.of_ana("export", status=1)
        self.assertIn("left out, for it can't be read: Ana 3\n", told)
        self.assertEqual([finding.fault for finding in check(io.BytesIO(out)).flaws], [Fault.GAP])

    def test_row_that_is_gone(self) -> None:
        """So is one that should be there and is not."""
        self.tables.connection.execute("DELETE FROM batches WHERE first = 4")
        self.assertIn("left out, for it can't be read: Ana 4–6\n", self.of_ana("export", status=1)[1])

    def test_damaged_database(self) -> None:
        """What can be read of a database that was cut off is written, and it is said that there was more; nothing is changed."""
        batches = Author(2).batches(*((n, n) for n in range(1, 301)))
        with self.tables.transaction():
            for batch in batches:
                self.tables.append(batch, 0)
        self.tables.connection.close()
        os.truncate(self.database, os.path.getsize(self.database) - 8 * 4096)
        before = self.database.read_bytes()
        out, told = self.of_ana("export", status=1)
        self.assertIn("only what can be read of it was written; see 'tcpchat repair'", told)
        report = check(io.BytesIO(out))
        self.assertLessEqual({finding.fault for finding in report.flaws}, {Fault.GAP})
        self.assertGreater(sum(author.messages for author in report.authors.values()), 100)
        self.assertEqual(self.database.read_bytes(), before)

    def test_whole_or_not_at_all(self) -> None:
        """If it can't be written to its end, the file that was there stays as it was, and nothing is left beside it."""
        self.file.write_bytes(b"before")
        before = sorted(self.root.iterdir())

        def fail(*_: object) -> int:
            raise OSError(28, "No space left on device")

        self.patch(subcommands.writing, "write", fail)
        self.assertIn("No space left", self.of_ana("export", "--output", str(self.file), status=1)[1])
        self.assertEqual((self.file.read_bytes(), sorted(self.root.iterdir())), (b"before", before))

    def test_link(self) -> None:
        """What a link leads to is replaced, not the link."""
        link = self.root / "link"
        link.symlink_to(self.file)
        self.of_ana("export", "--output", str(link))
        self.assertTrue(link.is_symlink() and self.file.is_file())

    def test_device(self) -> None:
        """A device is written to, not replaced."""
        self.of_ana("export", "--output", os.devnull)
        self.assertFalse(Path(os.devnull).is_file())

    def test_not_writable(self) -> None:
        """A place where no file can be made is named with the reason."""
        for place, reason in ((self.root / "no" / "file", "No such file"), (self.root, "Is a directory")):
            told = self.of_ana("export", "--output", str(place), status=1)[1]
            self.assertIn(str(place), told)
            self.assertIn(reason, told)

    def test_broken_database(self) -> None:
        """A database that is none is an error with its path, in words."""
        self.folder.database("math", False).write_bytes(b"x" * 5000)
        self.folder.database("void", False).touch()
        for group in ("math", "void"):
            told = self.of_ana("export", "--group", group, status=1)[1]
            self.assertIn("is not a tcpchat database", told)
            self.assertEqual(told.count("\n"), 1)


class RefusalTests(SubcommandCase):
    """Bad usage is one line that says what would be right."""

    def test_no_name(self) -> None:
        """Without a name, those that are there are listed."""
        self.assertIn("--name is missing; known here: ana", self.refusal("export", "--data", str(self.root)))

    def test_no_identity(self) -> None:
        """An unknown name, made harmless, is told, with those that are known; and if there are none, where that was."""
        words = self.refusal("forget", "--name", "Bia", "--data", str(self.root))
        self.assertIn("'Bia': nobody of that name has been here; known here: ana", words)
        self.assertIn("none is known in /nowhere", self.refusal("export", "--name", "Bia", "--data", "/nowhere"))

    def test_no_group(self) -> None:
        """An unknown group is told, with those that are kept."""
        words = self.refusal("export", "--name", "Ana", "--data", str(self.root), "--group", "math")
        self.assertIn("'math': Ana has no conversation of that group; known here: chat", words)

    def test_usage(self) -> None:
        """Words and flags that there are not, and bad values, are named."""
        for arguments, named in (
            (["export", "x"], "'x' belongs to no option"),
            (["export", "--nam\ne", "x"], "--nam\\ne"),
            (["export", "--name", "a:b"], "--name 'a:b'"),
            (["export", "--output", ""], "--output is empty"),
            (["verify"], "one FILE"),
            (["verify", ""], "one FILE"),
            (["verify", "a", "b"], "one FILE"),
            (["forget", "--yes=1"], "yes"),
        ):
            words = self.refusal(*arguments)
            self.assertIn(named, words)
            self.assertIn(f"tcpchat {arguments[0]} --help", words)


class ClosedTests(SubcommandCase):
    """Groups that a passphrase closes. What is on the disk is not behind it."""

    def setUp(self) -> None:
        super().setUp()
        self.closed = self.folder.database("chat", True)
        self.math = self.folder.database("math", True)

    def make(self, database: Path, count: int) -> None:
        """Keep a conversation of `count` messages in a closed group."""
        tables = Tables(open_database(database), self.fail)
        self.addCleanup(tables.connection.close)
        group = Group("math" if database == self.math else "chat", True)
        with tables.transaction():
            for batch in Author(group=group).batches(*((number, number) for number in range(1, count + 1))):
                tables.append(batch, 0)

    def test_by_name(self) -> None:
        """A closed group is found by its name alone; what is exported says that it is closed, and verifies as that."""
        self.make(self.math, 2)
        told = self.run_main("verify", "-", stdin=self.of_ana("export", "--group", "math")[0])[0].decode()
        self.assertIn("from the closed group math", told)
        self.assertIn("2 messages", told)

    def test_two_of_a_name(self) -> None:
        """Where an open and a closed group share a name, neither is guessed at: one more flag says which."""
        self.make(self.closed, 2)
        for command in ("export", "forget"):
            words = self.of_ana(command, status=2)[1]
            self.assertIn("'chat': Ana has an open and a closed group of that name; add --open or --closed", words)
        for flag, count in (("--open", "6 messages"), ("--closed", "2 messages")):
            out, _ = self.of_ana("export", flag)
            self.assertIn(count, self.run_main("verify", "-", stdin=out)[0].decode())
        self.of_ana("forget", "--closed", "--yes")
        self.assertEqual((self.closed.exists(), self.database.exists()), (False, True))

    def test_of_another_kind(self) -> None:
        """A kind that is not there is not there, whatever else has the name."""
        self.assertIn("Ana has no conversation of that group", self.of_ana("export", "--closed", status=2)[1])

    def test_forgets_the_passphrase(self) -> None:
        """With the conversation goes the note of its passphrase: another one may follow."""
        self.make(self.math, 1)
        PassphraseNote(self.math, "xyzzy plugh").write()
        PassphraseNote(self.math, "xyzzy plugh").check()
        self.of_ana("forget", "--group", "math", "--yes")
        PassphraseNote(self.math, "open sesame").check()


class RepairTests(SubcommandCase):
    """`tcpchat repair`."""

    def test_nothing_wrong(self) -> None:
        """That is said."""
        self.assertEqual(self.of_ana("repair"), (b"", "Nothing was wrong with it.\n"))

    def test_row(self) -> None:
        """What is dropped is named; nothing is wrong after that."""
        self.tables.connection.execute("UPDATE batches SET body = x'00' WHERE first = 3")
        told = self.of_ana("repair")[1]
        self.assertIn(f"dropped, for it can't be read: {Author().feed.author[:4].hex()} 3\n", told)
        self.assertIn("comes back", told)
        self.assertIn("Nothing", self.of_ana("repair")[1])
        self.assertEqual(self.of_ana("export")[1], "")

    def test_damaged(self) -> None:
        """A database that was cut off is replaced; the old one stays beside it until the conversation is forgotten."""
        batches = Author(2).batches(*((n, n) for n in range(1, 301)))
        with self.tables.transaction():
            for batch in batches:
                self.tables.append(batch, 0)
        self.tables.connection.close()
        os.truncate(self.database, os.path.getsize(self.database) - 8 * 4096)
        told = self.of_ana("repair")[1]
        damaged = Path(f"{self.database}.damaged-1")
        self.assertIn(f"what was there is in {damaged}", told)
        self.assertTrue(damaged.exists())
        self.assertIn("Nothing", self.of_ana("repair")[1])
        self.of_ana("forget", "--yes")
        self.assertFalse(damaged.exists())

    def test_running(self) -> None:
        """Not while a peer has it."""
        self.folder.lock("Ana, port 5000, process 1")
        self.addCleanup(self.folder.unlock)
        self.assertIn("port 5000", self.of_ana("repair", status=1)[1])


class VerifyTests(SubcommandCase):
    """`tcpchat verify`."""

    def told(self, content: bytes, status: int) -> str:
        return self.run_main("verify", "-", stdin=content, status=status)[0].decode()

    def test_all_well(self) -> None:
        """The group, who exported it, who said how much with which key, and that all is well."""
        told = self.told(self.of_ana("export")[0], 0)
        key = self.folder.identity.id[:16].hex(" ", 2)
        self.assertIn(f"Ana [{key}] exported this at ", told)
        self.assertIn("6 messages, by 1 of its members\n", told)
        self.assertIn(f"   Ana [{Author().identity.id[:16].hex(' ', 2)}]: 6 messages\n", told)
        self.assertTrue(told.endswith("✅ every signature holds, and all is as it was exported\n"), told)

    def test_not_well(self) -> None:
        """A fault is told with its line, and how many there are."""
        told = self.told(self.of_ana("export")[0].replace(b"oi 3", b"no 3"), 1)
        self.assertIn("line 3: Ana 3: not signed with Ana's key", told)
        self.assertIn("line 4: Ana 3: missing", told)
        self.assertIn("❌ 3 things are not as they should be", told)
        self.assertNotIn("✅", told)

    def test_many_faults(self) -> None:
        """The rest of many is counted."""
        first = self.of_ana("export")[0].partition(b"\n")[0]
        told = self.told(first + b"\nx" * 1000, 1)
        self.assertIn("… and 901 more", told)
        self.assertLess(len(told.splitlines()), 110)

    def test_harmless(self) -> None:
        """What a file says can't reach a terminal as anything but text."""
        first = self.of_ana("export")[0].partition(b"\n")[0]
        told = self.told(first + b'\n{"t":"\\u001b[2J","x":"\x1b[2J"}\n', 1)
        self.assertTrue(all(line.isprintable() for line in told.splitlines()))

    def test_unreadable(self) -> None:
        """What isn't there, is a directory, or is no archive has a status of its own."""
        self.file.write_bytes(b"hello\n")
        self.assertIn("No such file", self.refusal("verify", str(self.root / "no")))
        self.assertIn("Is a directory", self.refusal("verify", str(self.root)))
        self.assertIn("not what 'tcpchat export' writes", self.refusal("verify", str(self.file)))
        self.file.write_bytes(b'{"t":"archive","v":9}\n')
        self.assertIn("newer tcpchat", self.refusal("verify", str(self.file)))

    def test_every_fault_has_words(self) -> None:
        """Each fault has its sentence, without anything left to fill in."""
        for kind in Fault:
            for last in (3, 4):
                self.assertNotRegex(fault(Flaw(kind, 7, "Ana", 3, last, "why")), "[{}]")


class ForgetTests(SubcommandCase):
    """`tcpchat forget`."""

    def setUp(self) -> None:
        super().setUp()
        self.other = self.folder.database("chess", False)
        open_database(self.other).close()
        self.database.with_name(self.database.name + ".v1.bak").touch()

    def test_former_version(self) -> None:
        """What a former version kept, and nobody can read any more, is deleted too, also if there is nothing else."""
        former = self.folder.former("chat", False)
        for _ in range(2):
            former.touch()
            self.of_ana("forget", "--yes")
            self.assertFalse(former.exists())

    def left(self) -> list[str]:
        """What is left of the conversation."""
        return [path.name for path in self.folder.path.glob(f"{self.database.name}*")]

    def answer(self, answer: str) -> list[str]:
        """Have somebody there who answers this; return what will have been asked."""
        asked: list[str] = []

        def ask(question: str) -> str:
            asked.append(question)
            return answer

        self.patch(subcommands, "find_terminal", lambda: Prompter(ask))
        return asked

    def test_yes(self) -> None:
        """With --yes every file of the conversation goes; other conversations and the identity stay."""
        _, told = self.of_ana("forget", "--yes")
        self.assertEqual(self.left(), [])
        self.assertTrue(self.other.exists())
        again = DataDirectory(self.root).find("Ana")
        assert again is not None
        self.assertEqual(again.identity.id, self.folder.identity.id)
        self.assertIn("it comes back if you join them again", told)

    def test_agreed(self) -> None:
        """Somebody at a terminal is asked, and told how much it is; `yes` in full deletes it."""
        asked = self.answer(" Yes ")
        self.of_ana("forget")
        self.assertEqual(self.left(), [])
        self.assertIn("Ana has of group chat (open): 6 messages?", asked[0])

    def test_not_agreed(self) -> None:
        """Any other answer deletes nothing."""
        for answer in ("", "y", "no", "yes please"):
            self.answer(answer)
            self.assertIn("Nothing was deleted", self.of_ana("forget", status=1)[1])
        self.assertIn(self.database.name, self.left())

    def test_typed(self) -> None:
        """The lines typed at a terminal, private ones among them, go with the last conversation; until then it is told that they
        stay, and where."""
        self.folder.typed.write_text('"/msg Bia segredo"\n')
        _, told = self.of_ana("forget", "--yes")
        self.assertIn(f"typed at a terminal stays too, in {self.folder.typed}:", told)
        self.assertTrue(self.folder.typed.exists())
        _, told = self.of_ana("forget", "--group", "chess", "--yes")
        self.assertNotIn("typed", told)
        self.assertFalse(self.folder.typed.exists())

    def test_nothing_typed(self) -> None:
        """Where nothing was typed nothing of it is told."""
        self.assertNotIn("typed", self.of_ana("forget", "--yes")[1])

    def test_nobody_to_ask(self) -> None:
        """Off a terminal nothing is deleted without --yes."""
        self.assertIn("give --yes", self.refusal("forget", "--name", "Ana", "--data", str(self.root)))
        self.assertIn(self.database.name, self.left())

    def test_while_a_peer_runs(self) -> None:
        """A peer that runs is named, and keeps its conversation."""
        self.folder.lock("Ana, port 5000, process 1")
        self.addCleanup(self.folder.unlock)
        self.assertIn("Ana, port 5000, process 1", self.of_ana("forget", "--yes", status=1)[1])
        self.assertIn(self.database.name, self.left())

    def test_peers_are_let_in_again(self) -> None:
        """The identity is free afterwards, whatever was answered."""
        self.answer("no")
        self.of_ana("forget", status=1)
        self.folder.lock("Ana")
        self.folder.unlock()

    def test_damaged(self) -> None:
        """What can't be read can be forgotten; the question says that it can't be counted."""
        self.tables.connection.close()
        self.database.write_bytes(b"x" * 5000)
        asked = self.answer("yes")
        self.of_ana("forget")
        self.assertIn("is not a tcpchat database", asked[0])
        self.assertEqual(self.left(), [])


class WordTests(SynchronousTestCase):
    """What help and errors say."""

    def test_storage(self) -> None:
        """Each storage error is one harmless line, and in English what the error itself says."""
        for code in SENTENCES:
            error = StorageError(code, Path("a\nb"), "c\x1b")
            self.assertEqual(unusable(error), str(error).replace("\n", "\\n").replace("\x1b", "\\x1b"))

    def test_overview(self) -> None:
        """`tcpchat --help` has a line for each subcommand."""
        for name in SUBCOMMANDS:
            self.assertIn(f"  tcpchat {name} ", overview())


class ProcessTests(SubcommandCase):
    """What only a process of its own can show."""

    def start(self, *arguments: str, stdout: int = subprocess.PIPE, unbuffered: str = "") -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, (str(Path(subcommands.__file__).parents[1]), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "80", "PYTHONUNBUFFERED": unbuffered}
        command = [sys.executable, "-m", "twisted_chat", *arguments]
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
        )

    def finish(self, process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
        out, err = process.communicate(timeout=60)
        return process.returncode, (out or b"").decode(), err.decode()

    def test_help(self) -> None:
        """Each subcommand has its own help, and is in the peer's."""
        environment = {**os.environ, "COLUMNS": "80"}
        self.assertIn(overview(), forkserver.run(".", ("--help",), environment).stdout)
        for name, command in SUBCOMMANDS.items():
            done = forkserver.run(".", (name, "--help"), environment)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout.split()[:3], ["Usage:", "tcpchat", name])
            for flag in command().docs:
                self.assertIn(f"--{flag}", done.stdout)

    def test_status(self) -> None:
        """The status reaches the shell, and nothing but the one line its user."""
        status, out, err = self.finish(self.start("verify", str(self.root / "no")))
        self.assertEqual((status, out, err.count("\n")), (2, "", 1))

    def test_reader_gone(self) -> None:
        """Whoever reads no further, as `head` does, is not answered with complaints."""
        with self.tables.transaction():
            for number in range(3, 20):
                self.tables.append(Author(number).batch(1, 3, text="{}" + "x" * (MAX_TEXT - 9)), 0)
        for unbuffered in ("", "1"):
            reader, writer = os.pipe()
            os.close(reader)
            arguments = ("export", "--name", "Ana", "--data", str(self.root))
            process = self.start(*arguments, stdout=writer, unbuffered=unbuffered)
            os.close(writer)
            status, _, err = self.finish(process)
            self.assertEqual((status, err), (1, ""))
