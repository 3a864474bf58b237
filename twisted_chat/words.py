"""What people are told: events, refusals and answers as sentences in their language.

Every line that leaves here went through `text.clean` exactly once, whoever wrote what is in it: a line is one line, and
safe to show on a terminal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

from twisted_chat.core import events
from twisted_chat.core.commands import BARE_QUIT, COMMANDS, Command
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import Leaving, Messages
from twisted_chat.core.roster import Member
from twisted_chat.core.text import MAX_NAME, MAX_ROOM, MAX_TEXT, clean
from twisted_chat.i18n import _, ngettext

_SENTENCES: dict[type, Callable[[], str]] = {
    events.Joined: lambda: _("✅ {name} joined ({host}:{port})"),
    events.Left: lambda: _("🔚 {name} left"),
    events.Lost: lambda: _("⚠️ {name}'s connection was lost; reconnecting"),
    events.Alone: lambda: _("⏳ nobody else is here yet; what you say reaches whoever comes"),
    events.Impostor: lambda: _("⚠️ {shown} claims the name {claimed}, which somebody else's key had first"),
    events.Renamed: lambda: _("✏️ {old} is now called {new}"),
    events.TwoInstances: lambda: _("⚠️ two running programs use {name}'s key"),
    events.Forked: lambda: _(
        "⚠️ {name} signed two different messages for one place; what {name} says there is no longer taken"
    ),
    events.StoreFailing: lambda: _("⚠️ messages can't be kept right now: {detail}; the chat goes on"),
    events.StoreRecovered: lambda: _("✅ messages are kept again"),
    events.Fault: lambda: _("⚠️ a mistake in this program was caught; the log says where; the chat goes on"),
}
"""One sentence an event; the event's fields may be named in it. In functions, since the language is chosen after import."""

_WRONG: dict[str, Callable[[], str]] = {
    "name-empty": lambda: _("a name needs at least one character"),
    "name-long": lambda: _("a name has at most {max_name} characters"),
    "name-control": lambda: _(
        "a name has no control or invisible characters; letters, digits, emoji and spaces will do"
    ),
    "name-separator": lambda: _("a name has no ':' and no '~'; letters, digits, emoji and spaces will do"),
    "text-empty": lambda: _("a message needs at least one character"),
    "text-long": lambda: _("a message has at most {max_text:,} bytes; nothing of this one was sent: send it in parts"),
    "text-control": lambda: _(
        "a message has no control characters but line breaks and tabs; nothing of this one was sent"
    ),
    "text-encoding": lambda: _("a message is UTF-8 text, and this line is not; nothing of it was sent"),
    "room-name": lambda: _("a room's name is '#' and then 1 to {max_room} characters without spaces, such as #chat"),
}
_LIMITS = {"max_name": MAX_NAME, "max_text": MAX_TEXT, "max_room": MAX_ROOM - 1}
_SHOWN_OF_WORD = 32


@singledispatch
def sentences(event: Any) -> list[str]:
    """Return what people are told of `event`, one line each; nothing for an event that is for the log alone."""
    sentence = _SENTENCES.get(type(event))
    return [clean(sentence().format_map(vars(event)))] if sentence else []


@sentences.register
def _messages(event: Messages) -> list[str]:
    if event.own:
        start = _("(You) 💬: ")
    else:
        start = clean(f"[{time.strftime('%H:%M:%S', time.localtime(event.at / 1000))}] {event.name}: ")
    return [start + clean(record.text) for record in event.records]


@sentences.register
def _leaving(event: Leaving) -> list[str]:
    directory, log = os.path.split(os.path.abspath(event.log))
    return [
        clean(_("👋 Goodbye, 👤 {name}!").format(name=event.name)),
        clean(_("📄 Everything is in {log}, in {directory}").format(log=log, directory=directory)),
    ]


def wrong(error: BadText) -> str:
    """Return what is wrong with a name, a room or a message, and what would be right."""
    return clean(_WRONG[error.code]().format_map(_LIMITS))


def refused(error: BadText) -> str:
    """Return the line that tells whoever typed it that a line was not taken, and why."""
    return f"❌ {wrong(error)}"


def welcome(name: str, port: int, log: str) -> list[str]:
    """Return what a peer is greeted with: `log` is the path of its log."""
    return [
        clean(_("👋 Hello, 👤 {name}! Welcome to the chat.").format(name=name)),
        clean(
            _("🔌 You are at port {port}. To leave, type {quit}; for help, /help. The log is {log}").format(
                port=port, quit=BARE_QUIT, log=os.path.abspath(log)
            )
        ),
    ]


def who(members: Sequence[Member]) -> list[str]:
    """Return who is here and where they listen."""
    if not members:
        return sentences(events.Alone())
    count = ngettext("👥 {n} other is here:", "👥 {n} others are here:", len(members)).format(n=len(members))
    return [count, *(clean(f"   {member.shown} ({member.host}:{member.port})") for member in members)]


def help_lines(commands: Sequence[Command] = COMMANDS) -> list[str]:
    """Return what the commands are called and what they do, a line each, and for all of them what else can be typed."""
    calls = {command: _call(command) for command in commands}
    width = max(map(len, calls.values()))
    lines = [f"{call:<{width}}  {_(command.help)}" for command, call in calls.items()]
    if commands is COMMANDS:
        lines.append(
            _("{quit} alone leaves too; a line that starts with // is said, with one / less").format(quit=BARE_QUIT)
        )
    return lines


def _call(command: Command) -> str:
    words = ", ".join(f"/{word}" for word in command.words)
    return f"{words} {_(command.arguments)}" if command.arguments else words


def unknown_command(word: str, suggestion: str | None) -> str:
    """Return the hint for a command that does not exist. It was not said to anybody."""
    if suggestion is None:
        hint = _("❓ there is no command /{word}; /help lists them. To say it, start the line with //")
    else:
        hint = _("❓ there is no command /{word}; did you mean /{suggestion}? To say it, start the line with //")
    return clean(hint.format(word=word[:_SHOWN_OF_WORD], suggestion=suggestion))


def congested() -> str:
    """Return the refusal of a message because too many wait to be kept."""
    return _("⚠️ not sent: too much of what you said still waits to be saved; please try again later")


def not_shown(count: int) -> str:
    """Return the line that stands for `count` lines the terminal was too slow to take."""
    return _("… {count:,} not shown, see the log").format(count=count)


def log_failing(log: str, detail: str) -> str:
    """Return the warning that the log at the path `log` can't be written; `detail` is the operating system's word."""
    return clean(_("⚠️ the log {log} can't be written: {detail}; the chat goes on").format(log=log, detail=detail))
