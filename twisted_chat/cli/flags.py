"""Every flag of `tcpchat` and its subcommands, each declared once.

Command lines, the keys of the configuration file and `--help` follow from it. A test compares `docs/flags.md` with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from twisted_chat.cli import checks, hosts
from twisted_chat.cli.settings import CONSOLES
from twisted_chat.core.marks import N_
from twisted_chat.speech.i18n import AUTO

Check = Callable[[str, str], Any]
"""Takes where a value was given, and the value as it was given; see `checks`."""


class Section(Enum):
    """A part of `--help`, with its heading. They are shown in this order."""

    WHO = N_("Name and group:")
    WHERE = N_("Where you and the others are:")
    KEPT = N_("What is kept:")
    SHOWN = N_("How it looks:")
    DONE = N_("What is done:")
    MORE = N_("More:")


class Form(Enum):
    """The way in which a flag is given on the command line, and in a configuration file."""

    SWITCH = "without a value; there true or false"
    TEXT = "text"
    PATH = "the name of a file or directory; there from the directory of the configuration file"
    NUMBER = "a number"
    LIST = "numbers and ranges with commas between them; there a list as well"
    REPEATED = "text, and can be given several times; there a list as well"


class Flag(Struct, frozen=True):
    """A flag. `words` say what it is for, with `{all}` for its choices; `value` is what stands for its value in the help.
    Both are marked for translation. `sample` is a value that is right, as it stands in a configuration file.

    Without a `default`, the value of a flag that is not given is None, False for a switch, and [] for one that is repeated.
    """

    name: str
    section: Section
    words: str
    value: str = ""
    check: Check = checks.as_it_is
    sample: str = "true"
    default: str | None = None
    form: Form = Form.TEXT
    choices: Callable[[], Sequence[str]] = tuple

    def parse(self, where: str, texts: Sequence[str]) -> Any:
        """Return the value of the flag, given `where` as `texts`. Raises `UsageError`."""
        if self.form is Form.SWITCH:
            return True
        values = [self.check(where, text) for text in texts]
        return values if self.form is Form.REPEATED else values[-1]

    def preset(self) -> Any:
        """Return the value of the flag where it is not given."""
        if self.default is not None:
            return self.check(f"--{self.name}", self.default)
        return {Form.SWITCH: False, Form.REPEATED: []}.get(self.form)


def _switch(name: str, section: Section, words: str) -> Flag:
    return Flag(name, section, words, form=Form.SWITCH)


NAME = Flag("name", Section.WHO, N_("how others see you"), N_("NAME"), checks.parse_name, '"Ana"')
GROUP = Flag(
    "group",
    Section.WHO,
    N_("peers of the same group find each other"),
    N_("NAME"),
    checks.parse_label,
    '"math"',
    default="chat",
)
PASSPHRASE_FILE = Flag(
    "passphrase-file",
    Section.WHO,
    N_(
        "the file whose first line is the passphrase of a closed group; the environment's TCPCHAT_PASSPHRASE is another way"
    ),
    N_("FILE"),
    checks.parse_passphrase_file,
    '"class.key"',
    form=Form.PATH,
)
ASK_PASSPHRASE = _switch(
    "ask-passphrase", Section.WHO, N_("ask for the passphrase of a closed group, if it is not given otherwise")
)
OPEN = _switch("open", Section.WHO, N_("let anyone on the network read along and take part"))

PORT = Flag(
    "port", Section.WHERE, N_("the port to listen at, one of --ports"), N_("PORT"), sample="5001", form=Form.NUMBER
)
PORTS = Flag(
    "ports",
    Section.WHERE,
    N_("the known ports, where others are looked for"),
    N_("PORTS"),
    checks.parse_ports,
    '"5000-5004"',
    default="5000-5004",
    form=Form.LIST,
)
LISTEN = Flag(
    "listen",
    Section.WHERE,
    N_("the address to listen at; 0.0.0.0 is every one of this machine"),
    N_("ADDRESS"),
    hosts.parse_listen,
    '"0.0.0.0"',
    default="127.0.0.1",
)
PEER = Flag(
    "peer",
    Section.WHERE,
    N_("a name or an address where others are looked for as well; can be given several times"),
    N_("HOST[:PORT]"),
    hosts.parse_peer,
    '["192.168.0.7"]',
    form=Form.REPEATED,
)
DISCOVER = _switch("discover", Section.WHERE, N_("find others on the local network"))
LINKS = Flag(
    "links",
    Section.WHERE,
    N_("maximum number of links"),
    N_("NUMBER"),
    checks.parse_links,
    "64",
    default="64",
    form=Form.NUMBER,
)

LOG = Flag(
    "log",
    Section.KEPT,
    N_("the file that gets a line for every event"),
    N_("FILE"),
    checks.parse_log,
    '"class.txt"',
    default="logs_chat.txt",
    form=Form.PATH,
)
DATA = Flag(
    "data",
    Section.KEPT,
    N_("the directory for keys and messages instead of the usual one"),
    N_("DIRECTORY"),
    checks.parse_data,
    '"class"',
    form=Form.PATH,
)
KEEP = Flag(
    "keep",
    Section.KEPT,
    N_(
        "messages older than this, such as 90d, counted from receipt, are deleted at start and once a day; without it, none are"
    ),
    N_("TIME"),
    checks.parse_keep,
    '"90d"',
)
QUOTA = Flag(
    "quota",
    Section.KEPT,
    N_("storage limit per member, such as 500M, or none for no limit"),
    N_("SIZE"),
    checks.parse_quota,
    '"500M"',
    default="1G",
)
EPHEMERAL = _switch("ephemeral", Section.KEPT, N_("keep nothing but the log"))

CONSOLE = Flag(
    "console",
    Section.SHOWN,
    N_("where you type: {all}"),
    N_("CONSOLE"),
    checks.parse_console,
    '"plain"',
    default="auto",
    choices=lambda: CONSOLES,
)
_RPC = N_("a socket to be made where programs of yours take part, beside the console")
RPC = Flag("rpc", Section.SHOWN, _RPC, N_("PATH"), checks.parse_rpc, '"chat.sock"', form=Form.PATH)
NO_STYLE = _switch("no-style", Section.SHOWN, N_("draw `code` and *emphasis* like all other text"))
NO_TYPING = _switch("no-typing", Section.SHOWN, N_("do not tell others when you are typing"))
NO_NOTIFY = _switch("no-notify", Section.SHOWN, N_("do not ring when somebody writes your name"))
LANG = Flag(
    "lang",
    Section.SHOWN,
    N_("the language you are spoken to: {all}"),
    N_("LANGUAGE"),
    checks.parse_lang,
    '"pt_BR"',
    default=AUTO,
    choices=checks.tongues,
)

TIMEOUT = Flag(
    "timeout",
    Section.DONE,
    N_("seconds after which it gives up"),
    N_("SECONDS"),
    checks.parse_timeout,
    "10",
    default="10",
    form=Form.NUMBER,
)
VERBOSE = _switch("verbose", Section.DONE, N_("say what became of it"))

CONFIG = Flag(
    "config",
    Section.MORE,
    N_('a file that gives flags, such as group = "math" (TOML); those on the command line go before it'),
    N_("FILE"),
    checks.parse_config,
)
HELP = _switch("help", Section.MORE, N_("show this help and exit"))
VERSION = _switch("version", Section.MORE, N_("show the version and exit"))

COMMON = (LANG, HELP, VERSION)
"""Flags of every command line."""

CHAT = (
    *(NAME, GROUP, PASSPHRASE_FILE, ASK_PASSPHRASE, OPEN),
    *(PORT, PORTS, LISTEN, PEER, DISCOVER, LINKS),
    *(LOG, DATA, KEEP, QUOTA, EPHEMERAL),
    *(CONSOLE, RPC, NO_NOTIFY, NO_STYLE, NO_TYPING),
    CONFIG,
)
"""Flags of `tcpchat`, as are those below of its subcommands."""
SEND = (
    replace(NAME, words=N_("how others see who sends: a name of its own, no running peer's")),
    *(GROUP, PASSPHRASE_FILE, ASK_PASSPHRASE, OPEN),
    *(PORTS, PEER),
    replace(LOG, words=N_("a file that gets a line for every event; without it there is none"), default=None),
    DATA,
    *(TIMEOUT, VERBOSE),
    _switch("auto", Section.DONE, N_("mark it as said by a machine, which machines don't answer")),
    CONFIG,
)
INVITE = (
    GROUP,
    replace(PORT, words=N_("the port to listen at on this machine, one of --ports; the first free if not given")),
    PORTS,
    Flag(
        "output",
        Section.DONE,
        N_("a new file for the passphrase, which only you can read"),
        N_("FILE"),
        checks.parse_output,
    ),
)
CONVERSATION: tuple[Flag, ...] = (
    replace(
        NAME,
        words=N_("whose copy of the conversation; the name that was given to the peer"),
        check=checks.parse_label,
    ),
    replace(GROUP, words=N_("which group's")),
    replace(OPEN, words=N_("the open group, if there is a closed one of the same name")),
    _switch("closed", Section.WHO, N_("the closed group, if there is an open one of the same name")),
    DATA,
)
"""Flags of each subcommand that is about a conversation."""
EXPORT = (
    *CONVERSATION,
    Flag(
        "output",
        Section.DONE,
        N_("the file to write; - for standard output"),
        N_("FILE"),
        checks.parse_output,
        default="-",
    ),
)
FORGET = (*CONVERSATION, _switch("yes", Section.DONE, N_("delete without asking")))

CONFIGURABLE = {flag.name: flag for flag in (*SEND, *CHAT, LANG) if flag is not CONFIG}
"""Flags that a configuration file can give, whichever command reads it."""
