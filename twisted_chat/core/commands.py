"""The slash commands, declared once, and what a typed line means.

Help, completion, hints and tests derive from `COMMANDS`; what a command does is up to the front end that runs it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeAlias

from msgspec import Struct

from twisted_chat.core.marks import N_


class Command(Struct, frozen=True):
    """A command, typed after a `/`. `help` and `arguments` are in English, to be translated where they are shown.

    `addressed` is whether the arguments begin with a member's name, `referring` whether they may begin with which message is
    meant: counted back from the newest that is shown, or by some of its words in quotes.
    """

    name: str
    help: str
    aliases: tuple[str, ...] = ()
    arguments: str = ""
    addressed: bool = False
    referring: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Everything this command answers to."""
        return (self.name, *self.aliases)


HELP = Command("help", N_("say what can be typed"), aliases=("ajuda",), arguments=N_("[command]"))
WHO = Command("who", N_("list who is linked, reachable through others, or gone"), aliases=("quem",))
MSG = Command(
    "msg", N_("say something to one member alone"), aliases=("privado",), arguments=N_("name text"), addressed=True
)
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
    "ignore",
    N_("hide, or show again, what a member says and does"),
    aliases=("ignorar",),
    arguments=N_("name"),
    addressed=True,
)
VERIFY = Command(
    "verify",
    N_("compare keys by another way, and note whose they are"),
    aliases=("conferir",),
    arguments=N_("[name [yes/no]]"),
    addressed=True,
)
ANSWER = Command(
    "answer",
    N_("answer the newest message, or the second, or one with these words"),
    aliases=("re", "resposta"),
    arguments=N_('[2 or "words"] text'),
    referring=True,
)
REACT = Command(
    "react",
    N_("say in a picture or a word what you think of a message; - takes it back"),
    aliases=("reagir",),
    arguments=N_('[2 or "words"] reaction'),
    referring=True,
)
EDIT = Command(
    "edit",
    N_("correct your last message; s/old/new/ does so too"),
    aliases=("corrigir",),
    arguments=N_('["words"] text'),
)
RETRACT = Command(
    "retract",
    N_("take your last message back; who has read it can't forget it"),
    aliases=("retirar",),
    arguments=N_('[2 or "words"]'),
    referring=True,
)
ORIGINAL = Command(
    "original",
    N_("show what was said before a message was corrected or taken back"),
    arguments=N_('[2 or "words"]'),
    referring=True,
)
POLL = Command(
    "poll",
    N_("ask everybody; alone, say who has not voted; with close, end it"),
    aliases=("enquete",),
    arguments=N_("[question | answer | answer]"),
)
VOTE = Command(
    "vote",
    N_("vote in the newest poll, by the number of an answer; - takes it back"),
    aliases=("votar",),
    arguments=N_("number"),
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
    HELP, WHO, MSG, REPLY, ME, ANSWER, REACT, EDIT, RETRACT, ORIGINAL, POLL, VOTE, ROOMS, JOIN, PART, TOPIC, NICK, AWAY, IGNORE,
    VERIFY, HISTORY, SEARCH, STATUS, DOCTOR, LOG, CLEAR, QUIT,
)  # fmt: skip
"""Every command, in the order in which help lists them."""
YES = frozenset({"yes", "y", "sim", "s"})
NO = frozenset({"no", "n", "não", "nao"})
BARE_QUIT = "sair"
"""The word that leaves without a `/`, as it always did."""

_BY_WORD = {word: command for command in COMMANDS for word in command.words}
_CORRECTION = re.compile(r"s/([^/\n]+)/([^/\n]*)/")
"""How a correction is typed; with a blank before it, it is said."""
CLOSE = frozenset({"close", "encerrar", "fechar"})
"""What ends a poll."""
BACK = frozenset({"-", "–", "—"})
"""What takes a reaction or a vote back."""
_SLASHES = "/\uff0f"
"""The beginning of a command: where Chinese or Japanese is typed the key for it often makes the wide one."""
_UNSEEN = {"Cc", "Cf"}
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs that look like a blank."""


class Said(Struct, frozen=True):
    """The line is a message."""

    text: str


class Corrected(Struct, frozen=True):
    """The line is `s/old/new/`: what is `old` in one's last message is to be `new`."""

    old: str
    new: str


class Run(Struct, frozen=True):
    """The line is a command. `argument` is what follows it, without the spaces around."""

    command: Command
    argument: str = ""


class UnknownCommand(Struct, frozen=True):
    """The line looks like a command and is none; `suggestion` is a word that is one and looks like it, if any does."""

    word: str
    suggestion: str | None


Typed: TypeAlias = Said | Corrected | Run | UnknownCommand


def lookup(word: str) -> Command | None:
    """Return the command that answers to `word`, in any case, however its letters are composed, with or without its `/`."""
    return _BY_WORD.get(unicodedata.normalize("NFKC", word).removeprefix("/").casefold())


def suggest(word: str) -> str | None:
    """Return the command word most like `word`, if one is like it at all."""
    from difflib import get_close_matches  # for who mistypes

    return next(iter(get_close_matches(word.removeprefix("/").casefold(), _BY_WORD, 1)), None)


def parse(line: str) -> Typed | None:
    """Return what a typed line, without its line break, asks for; None if it is blank.

    A line that starts with `/` is a command, one that starts with `//` is a message that starts with `/`, the bare word
    `sair` leaves, `s/old/new/` corrects. Everything else is a message, as typed: whether it can be said is for `text.check_text`
    to judge.

    What a line starts with is what a person sees first: blanks, line breaks and what is invisible don't count, lest what
    was meant for one member be said to all. That holds for pasted text too: if it was no command, none of it is said.
    """
    if not line.strip():
        return None
    if correction := _CORRECTION.fullmatch(line.rstrip()):
        return Corrected(correction[1], correction[2])
    start = _first_seen(line)
    if line[start:].strip().casefold() == BARE_QUIT:
        return Run(QUIT)
    if line[start : start + 1] not in tuple(_SLASHES):
        return Said(line)
    if line[start + 1 : start + 2] in tuple(_SLASHES):
        return Said(line[:start] + line[start + 1 :])
    word, argument = _cut(line[start + 1 :])
    command = lookup(word)
    return UnknownCommand(word, suggest(word)) if command is None else Run(command, argument.strip())


def _cut(text: str) -> tuple[str, str]:
    """Return a text's first word, which is empty if it begins with a blank, and the rest."""
    blank = next((place for place, character in enumerate(text) if character.isspace()), len(text))
    return text[:blank], text[blank:]


def _first_seen(line: str) -> int:
    """Return where in a line the first character stands that can be seen; its length, if none can."""
    for place, character in enumerate(line):
        if not (character.isspace() or character in _FILLERS or unicodedata.category(character) in _UNSEEN):
            return place
    return len(line)
