"""The slash commands, declared once, and what a typed line means.

Help, completion, hints and tests derive from `COMMANDS`; what a command does is up to the front end that runs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from twisted_chat.core.marks import N_


@dataclass(frozen=True)
class Command:
    """What may be typed after a `/`. `help` and `arguments` are in English, to be translated where they are shown."""

    name: str
    help: str
    aliases: tuple[str, ...] = ()
    arguments: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Everything this command answers to."""
        return (self.name, *self.aliases)


HELP = Command("help", N_("say what can be typed"), aliases=("ajuda",), arguments=N_("[command]"))
WHO = Command("who", N_("list who is linked, reachable through others, or gone"), aliases=("quem",))
MSG = Command("msg", N_("say something to one member alone"), aliases=("privado",), arguments=N_("name text"))
REPLY = Command("reply", N_("answer the last private message"), aliases=("responder",), arguments=N_("text"))
ME = Command("me", N_("tell what you do: /me waves"), aliases=("eu",), arguments=N_("text"))
ROOMS = Command("rooms", N_("list the rooms, and what is unread in them"), aliases=("salas",))
JOIN = Command("join", N_("go to a room, which is made if need be"), aliases=("entrar",), arguments=N_("#room"))
PART = Command("part", N_("go back to the room where everybody starts"), aliases=("voltar",))
TOPIC = Command("topic", N_("say what this room is about"), aliases=("assunto",), arguments=N_("[text]"))
NICK = Command("nick", N_("go by another name"), aliases=("nome",), arguments=N_("name"))
AWAY = Command(
    "away",
    N_("say why you are not here; without a reason, that you are back"),
    aliases=("ausente",),
    arguments=N_("[text]"),
)
IGNORE = Command(
    "ignore", N_("hide, or show again, what a member says and does"), aliases=("ignorar",), arguments=N_("name")
)
VERIFY = Command(
    "verify",
    N_("compare keys by another way, and note whose they are"),
    aliases=("conferir",),
    arguments=N_("[name [yes/no]]"),
)
HISTORY = Command(
    "history",
    N_("show the newest messages, of a room or a member if you name it"),
    aliases=("histórico", "historico"),
    arguments=N_("[how many] [#room or name]"),
)
SEARCH = Command("search", N_("find messages with these words"), aliases=("busca",), arguments=N_("words"))
STATUS = Command("status", N_("say who holds what, and how the links are"), aliases=("estado",))
DOCTOR = Command("doctor", N_("say who can't be reached and why, and what else is wrong"), aliases=("médico", "medico"))
LOG = Command("log", N_("say where the log is"), aliases=("registro",))
CLEAR = Command("clear", N_("clear the screen"), aliases=("limpar",))
QUIT = Command("quit", N_("leave the chat"), aliases=("sair", "exit"))

COMMANDS = (
    HELP, WHO, MSG, REPLY, ME, ROOMS, JOIN, PART, TOPIC, NICK, AWAY, IGNORE, VERIFY, HISTORY, SEARCH, STATUS, DOCTOR, LOG,
    CLEAR, QUIT,
)  # fmt: skip
"""Every command, in the order in which help lists them."""
YES = frozenset({"yes", "y", "sim", "s"})
NO = frozenset({"no", "n", "não", "nao"})
BARE_QUIT = "sair"
"""The word that leaves without a `/`, as it always did."""

_BY_WORD = {word: command for command in COMMANDS for word in command.words}


@dataclass(frozen=True)
class Said:
    """The line is a message."""

    text: str


@dataclass(frozen=True)
class Run:
    """The line is a command. `argument` is what follows it, without the spaces around."""

    command: Command
    argument: str = ""


@dataclass(frozen=True)
class UnknownCommand:
    """The line looks like a command and is none; `suggestion` is a word that is one and looks like it, if any does."""

    word: str
    suggestion: str | None


Typed: TypeAlias = Said | Run | UnknownCommand


def lookup(word: str) -> Command | None:
    """Return the command that answers to `word`, in any case, with or without its `/`."""
    return _BY_WORD.get(word.removeprefix("/").casefold())


def suggest(word: str) -> str | None:
    """Return the command word most like `word`, if one is like it at all."""
    return next(iter(get_close_matches(word.removeprefix("/").casefold(), _BY_WORD, 1)), None)


def parse(line: str) -> Typed | None:
    """Return what a typed line, without its line break, asks for; None if it is blank.

    A line that starts with `/` is a command, one that starts with `//` is a message that starts with `/`, the bare word
    `sair` leaves. Everything else is a message, as typed: whether it can be said is for `text.check_text` to judge.
    """
    bare = line.strip()
    if not bare:
        return None
    if bare.casefold() == BARE_QUIT:
        return Run(QUIT)
    if line.startswith("//"):
        return Said(line[1:])
    if not line.startswith("/"):
        return Said(line)
    word, _, argument = bare.removeprefix("/").partition(" ")
    command = lookup(word)
    return UnknownCommand(word, suggest(word)) if command is None else Run(command, argument.strip())
