"""The languages: that every sentence has its translation, that translations fit, and which language is spoken."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from tests.kit.saying import AT, FEED, HOSTILE, said, sample, who
from tests.speech import test_events, test_refusals
from twisted_chat import chatlog, service
from twisted_chat.cli.commandline import CommandLine, _wish
from twisted_chat.cli.flags import COMMON
from twisted_chat.cli.options import Options
from twisted_chat.cli.prompts import Prompter, ask_name, ask_port
from twisted_chat.cli.settings import Settings
from twisted_chat.cli.subcommands import SUBCOMMANDS
from twisted_chat.core import events
from twisted_chat.core.answers import help_on
from twisted_chat.core.commands import COMMANDS
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Messages, Receiving, WhileAway
from twisted_chat.core.people.roster import Member
from twisted_chat.core.status import LinkStatus, Status
from twisted_chat.core.writing.text import clean
from twisted_chat.frontends.console.attach import FLAGS
from twisted_chat.service import ChatService
from twisted_chat.speech import catalogue, i18n, notices
from twisted_chat.speech.answers import lines
from twisted_chat.speech.catalogue import NotACatalogue, entries
from twisted_chat.speech.events import sentences
from twisted_chat.speech.i18n import (
    CATALOGUE,
    LOCALES,
    choose,
    date,
    duration,
    known,
    languages,
    ngettext,
    number,
    preferred,
)
from twisted_chat.speech.messages import heading
from twisted_chat.speech.refusals import unusable, wrong
from twisted_chat.storage.errors import DAMAGED, SENTENCES, StorageError

PACKAGE = Path(twisted_chat.__file__).parent
TRANSLATE = {"_": 1, "ngettext": 2}
"""What translates, and how many of its arguments are sentences."""
MARKS = {**TRANSLATE, "N_": 1}
LOOKED_UP = (ast.Attribute, ast.Subscript)
"""What may be given to `_` besides a sentence: one of a table, marked there."""

Message = tuple[str, ...]
"""A sentence, or the two that depend on a number."""


def called(node: ast.AST) -> str:
    """The name of the function that is called, if any is."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def messages(source: str) -> Iterator[Message]:
    """Yield what is to be translated: what is marked."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and called(node) in MARKS:
            found = [each.value for each in node.args[: MARKS[called(node)]] if isinstance(each, ast.Constant)]
            if found:
                yield tuple(found)


def faults(source: str) -> Iterator[str]:
    """Yield each call for a translation that can't work: at import, before the language is known, or of no fixed sentence."""
    tree = ast.parse(source)
    late = {
        inner
        for outer in ast.walk(tree)
        if isinstance(outer, ast.Lambda | ast.FunctionDef)
        for inner in ast.walk(outer.body if isinstance(outer, ast.Lambda) else ast.Module(outer.body, []))
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in MARKS:
            continue
        if called(node) in TRANSLATE and node not in late:
            yield f"at import: {ast.unparse(node)}"
        for each in node.args[: MARKS[called(node)]]:
            fixed = isinstance(each, ast.Constant) or called(each) == "cleandoc"
            if not fixed and not (called(node) == "_" and isinstance(each, LOOKED_UP)):
                yield f"no fixed sentence: {ast.unparse(node)}"


SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
MESSAGES = {message for source in SOURCES.values() for message in messages(source)}


def fields(template: str) -> set[tuple[str, str, str]]:
    """What is filled into a template, and how; and the directives of a date."""
    named = {
        (name, conversion or "", form or "") for _, name, form, conversion in string.Formatter().parse(template) if name
    }
    return named | {("%", directive, "") for directive in re.findall("%[A-Za-z]", template)}


class Spoken(SynchronousTestCase):
    """Whatever language a test speaks, the next one speaks English."""

    def setUp(self) -> None:
        self.addCleanup(choose, "en")


class SourceTests(SynchronousTestCase):
    """What the sources mark can be translated."""

    def test_sources(self) -> None:
        """No sentence is translated before the language is known, or put together before it is looked up."""
        self.assertEqual([(path.name, fault) for path, text in SOURCES.items() for fault in faults(text)], [])

    def test_faults(self) -> None:
        """The check itself: what it must catch, and what it must let pass."""
        for source in ('x = _("a")', "def f(): _(f'a {b}')", "def f(): _('a' + b)", "def f(): _('a'.format())",
                       "class A:\n x = ngettext('a', 'b', 1)", "def f(x=_('a')): ...", "N_(x)", "def f(): _(x)"):  # fmt: skip
            self.assertEqual(len(list(faults(source))), 1, source)
        for source in ('x = N_("a")', "x = lambda: _('a')", "def f(): _(x.y) + _(x[1]) + ngettext('a', 'b', n)"):
            self.assertEqual(list(faults(source)), [], source)

    def test_messages(self) -> None:
        """The extraction itself: marks and plurals."""
        source = '_("a")\nN_("b" "c")\nngettext("d", "e", n)'
        self.assertEqual(set(messages(source)), {("a",), ("bc",), ("d", "e")})
        self.assertGreater(len(MESSAGES), 200)


class CatalogueTests(Spoken):
    """Every catalogue is complete, has nothing in it that is not needed, and fits."""

    def catalogues(self) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """The language and the entries of each, but for the header."""
        for language in languages()[1:]:
            header, *rest = entries((LOCALES / language / CATALOGUE).read_text(encoding="utf-8"))
            self.assertEqual(header["msgid"], "")
            yield language, rest

    def forms(self) -> Iterator[tuple[str, str]]:
        """Each translation with its source: the singular's, or the plural's if it is for several numbers."""
        for _language, translated in self.catalogues():
            for entry in translated:
                for field, form in entry.items():
                    if field.startswith("msgstr"):
                        yield entry["msgid"] if field in ("msgstr", "msgstr[0]") else entry["msgid_plural"], form

    def test_portuguese(self) -> None:
        """There is a Portuguese one."""
        self.assertIn("pt_BR", languages())

    def test_complete(self) -> None:
        """Each sentence of the sources is there once, and no other."""
        for language, translated in self.catalogues():
            found = [
                tuple(entry[field] for field in ("msgid", "msgid_plural") if field in entry) for entry in translated
            ]
            self.assertEqual(MESSAGES - set(found), set(), f"missing in {language}")
            self.assertEqual(set(found) - MESSAGES, set(), f"not needed any more in {language}")
            self.assertEqual(len(found), len(set(found)), f"there twice in {language}")

    def test_translated(self) -> None:
        """No translation is empty, doubtful or put aside."""
        for source, form in self.forms():
            self.assertTrue(form, source)
        for language in languages()[1:]:
            text = (LOCALES / language / CATALOGUE).read_text(encoding="utf-8")
            self.assertNotRegex(text, r"(?m)^#(~|,.*fuzzy)")

    def test_fields(self) -> None:
        """What is filled into a sentence is filled into its translation, in the same way."""
        for source, form in self.forms():
            self.assertEqual(fields(form), fields(source), form)

    def test_shape(self) -> None:
        """A translation is one line that is safe to show, and has the spaces around it that its source has."""
        for source, form in self.forms():
            self.assertEqual(clean(form), form)
            for end in (len(source) - len(source.lstrip()), len(form) - len(form.lstrip())):
                self.assertEqual(form[:end], source[:end], form)
            self.assertEqual(form[len(form.rstrip()) :], source[len(source.rstrip()) :], form)

    def test_plurals(self) -> None:
        """There are as many forms as the language has, and each number finds one."""
        for language, translated in self.catalogues():
            choose(language)
            count = int(re.findall(r"nplurals=(\d)", i18n._spoken.info()["plural-forms"])[0])
            for entry in translated:
                if "msgid_plural" in entry:
                    wanted = {f"msgstr[{n}]" for n in range(count)}
                    self.assertEqual({field for field in entry if field.startswith("msgstr")}, wanted)
                    for n in (0, 1, 2, 3, 11, 100, 1_000_000):
                        form = ngettext(entry["msgid"], entry["msgid_plural"], n)
                        self.assertIn(form, [entry[field] for field in wanted])

    def test_number_sample(self) -> None:
        """The sample number is the same number, with one sign each between thousands and before the fraction, at most."""
        for source, form in self.forms():
            if source == "12,345.6":
                self.assertRegex(form, r"^12\D345\D6$")

    def test_speed(self) -> None:
        """To read a catalogue takes no longer than a person can notice: under 50 ms of a processor, measured 2 ms."""
        began = time.process_time()
        choose("pt_BR")
        self.assertLess(time.process_time() - began, 0.05)


class ReaderTests(Spoken):
    """How catalogues are read."""

    HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=n > 1;\\n"\n'

    def test_entries(self) -> None:
        """Comments and blank lines count for nothing, strings on several lines are one, escapes stand for characters."""
        text = self.HEADER + '# c\n\n#: x.py:1\nmsgid "a"\n"b\\n"\nmsgstr ""\n"\\"ç\\""\n#~ msgid "old"\n'
        self.assertEqual(entries(text)[1:], [{"msgid": "ab\n", "msgstr": '"ç"'}])
        self.assertEqual(catalogue.read(text).gettext("ab\n"), '"ç"')

    def test_plurals(self) -> None:
        """A number finds its form by the catalogue's own rule."""
        text = self.HEADER + 'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "um"\nmsgstr[1] "vários"\n'
        spoken = catalogue.read(text)
        self.assertEqual([spoken.ngettext("one", "many", n) for n in (0, 1, 2)], ["um", "um", "vários"])

    def test_untranslated(self) -> None:
        """What has no translation, wholly or in part, stays English."""
        text = self.HEADER + 'msgid "a"\nmsgstr ""\nmsgid "b"\nmsgid_plural "c"\nmsgstr[0] "d"\nmsgstr[1] ""\n'
        spoken = catalogue.read(text)
        self.assertEqual((spoken.gettext("a"), spoken.ngettext("b", "c", 1), spoken.gettext("x")), ("a", "b", "x"))

    def test_nothing_is_translated_to_nothing(self) -> None:
        """No words are no words, and not gettext's header."""
        choose("pt_BR")
        self.assertEqual(i18n._(""), "")

    def test_malformed(self) -> None:
        """What is no catalogue is refused as such, and the language is English instead, whatever is wrong."""
        directory = Path(self.mktemp())
        self.patch(i18n, "LOCALES", directory)
        path = directory / "xx" / CATALOGUE
        path.parent.mkdir(parents=True)
        header, body = self.HEADER, 'msgid "yes"\nmsgstr "%s"\n'
        for text in (
            "nonsense", '"a"', 'msgstr "a"', 'msgid "a', 'msgid "a" "b"', 'msgid "\\q"', 'msgid "\\ud800"\nmsgstr "a"',
            header.replace("UTF-8", "nonsense") + body % "ç", header.replace("charset=UTF-8", "") + body % "ç",
            header.replace("n > 1", "n >") + body, header.replace("n > 1", "import os") + body,
            header.replace("plural=n > 1", "") + body, header.replace("n > 1", "(" * 5000) + body,
        ):  # fmt: skip
            path.write_text(text, encoding="utf-8")
            self.assertRaises(NotACatalogue, catalogue.read, text)
            self.assertEqual((choose("xx"), i18n._("yes")), ("en", "yes"), text)
        path.write_bytes(b"\xff\xfe")
        self.assertEqual((choose("xx"), i18n._("yes")), ("en", "yes"))
        path.unlink()
        self.assertEqual((choose("xx"), i18n._("yes")), ("en", "yes"))

    def test_cut_off(self) -> None:
        """Wherever a catalogue is cut off, what is left can be read or is refused."""
        text = (LOCALES / "pt_BR" / CATALOGUE).read_text(encoding="utf-8")
        for end in range(0, len(text), 97):
            with contextlib.suppress(NotACatalogue):
                catalogue.read(text[:end])


class ChoiceTests(Spoken):
    """Which language is spoken."""

    def test_known(self) -> None:
        """A locale means its language, in any spelling, of any country."""
        for locale in ("pt_BR", "pt_BR.UTF-8", "pt_BR@euro", "pt", "pt_PT.ISO8859-1", "PT-br"):
            self.assertEqual(known(locale), "pt_BR")
        for locale in ("en", "en_GB.UTF-8"):
            self.assertEqual(known(locale), "en")
        for locale in ("", "C", "fr_FR", "../pt_BR", "p", "auto", "\0"):
            self.assertIsNone(known(locale))

    def test_environment(self) -> None:
        """The environment chooses as it does for other programs that speak through gettext; English if in doubt."""
        brazil = "pt_BR.UTF-8"
        for environment, language in (
            ({}, "en"),
            ({"LANG": brazil}, "pt_BR"),
            ({"LC_MESSAGES": brazil, "LANG": "en_US.UTF-8"}, "pt_BR"),
            ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": brazil, "LANG": brazil}, "en"),
            ({"LC_ALL": "", "LANG": brazil}, "pt_BR"),
            ({"LC_ALL": "C.UTF-8", "LANG": brazil}, "en"),
            ({"LANGUAGE": "fr:pt:en", "LANG": "en_US.UTF-8"}, "pt_BR"),
            ({"LANGUAGE": "en", "LANG": brazil}, "en"),
            ({"LANGUAGE": "pt_BR"}, "pt_BR"),
            ({"LANGUAGE": "pt_BR", "LC_ALL": "C"}, "en"),
            ({"LANGUAGE": "pt_BR", "LANG": "POSIX"}, "en"),
            ({"LANG": "fr_FR.UTF-8"}, "en"),
            ({"LANG": "\0/../\n"}, "en"),
        ):
            self.assertEqual(preferred(environment), language, environment)
            self.assertEqual(choose("auto", environment), language)

    def test_wish(self) -> None:
        """What is wished for goes before the environment, if there is such a language."""
        environment = {"LANG": "pt_BR.UTF-8"}
        for wish, language in (("en", "en"), ("pt_BR", "pt_BR"), ("auto", "pt_BR"), ("fr", "pt_BR")):
            self.assertEqual(choose(wish, environment), language)

    def test_changing(self) -> None:
        """A later choice counts for everything that is said after it."""
        told = []
        for language in ("pt_BR", "en"):
            choose(language)
            told += sentences(events.Left("Bia"))
        self.assertEqual(told, ["🔚Bia saiu do chat!", "🔚 Bia left"])

    def test_numbers(self) -> None:
        """Numbers are written as the reader does."""
        self.assertEqual((number(12345), number(999), number(1234567.25, ",.1f")), ("12,345", "999", "1,234,567.2"))
        choose("pt_BR")
        self.assertEqual((number(12345), number(999), number(1234567.25, ",.1f")), ("12.345", "999", "1.234.567,2"))

    def test_durations(self) -> None:
        """Times are told in the largest unit that fits."""
        seconds = (0.4, 1, 119, 7200, 86_400 * 3, 365.25 * 86_400, 5.1 * 365.25 * 86_400)
        told = ["0 seconds", "1 second", "2 minutes", "2 hours", "3 days", "1 year", "5 years"]
        self.assertEqual([duration(each) for each in seconds], told)
        choose("pt_BR")
        self.assertEqual([duration(3600), duration(7200)], ["1 hora", "2 horas"])

    def test_dates(self) -> None:
        """So are dates."""
        day = time.struct_time((2026, 11, 22, 14, 3, 9, 6, 326, 0))
        self.assertEqual(date(day), "2026-11-22")
        choose("pt_BR")
        self.assertEqual(date(day), "22/11/2026")


class FlagTests(Spoken):
    """`--lang`."""

    def test_everywhere(self) -> None:
        """Every command line has it, and takes it in any form that is one flag's."""
        for make in (CommandLine, *SUBCOMMANDS.values()):
            for given in (["--lang", "pt_BR"], ["--lang=pt_BR"], ["--lan=pt"], ["--lang=en", "--lang", "pt-BR"]):
                choose("en")
                with self.assertRaises(SystemExit):
                    self.patch(sys, "stdout", open(os.devnull, "w"))  # noqa: SIM115 - gone with the test
                    make().parseOptions([*given, "--help"])
                self.assertEqual(i18n._("yes"), "sim", (make, given))

    def test_not_given(self) -> None:
        """Without it, also on an empty command line, the environment chooses."""
        for arguments in ([], ["--lang"], ["--name", "x"]):
            self.assertEqual(_wish(arguments), "auto")

    def test_refused(self) -> None:
        """What is no language is refused in words that name those there are; it is no reason to choose one."""
        exit = self.assertRaises(SystemExit, Options().parseOptions, ["--lang", "klingon"])
        self.assertEqual(str(exit.code).split("\n")[0], "tcpchat: --lang 'klingon' is not one of auto, en, pt_BR")

    def test_refusals_are_translated(self) -> None:
        """Also what is wrong with the rest of the line is said in that language, wherever it stands."""
        for arguments, refusal in (
            (["--nmae", "x"], "não existe a opção --nmae"),
            (["-x"], "não existe a opção -x"),
            (["--port"], "--port precisa de um valor"),
            (["--ephemeral=yes"], "--ephemeral não aceita valor"),
            (["--l", "1"], "--l pode ser qualquer uma destas: --lang, --links, --listen, --log"),
            (["--console", "x"], "--console 'x' não é uma destas opções: auto, rich, plain, json, none"),
            (["x"], "'x' não pertence a nenhuma opção; você quis dizer --name?"),
        ):
            exit = self.assertRaises(SystemExit, Options().parseOptions, ["--lang", "pt_BR", *arguments])
            self.assertEqual(exit.code, f"tcpchat: {refusal}\nTente 'tcpchat --help'.")

    def test_help(self) -> None:
        """Help is in that language from its first word to its last, and says what the defaults are."""
        choose("pt_BR")
        for make in (Options, *SUBCOMMANDS.values()):
            options = make()
            text = " ".join(f"{options.getSynopsis()}\n{options.getUsage(80)}".split())
            for flag in (*make.flags, *COMMON):
                self.assertIn(f"--{flag.name}", text)
                self.assertNotIn(flag.words.format(all=", ".join(flag.choices())), text)
            self.assertNotRegex(text, r"Usage|options\]|default|NAME|FILE|PORT\b|How it looks|More:")
            self.assertIn("[padrão: auto]", text)

    def test_width(self) -> None:
        """Help keeps within the columns there are, from 40 on, and within 80 if there are more."""
        for language in languages():
            choose(language)
            for make in (CommandLine, Options, *SUBCOMMANDS.values()):
                for width, most in ((40, 40), (60, 60), (80, 80), (132, 80)):
                    usage = make().getUsage(width)
                    self.assertLessEqual(max(map(len, usage.split("\n"))), most, usage)

    def run_in_brazil(self, *arguments: str, encoding: str = "utf-8") -> str:
        """The first line that a process with this command line tells where the environment asks for Portuguese."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG"))}
        path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        done = subprocess.run(
            [sys.executable, "-m", "twisted_chat", *arguments],
            env={**clean, "PYTHONPATH": path, "LANG": "pt_BR.UTF-8", "PYTHONIOENCODING": encoding},
            capture_output=True,
            encoding=encoding,
            timeout=60,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()[0]

    def test_process(self) -> None:
        """In a process of its own, the environment chooses the language of the help, and the flag goes before it."""
        self.assertEqual(self.run_in_brazil("--help"), "Uso: tcpchat [opções]")
        self.assertEqual(self.run_in_brazil("--help", "--lang", "en"), "Usage: tcpchat [options]")
        self.assertEqual(self.run_in_brazil("verify", "--help"), "Uso: tcpchat verify ARQUIVO")

    def test_poor_terminal(self) -> None:
        """A terminal that lacks a language's letters gets their numbers instead."""
        self.assertEqual(self.run_in_brazil("--help", encoding="ascii"), r"Uso: tcpchat [op\xe7\xf5es]")


class PortugueseSentenceTests(test_events.SentenceTests):
    """What holds for sentences holds for them in Portuguese, whose words are those of the program that this one replaces."""

    def setUp(self) -> None:
        self.addCleanup(choose, "en")
        choose("pt_BR")

    def test_messages(self) -> None:
        """As in English, in the original's words."""
        clock = time.strftime("%H:%M:%S", time.localtime(AT / 1000))
        self.assertEqual(sentences(said("oi")), [f"[{clock}] Ana: oi"])
        self.assertEqual(sentences(said("olá", own=True)), ["(Você) 💬: olá"])

    def test_coming_and_going(self) -> None:
        """As in English, in the original's words."""
        joined = events.Joined("Bia", "127.0.0.1", 5002, True)
        self.assertEqual(sentences(joined), ["✅ [Bia] Conectado com sucesso! (127.0.0.1:5002)"])
        self.assertEqual(sentences(events.Left("Bia")), ["🔚Bia saiu do chat!"])
        hello, info = notices.welcome("Bia", 5002, "logs_chat.txt")
        self.assertEqual(hello, "👋 Olá, 👤 Bia! Seja bem-vindo ao chat.")
        self.assertTrue(info.startswith("🔌[INFO] "))

    def test_nothing_hostile_is_shown(self) -> None:
        """As in English."""
        for text in HOSTILE:
            for kind in get_args(events.Event):
                for line in sentences(sample(kind, text)):
                    self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")

    def test_other_days(self) -> None:
        """A message of another day bears its date as Brazilians write it."""
        at = time.mktime((2025, 11, 22, 14, 3, 9, 0, 0, -1))
        message = Messages(FEED, 1, 1, "Ana", False, int(at * 1000), [Say("oi")])
        self.assertEqual(sentences(message), ["[22/11/2025 14:03:09] Ana: oi"])
        self.assertIn("22/11/2025 14:03", sentences(events.Trimmed(at))[0])

    def test_counts(self) -> None:
        """Numbers agree with their nouns, and large ones are readable."""
        for count, title in (
            (1, "— enquanto você esteve fora: 1 mensagem —"),
            (12345, "— enquanto você esteve fora: 12.345 mensagens —"),
        ):
            self.assertEqual(heading(WhileAway([], count))[0], title)
        self.assertEqual(sentences(Receiving(1234, 56789)), ["⏬ recebendo 1.234 de 56.789"])


class PortugueseRefusalTests(test_refusals.RefusalTests):
    """What holds for refusals holds for them in Portuguese."""

    def setUp(self) -> None:
        self.addCleanup(choose, "en")
        choose("pt_BR")

    def test_limits_are_named(self) -> None:
        """As in English."""
        self.assertIn("32", wrong(BadText("name-long")))
        self.assertIn("8.192", wrong(BadText("text-long")))

    def test_storage(self) -> None:
        """What is wrong with a file is said in Portuguese; the error itself, for the log, stays English."""
        for code in SENTENCES:
            error = StorageError(code, Path("/x"), "why")
            self.assertNotEqual(unusable(error), str(error))
            self.assertIn("/x", unusable(error))

    def test_questions(self) -> None:
        """Wrong answers to the newcomer's questions are refused in the original's words."""
        told: list[str] = []
        answers = iter(["", "Bia", "abc", "80", "5002"])
        terminal = Prompter(lambda question: next(answers), told.append)
        self.assertEqual(ask_name(terminal), "Bia")
        self.assertEqual(ask_port(terminal, [5000, 5002], lambda port: None), 5002)
        self.assertEqual(told[0], "❌ um nome precisa de pelo menos um caractere")
        self.assertEqual(told[-2:], ["⚠️ Por favor, insira um número válido.", "❌ Porta inválida. Tente novamente."])


class PortugueseAnswerTests(Spoken):
    """What is asked for is answered in Portuguese."""

    def test_help(self) -> None:
        """Help names every command with all its words, and says of none in English what it does."""
        choose("pt_BR")
        text = "\n".join(lines(help_on(COMMANDS, whole=True)))
        for command in COMMANDS:
            self.assertNotIn(command.help, text)
            for word in command.words:
                self.assertIn(f"/{word}", text)

    def test_commands_named_exist(self) -> None:
        """A command that a translation mentions is one."""
        for language in languages()[1:]:
            for entry in entries((LOCALES / language / CATALOGUE).read_text(encoding="utf-8")):
                for form in entry.values():
                    for word in re.findall(r"(?<![\w/:{}\]~])/(\w+)", form):
                        self.assertTrue(any(word in command.words for command in COMMANDS), form)

    def test_who_and_status(self) -> None:
        """The number of connections in the original's words; numbers with a comma before the fraction."""
        choose("pt_BR")
        ana = Member(b"a" * 32, "Ana", "Ana", 1, "127.0.0.1", 5000)
        self.assertEqual(lines(who([ana]))[0], "🔌[INFO] Total de conexões ativas: 1")
        link = LinkStatus(b"a" * 32, "Ana", "127.0.0.1", 5000, True, False, True, 0.0015, 12345)
        line = lines(Status(records=12345, unsaved=0, copies=[], links=[link]))[-1]
        self.assertEqual(line, "🔗 Ana (127.0.0.1:5000): tudo certo, ida e volta 1,5 ms, 12.345 a enviar")


class LogTests(Spoken):
    """`logs_chat.txt` is the same in every language."""

    def logged(self, language: str) -> str:
        """What is logged of every event, and of a start that fails, by a peer that speaks `language`."""
        choose(language)
        path = Path(self.mktemp())
        log = chatlog.ChatLog(str(path), wall=lambda: 1_763_800_000.0)
        for kind in get_args(events.Event):
            event: Any = sample(kind, "x")
            log({"chat_event": event})
        log.close()
        settings = Settings(
            name="Ana", port=5000, ports=(5000,), links=1, listen="127.0.0.1", peers=(), group="chat",
            log=path.absolute(), data=None, ephemeral=True, flags={**dict.fromkeys(FLAGS, False), "console": "none"},
        )  # fmt: skip
        peer = ChatService(Clock(), settings)
        self.patch(peer, "_chatlog", chatlog.ChatLog(str(path), wall=lambda: 1_763_800_000.0))
        self.patch(peer._peer, "startService", self.fail_to_start)
        self.patch(service, "_say", self.told.append)
        globalLogPublisher.addObserver(peer._chatlog)
        self.addCleanup(globalLogPublisher.removeObserver, peer._chatlog)
        self.assertRaises(SystemExit, peer.startService)
        peer._chatlog.close()
        return path.read_text(encoding="utf-8")

    def fail_to_start(self) -> None:
        """What a damaged database does."""
        raise StorageError(DAMAGED, Path("/x"), "why")

    def test_same(self) -> None:
        """Byte for byte, whatever the person is told."""
        self.told: list[str] = []
        english, *others = [self.logged(language) for language in languages()]
        self.assertGreater(english.count("\n"), 15)
        for other in others:
            self.assertEqual(other, english)
        self.assertEqual(len(set(self.told)), len(languages()))
