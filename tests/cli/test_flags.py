"""The table of flags: what holds for each, and that the command lines and their help are made from it."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.trial.unittest import SynchronousTestCase

from tests.kit import toml
from twisted_chat.cli import configuration, flags
from twisted_chat.cli.commandline import CommandLine
from twisted_chat.cli.flags import COMMON, CONFIGURABLE, LANG, Flag, Form, Section
from twisted_chat.cli.options import Options
from twisted_chat.cli.subcommands import SUBCOMMANDS
from twisted_chat.speech.i18n import choose, in_language

COMMANDS: tuple[type[CommandLine], ...] = (Options, *SUBCOMMANDS.values())


def declared() -> Iterator[Flag]:
    """Yield every flag of every command."""
    for command in COMMANDS:
        yield from (*command.flags, *COMMON)


class TableTests(SynchronousTestCase):
    """What holds for each flag."""

    def test_nothing_beside_it(self) -> None:
        """Every command takes the flags that it declares, each once, and no other."""
        for command in COMMANDS:
            names = sorted(flag.name for flag in (*command.flags, *COMMON))
            self.assertEqual(sorted(name.rstrip("=") for name in command().longOpt), names, command)

    def test_whole(self) -> None:
        """Every flag has words, and something that stands for its value if it has one."""
        for flag in declared():
            self.assertTrue(flag.words, flag.name)
            self.assertEqual(bool(flag.value), flag.form is not Form.SWITCH, flag.name)

    def test_presets(self) -> None:
        """Every default passes the check of its flag; without one a switch is off, and what is repeated is empty."""
        presets = {flag.name: flag.preset() for flag in Options.flags}
        self.assertEqual((presets["links"], presets["quota"], presets["console"]), (64, 1 << 30, "auto"))
        self.assertEqual((presets["open"], presets["peer"], presets["keep"]), (False, [], None))
        for flag in declared():
            flag.preset()

    def test_samples(self) -> None:
        """Every sample of what is right in a configuration file is right there."""
        for flag in CONFIGURABLE.values():
            keys = toml.loads(f"{flag.name} = {flag.sample}")
            self.assertEqual(list(configuration.check("class.toml", keys)), [flag.name])

    def test_configurable(self) -> None:
        """What can be given in a file are the flags of a peer and of `tcpchat send`, but for those that are no settings."""
        both = {flag.name for flag in (*Options.flags, *SUBCOMMANDS["send"].flags, LANG)}
        self.assertEqual(set(CONFIGURABLE), both - {"config"})


class HelpTests(SynchronousTestCase):
    """`--help`."""

    def test_sections(self) -> None:
        """The flags stand under the headings of their sections, in the order of the table, each with its words."""
        self.addCleanup(choose, "en")
        for language in ("en", "pt_BR"):
            choose(language)
            for command in COMMANDS:
                usage = command().getUsage(80).splitlines()
                shown = [line.split()[0] if line.startswith("  --") else line for line in usage]
                expected = []
                for section in Section:
                    names = [f"--{flag.name}" for flag in (*command.flags, *COMMON) if flag.section is section]
                    expected += ["", in_language(language, section.value), *names] if names else []
                known = {*expected, ""}
                last = shown.index("--version")
                self.assertEqual([line for line in shown[: last + 1] if line in known], expected)

    def test_words(self) -> None:
        """How a flag is written, its words, what can be chosen and its default are in the help."""
        usage = " ".join(Options().getUsage(80).split())
        for words in (
            "--links NUMBER maximum number of links [default: 64]",
            "--console CONSOLE where you type: auto, rich, plain, json, none [default: auto]",
            "--no-notify do not ring when somebody writes your name",
            "--keep TIME messages older than this, such as 90d, counted from receipt, are deleted at start and once a day",
            "--quota SIZE storage limit per member, such as 500M, or none for no limit [default: 1G]",
        ):
            self.assertIn(words, usage)

    def test_defaults_whole(self) -> None:
        """No default is broken over two lines."""
        for command in COMMANDS:
            for width in (40, 80):
                for line in command().getUsage(width).splitlines():
                    self.assertEqual(line.count("[default"), line.count("]") - line.count("[:PORT]"), line)

    def test_narrow(self) -> None:
        """Where there is no room beside a flag, its words stand below it."""
        self.assertIn("  --links NUMBER\n      maximum number of links\n", Options().getUsage(40))

    def test_declared_by_name(self) -> None:
        """Flags that several commands have are one entry."""
        self.assertIn(flags.DATA, SUBCOMMANDS["send"].flags)
        self.assertIn(flags.DATA, SUBCOMMANDS["export"].flags)
