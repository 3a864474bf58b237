"""`logs_chat.txt`: its lines, and that none is lost without a word."""

from __future__ import annotations

import errno
import os
import re
import resource
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.kit.saying import AT, FEED, said, sample
from twisted_chat import chatlog, logfile
from twisted_chat.chatlog import ChatLog
from twisted_chat.core import events
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Delivered, Earlier, Messages, Quote, Receiving, Tally, WhileAway
from twisted_chat.core.writing.text import accept_name, check_name, shown_name
from twisted_chat.logfile import LogUnwritable
from twisted_chat.storage.errors import DELETED, UNKEPT, StorageError

WALL = AT / 1000
STAMP = time.strftime("[%d/%m/%Y %H:%M:%S] : ", time.localtime(WALL))


NAMES = st.sampled_from(["Ana", "Bia", "Ana Bia", "a\\x28", "Ana~87fb", "שלום"])
ROOMS = st.sampled_from(["#chat", "#tea", "#tea)", "#tea):", "#(x", "#\\n", "#\u200d", "#\\u200d"])
TEXTS = st.text(st.sampled_from("a:()*# \\nu200d\n\t\u200d\u3164"), min_size=1, max_size=8)
SUMMARIES = {
    Earlier, WhileAway, Receiving, Delivered, events.WrongPassphrase, events.Fault, events.LogFailing,
}  # fmt: skip
"""What sums up messages, refusals or failures that have, or had in an earlier life, their own lines, and what no log can have."""


class ChatLogCase(SynchronousTestCase):
    """A log at a path of its own, with clocks that stand still until told."""

    def setUp(self) -> None:
        self.path = self.mktemp()
        self.clock = Clock()
        self.wall = Clock()
        self.wall.advance(WALL)
        self.troubles: list[str] = []
        self.log = self.open(self.path)

    def open(self, path: str) -> ChatLog:
        log = ChatLog(path, self.clock.seconds, self.wall.seconds)
        log.trouble = self.troubles.append
        self.addCleanup(log.close)
        return log

    def record(self, *happened: events.Event, log: ChatLog | None = None) -> None:
        for event in happened:
            (log or self.log)(
                {"chat_event": event, "log_level": LogLevel.info, "log_namespace": "twisted_chat.chatlog"}
            )

    def lines(self, path: str | None = None) -> list[str]:
        """The lines without their time stamps, of which all must be right."""
        with open(path or self.path, encoding="utf-8", newline="") as file:
            text = file.read()
        self.assertTrue(text.endswith("\n") or not text)
        lines = text.split("\n")[:-1]
        for line in lines:
            self.assertTrue(line.startswith(STAMP), line)
        return [line.removeprefix(STAMP) for line in lines]


class FormatTests(ChatLogCase):
    """The lines are those of the original, whatever the language."""

    def test_the_original_lines(self) -> None:
        """What read the original's log can read this one."""
        self.record(
            events.Joined("Ana", "127.0.0.1", 5000, False),
            events.Joined("Ana", "127.0.0.1", 5001, True),
            said("oi"),
            said("olá", name="Bia", own=True),
            events.Left("Ana"),
            events.Leaving("Bia", self.path),
        )
        self.assertEqual(
            self.lines(),
            [
                "[ENTRADA USR] Conexão recebida de (127.0.0.1:5000) (Ana)",
                "[USR CONECTADO] Conectado ao peer na porta 5001 (Ana)",
                "[MSG RECEBIDA] Ana: oi",
                "[MSG ENVIADA] Bia: olá",
                "[SAIDA USR] Ana saiu do chat.",
                "[INF SAIDA] Bia, encerrou o chat.",
            ],
        )

    def test_amended(self) -> None:
        """What becomes of a message, and what it answers, is one line each."""
        message = replace(said("hello"), original="helo", edited=True)
        at = time.strftime("[%d/%m/%Y %H:%M:%S]", time.localtime(AT / 1000))
        tally = [Tally("👍", ["Bia", "Caio"]), Tally("שלום", ["Duda"])]
        poll = replace(said("when?"), records=[Say("when?\nnow\nlater", poll=True)], tally=[Tally("2", ["Bia"])])
        answer = Say("yes", "#tea", re=MessageId(b"a" * 32, 1, 1))
        self.record(
            events.Edited(message),
            events.Retracted(replace(message, retracted=True)),
            events.Reacted(replace(message, tally=tally)),
            events.Reacted(poll),
            events.Reacted(replace(poll, closed=True, tally=())),
            events.Edited(replace(message, records=[Say("x\ny", "#tea")])),
            *(
                replace(said(""), records=[answer], quote=quote)
                for quote in (Quote(), Quote("Bia"), Quote("Bia", "a ”(#b): c"))
            ),
        )
        self.assertEqual(
            self.lines(),
            [
                f"[INFO] Ana corrigiu {at}: hello",
                f"[INFO] Ana retirou {at}.",
                f"[INFO] Reações: 👍 2: Bia, Caio; שלום 1: Duda → Ana {at}: hello",
                f"[INFO] Votos: “later” 1: Bia → Ana {at}: when?…",
                f"[INFO] Votos, encerrados: 0 → Ana {at}: when?…",
                f"[INFO] Ana (#tea) corrigiu {at}: x\\ny",
                "[MSG RECEBIDA] Ana (re #tea): yes",
                "[MSG RECEBIDA] Ana (re Bia #tea): yes",
                "[MSG RECEBIDA] Ana (re Bia “a '(#b): c” #tea): yes",
            ],
        )

    def test_whose_key(self) -> None:
        """A false name is a warning, and says whether it is a verified member's; so is a loss, with who still reaches whom."""
        self.record(
            events.Impostor("Ana", "Ana~0f0f"),
            events.Impostor("Ana", "Ana~0f0f", verified=True),
            events.Verified("Ana", True),
            events.Verified("Ana", False),
            events.Lost("Ana"),
            events.Lost("Ana", "Bia, Caio"),
            events.Reachable("Ana", "Bia"),
            events.Unreachable("Ana"),
        )
        self.assertEqual(
            self.lines(),
            [
                "[AVISO] Ana~0f0f usa o nome Ana, que era antes de outra chave.",
                "[AVISO] Ana~0f0f NÃO É Ana: usa esse nome com outra chave que não a conferida.",
                "[INFO] A chave de Ana foi conferida.",
                "[INFO] A chave de Ana não vale mais como conferida.",
                "[AVISO] A conexão com Ana foi perdida; reconectando.",
                "[AVISO] A conexão com Ana foi perdida; reconectando. As mensagens ainda passam por Bia, Caio.",
                "[INFO] Ana está aqui, por meio de Bia.",
                "[INFO] Ninguém mais aqui alcança: Ana.",
            ],
        )

    def test_everybodys_room(self) -> None:
        """Where everybody starts is not named, however it was spelled; another room is."""
        for room in ("#CHAT", "#Tea"):
            self.record(Messages(FEED, 1, 1, "Ana", False, AT, [Say("oi", room)]))
        self.assertEqual(self.lines(), ["[MSG RECEBIDA] Ana: oi", "[MSG RECEBIDA] Ana (#Tea): oi"])

    def test_every_event_is_one_line(self) -> None:
        """No event is forgotten, and each has a tag that is known; a batch has a line a message."""
        for kind in get_args(events.Event):
            self.record(sample(kind, "x"))  # type: ignore[arg-type]
        self.assertEqual(len(self.lines()), len(get_args(events.Event)) - len(SUMMARIES) + 1)
        for line in self.lines():
            self.assertRegex(
                line, r"^\[(ENTRADA USR|USR CONECTADO|MSG RECEBIDA|MSG ENVIADA|INF SAIDA|SAIDA USR|AVISO|ERRO|INFO)\] "
            )

    @settings(deadline=None)
    @given(st.text(st.characters(), max_size=30))
    def test_no_event_forges_a_line(self, text: str) -> None:
        """Whatever others put into names and texts, an event stays one line and the file stays UTF-8."""
        os.truncate(self.path, 0)
        for kind in get_args(events.Event):
            before = len(self.lines())
            self.clock.advance(1)
            self.record(sample(kind, text))  # type: ignore[arg-type]
            expected = 2 if kind is Messages else 0 if kind in SUMMARIES else 1
            self.assertEqual(len(self.lines()) - before, expected)

    @settings(deadline=None)
    @given(st.text(st.characters(), max_size=30), st.text(st.characters(), max_size=30))
    def test_speaker_and_text_can_be_told_apart(self, name: str, text: str) -> None:
        """The first `: ` of a message's line ends the name, for every name that is accepted."""
        try:
            name = shown_name(accept_name(name))
        except BadText:
            return
        os.truncate(self.path, 0)
        self.record(said(text, name=name))
        match = re.fullmatch(r"\[MSG RECEBIDA\] ([^:]*): (.*)", self.lines()[0])
        assert match is not None
        self.assertEqual(match[1], name)

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(NAMES, TEXTS, ROOMS, st.booleans(), st.booleans(), st.none() | NAMES), min_size=2, max_size=2
        )
    )
    def test_no_two_messages_are_one_line(self, messages: list[tuple[str, str, str, bool, bool, str | None]]) -> None:
        """Messages that differ in who said what, where, to whom or how are lines that differ, with line breaks in them too."""
        lines = set()
        for name, text, room, me, own, private in messages:
            record = Say(text, "#chat" if private else room, me and not private)
            event = Messages(FEED, 1, 1, name, own, AT, [record], private=private or "")
            lines.add((self.log._lines(event), (event.name, own, event.private, record)))
        self.assertEqual(len({line for line, _ in lines}), len({repr(message) for _, message in lines}))

    def test_what_looked_alike(self) -> None:
        """A text that says what the log says of `/me` in a room, or of a private message, is another line."""
        for record in (
            Say("resigns", "#boss", me=True),
            Say("#boss * resigns"),
            Say("* resigns", "#boss"),
            Say("a\\nb"),
            Say("a\nb"),
        ):
            self.record(Messages(FEED, 1, 1, "Ana", False, AT, [record]))
        self.record(Messages(FEED, 1, 1, "Ana", False, AT, [Say("x")], private="Bia"), said("(privado para Bia): x"))
        start = "[MSG RECEBIDA] Ana"
        self.assertEqual(
            self.lines(),
            [
                f"{start} (* #boss): resigns",
                f"{start}: #boss * resigns",
                f"{start} (#boss): * resigns",
                f"{start}: a\\\\nb",
                f"{start}: a\\nb",
                f"{start} (privado para Bia): x",
                f"{start}: (privado para Bia): x",
            ],
        )

    def test_time_goes_on(self) -> None:
        """Each line bears the wall clock of when it was written."""
        self.record(said("a"))
        self.wall.advance(1)
        self.record(said("b"))
        with open(self.path, encoding="utf-8") as file:
            stamps = [line[: len(STAMP)] for line in file]
        self.assertEqual(stamps[0], STAMP)
        self.assertEqual(stamps[1], time.strftime("[%d/%m/%Y %H:%M:%S] : ", time.localtime(WALL + 1)))

    def test_long_details_are_cut(self) -> None:
        """An entry that is not a message has a bounded length."""
        self.record(events.Undiscoverable("x" * 100_000))
        self.assertLessEqual(len(self.lines()[0]), chatlog.MAX_ENTRY)


class RecordTests(ChatLogCase):
    """The conversation's events come by way of `twisted.logger`."""

    def test_one_logger_event_and_one_write_a_batch(self) -> None:
        """However many messages a batch has, it is one logger event and one write of whole lines."""
        writes: list[bytes] = []
        write = os.write
        self.patch(chatlog, "_log", Logger("twisted_chat.chatlog", observer=self.log))
        self.patch(chatlog.os, "write", lambda fd, data: writes.append(bytes(data)) or write(fd, data))
        chatlog.record(said(*map(str, range(512))))
        self.assertEqual(len(writes), 1)
        self.assertEqual(len(self.lines()), 512)


class SharedTests(ChatLogCase):
    """Several peers, and logrotate, may share the file."""

    def test_two_peers(self) -> None:
        """Two logs on one path append whole lines in turn and overwrite nothing."""
        other = self.open(self.path)
        for n in range(100):
            self.record(said(f"a{n}", f"b{n}"))
            self.record(said(f"c{n}", own=True), log=other)
        self.assertEqual(len(self.lines()), 300)
        self.assertEqual(
            self.lines()[:3], ["[MSG RECEBIDA] Ana: a0", "[MSG RECEBIDA] Ana: b0", "[MSG ENVIADA] Ana: c0"]
        )

    def mode(self) -> int:
        return stat.S_IMODE(os.stat(self.path).st_mode)

    def test_for_its_owner(self) -> None:
        """A log that is made is its owner's alone: what is private stands there in the clear. One that was there stays as it is,
        for it may be shared on purpose."""
        umask = os.umask(0)
        self.addCleanup(os.umask, umask)
        os.remove(self.path)
        self.open(self.path)
        self.assertEqual(self.mode(), 0o600)
        os.chmod(self.path, 0o664)
        self.record(said("shared"), log=self.open(self.path))
        self.assertEqual(self.mode(), 0o664)
        os.remove(self.path)
        self.clock.advance(logfile.CHECK_SECONDS)
        self.record(said("again"))
        self.assertEqual(self.mode(), 0o600)

    def test_of_another_owner(self) -> None:
        """A log is not made if it is there: in a directory such as /tmp Linux refuses that for the files of others."""
        real = os.open

        def guarded(path: str, how: int, mode: int = 0o777) -> int:
            if how & os.O_CREAT and os.path.exists(path):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return real(path, how, mode)

        self.patch(chatlog.os, "open", guarded)
        self.record(said("of both"), log=self.open(self.path))
        self.assertEqual(self.lines(), ["[MSG RECEBIDA] Ana: of both"])

    def test_moved(self) -> None:
        """After logrotate moved the file, lines go to a new one within a second, and none is lost."""
        self.record(said("before"))
        os.rename(self.path, self.path + ".1")
        self.record(said("meanwhile"))
        self.clock.advance(logfile.CHECK_SECONDS)
        self.record(said("after"))
        self.assertEqual(self.lines(self.path + ".1"), ["[MSG RECEBIDA] Ana: before", "[MSG RECEBIDA] Ana: meanwhile"])
        self.assertEqual(self.lines(), ["[MSG RECEBIDA] Ana: after"])

    def test_replaced_and_removed(self) -> None:
        """A file that another took the place of, or that is gone, is noticed too."""
        os.rename(self.path, self.path + ".1")
        self.open(self.path)
        self.clock.advance(logfile.CHECK_SECONDS)
        self.record(said("replaced"))
        self.assertEqual(self.lines(), ["[MSG RECEBIDA] Ana: replaced"])
        os.remove(self.path)
        self.clock.advance(logfile.CHECK_SECONDS)
        self.record(said("removed"))
        self.assertEqual(self.lines(), ["[MSG RECEBIDA] Ana: removed"])

    def test_looked_at_once_a_second(self) -> None:
        """Whether the file moved is not asked for each event."""
        looks: list[object] = []
        stat = os.stat
        self.patch(chatlog.os, "stat", lambda path: looks.append(path) or stat(path))
        for _ in range(100):
            self.record(said("x"))
            self.clock.advance(logfile.CHECK_SECONDS / 50)
        self.assertLessEqual(len(looks), 2)


class FailureTests(ChatLogCase):
    """What can't be written is counted and told, and nothing raises."""

    def test_not_writable_from_the_start(self) -> None:
        """A log that can't be opened is an error that names path and reason."""
        directory = self.mktemp()
        os.mkdir(directory)
        for path, reason in ((directory, "directory"), (self.mktemp() + "/missing/log", "No such file")):
            error = self.assertRaises(LogUnwritable, ChatLog, path)
            self.assertEqual(error.path, os.path.abspath(path))
            self.assertIn(reason, str(error))

    def test_a_pipe_nobody_reads(self) -> None:
        """A named pipe without a reader is an error too, and does not hang."""
        path = self.mktemp()
        os.mkfifo(path)
        self.assertRaises(LogUnwritable, ChatLog, path)

    def test_disk_full(self) -> None:
        """The lines lost while the disk is full are counted; one line says so when there is room; people hear of it once."""
        if not os.path.exists("/dev/full"):
            raise SkipTest("no /dev/full here")
        os.remove(self.path)
        os.symlink("/dev/full", self.path)
        log = self.open(self.path)
        self.record(said("a", "b"), events.Left("Ana"), log=log)
        self.assertEqual(self.troubles, [os.strerror(28)])
        os.remove(self.path)
        self.clock.advance(logfile.CHECK_SECONDS)
        self.record(said("c"), said("d"), log=log)
        self.assertEqual(
            self.lines(),
            [
                "[AVISO] Faltam 3 linhas: não puderam ser escritas.",
                "[MSG RECEBIDA] Ana: c",
                "[MSG RECEBIDA] Ana: d",
            ],
        )
        self.assertEqual(len(self.troubles), 1)

    def limit(self, size: int) -> Callable[[], None]:
        """Let no file grow beyond `size` bytes, until the returned function is called."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

        def lift() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        self.addCleanup(lift)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        return lift

    def test_full_in_the_middle_of_a_line(self) -> None:
        """A line that was cut counts as missing, and what follows starts on a line of its own."""
        line = len((STAMP + "[MSG RECEBIDA] Ana: 0\n").encode())
        lift = self.limit(3 * line + 10)
        self.record(said(*"01234"))
        self.record(said("5"))
        lift()
        self.record(said("6"))
        with open(self.path, encoding="utf-8") as file:
            lines = [text.removeprefix(STAMP).rstrip("\n") for text in file]
        self.assertEqual(lines[:3], [f"[MSG RECEBIDA] Ana: {n}" for n in range(3)])
        self.assertEqual(lines[3], STAMP[:10])
        self.assertEqual(lines[4:], ["[AVISO] Faltam 3 linhas: não puderam ser escritas.", "[MSG RECEBIDA] Ana: 6"])
        self.assertEqual(len(self.troubles), 1)

    def test_full_while_saying_what_is_missing(self) -> None:
        """If there is room for the count and not for what follows it, only the latter is missing from then on."""
        line = len((STAMP + "[MSG RECEBIDA] Ana: 0\n").encode())
        notice = len((STAMP + chatlog._MISSING.format(n=1) + "\n").encode())
        lift = self.limit(line)
        self.record(said("0"), said("1"))
        lift()
        lift = self.limit(line + notice)
        self.record(said("2", "3"))
        lift()
        self.record(said("4"))
        self.assertEqual(
            self.lines(),
            [
                "[MSG RECEBIDA] Ana: 0",
                chatlog._MISSING.format(n=1),
                chatlog._MISSING.format(n=2),
                "[MSG RECEBIDA] Ana: 4",
            ],
        )

    def test_each_outage_is_told(self) -> None:
        """A second outage, after the first was over, is told again."""
        for _ in range(2):
            lift = self.limit(os.path.getsize(self.path))
            self.record(said("a"), said("b"))
            lift()
            self.record(said("c"))
        self.assertEqual(len(self.troubles), 2)

    def test_moved_to_where_it_cant_be_made(self) -> None:
        """If the directory is gone, lines are counted as missing; they are written again once it is back."""
        directory = self.mktemp()
        os.mkdir(directory)
        path = os.path.join(directory, "log")
        log = self.open(path)
        os.rename(directory, directory + ".1")
        self.clock.advance(logfile.CHECK_SECONDS)
        self.record(said("a"), said("b"), log=log)
        self.assertEqual(len(self.troubles), 1)
        os.mkdir(directory)
        self.record(said("c"), log=log)
        self.assertEqual(self.lines(path), [chatlog._MISSING.format(n=2), "[MSG RECEBIDA] Ana: c"])

    def test_closed(self) -> None:
        """What is logged after the end is dropped without a word."""
        self.log.close()
        self.record(said("late"))
        self.log.close()
        self.assertEqual(self.lines(), [])
        self.assertEqual(self.troubles, [])


class RefusalTests(ChatLogCase):
    """Whoever knocks again and again can't fill the disk."""

    refusal = events.Refused("127.0.0.1", 5003, "protocol", "not a frame")

    def test_rate(self) -> None:
        """Of 1,000 refusals in 10 s, 20 are written, and then how many were not."""
        self.record(*[self.refusal] * 1000)
        self.assertEqual(
            self.lines(), ["[AVISO] Conexão com 127.0.0.1:5003 recusada (protocol): not a frame"] * chatlog.MAX_REFUSALS
        )
        self.clock.advance(chatlog.REFUSAL_SECONDS)
        self.record(said("oi"))
        self.assertEqual(
            self.lines()[chatlog.MAX_REFUSALS :],
            ["[AVISO] Mais 980 recusas não foram escritas.", "[MSG RECEBIDA] Ana: oi"],
        )

    def test_again(self) -> None:
        """In the next 10 s the next 20 are written, after the count of those that were not."""
        self.record(*[self.refusal] * 25)
        self.clock.advance(chatlog.REFUSAL_SECONDS)
        self.record(*[self.refusal] * 25)
        self.assertEqual(self.lines()[20], "[AVISO] Mais 5 recusas não foram escritas.")
        self.assertEqual(len(self.lines()), 41)

    def test_at_the_end(self) -> None:
        """The count is written when the log is closed."""
        self.record(*[self.refusal] * 25)
        self.log.close()
        self.assertEqual(self.lines()[20:], ["[AVISO] Mais 5 recusas não foram escritas."])


class ForeignTests(ChatLogCase):
    """What else is logged in this process is written if it is trouble."""

    def logger(self, namespace: str = "twisted.internet.something") -> Logger:
        return Logger(namespace, observer=LogPublisher(self.log))

    def test_a_failure_is_one_line(self) -> None:
        """An exception is one line: its type, its message, and the innermost place in this package."""
        try:
            check_name(None)  # type: ignore[arg-type]
        except AttributeError:
            self.logger().failure("Unhandled Error")
        (line,) = self.lines()
        self.assertRegex(
            line, r"^\[ERRO\] AttributeError: 'NoneType' .*\(twisted_chat.core.writing.text\.py:\d+ in check_label\)$"
        )

    def test_a_failure_from_elsewhere(self) -> None:
        """An exception that never was in this package has its own innermost place; its message can't forge a line."""
        try:
            int("a\nb")
        except ValueError:
            self.logger().failure("Unhandled Error")
        (line,) = self.lines()
        self.assertIn("test_chatlog.py", line)

    def test_an_unhandled_deferred_is_one_line(self) -> None:
        """Twisted logs it as two events."""
        self.patch(__import__("twisted.internet.defer").internet.defer, "log", self.logger("twisted.internet.defer"))
        forgotten: Deferred[None] = fail(ZeroDivisionError("why"))
        del forgotten
        self.assertEqual(self.lines(), ["[ERRO] ZeroDivisionError: why"])

    def test_storage(self) -> None:
        """What is wrong with a file is told in Portuguese, like everything here, whatever the language of the screen."""
        error = StorageError(UNKEPT, Path("/data/chat.db"), 3)
        self.logger().error("{error}", error=error)
        self.logger().failure("", Failure(error))
        self.logger("twisted_chat").info("{chat_event}", chat_event=events.StoreFailing(DELETED))
        words = "[ERRO] Mensagens que não puderam ser guardadas em /data/chat.db: 3. Aqui elas se perdem, "
        *told, failing = self.lines()
        self.assertEqual([line[: len(words)] for line in told], [words, words])
        self.assertTrue(failing.endswith("agora: o banco de dados foi apagado enquanto estava em uso"), failing)

    def test_levels(self) -> None:
        """Errors and warnings are written, Twisted's talk about itself is not."""
        logger = self.logger()
        logger.debug("d")
        logger.info("Starting factory {f}", f=1)
        logger.warn("w {n}", n=1)
        logger.error("e\n{n}", n=2)
        logger.critical("c")
        self.assertEqual(self.lines(), ["[AVISO] w 1", "[ERRO] e\\n2", "[ERRO] c"])
