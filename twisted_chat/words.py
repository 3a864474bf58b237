"""What people are told: events, refusals and answers as sentences in their language.

Every line that leaves here went through `text.clean` exactly once, whoever wrote what is in it: a line is one line, and
safe to show on a terminal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from typing import Any, NamedTuple

from twisted_chat.core import events
from twisted_chat.core.commands import BARE_QUIT, COMMANDS, Command
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import (
    Delivered,
    Earlier,
    Leaving,
    Messages,
    Receiving,
    Topical,
    Trimmed,
    WentAway,
    WhileAway,
)
from twisted_chat.core.keys import spoken
from twisted_chat.core.records import Say
from twisted_chat.core.roster import Member
from twisted_chat.core.status import Copy, LinkStatus, Status
from twisted_chat.core.text import DEFAULT_ROOM, MAX_NAME, MAX_ROOM, MAX_TEXT, clean, isolated
from twisted_chat.i18n import _, date, ngettext, number
from twisted_chat.storage.errors import SENTENCES, StorageError

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
    "private-key": lambda: _("nothing can be said to this member alone: its key is not one that can be sealed for"),
    "text-empty": lambda: _("a message needs at least one character"),
    "text-long": lambda: _("a message has at most {max_text} bytes; nothing of this one was sent: send it in parts"),
    "text-control": lambda: _(
        "a message has no control characters but line breaks and tabs; nothing of this one was sent"
    ),
    "text-encoding": lambda: _("a message is UTF-8 text, and this line is not; nothing of it was sent"),
    "room-name": lambda: _("a room's name is '#' and then 1 to {max_room} characters without spaces, such as #chat"),
}
_SHOWN_OF_WORD = 32
_LACKS_SHOWN = 5
_NAMES_SHOWN = 20
MAX_HISTORY = 10_000
"""Messages that can be shown at once."""
END = "—"
"""The line below messages of former times."""
TAB_WIDTH = 4


@singledispatch
def sentences(event: Any) -> list[str]:
    """Return what people are told of `event`, one line each; nothing for an event that is for the log alone."""
    sentence = _SENTENCES.get(type(event))
    return [clean(sentence().format_map(vars(event)))] if sentence else []


@sentences.register
def _messages(event: Messages) -> list[str]:
    stamp = "" if event.own and not event.missed else f"{_stamp(event)} "
    return [f"{stamp}{line}" for line in _said(event)]


def past(messages: Sequence[Messages]) -> list[str]:
    """Return messages of former times, each with its time, own ones included."""
    return [f"{_stamp(each)} {line}" for each in messages for line in _said(each)]


def _said(event: Messages) -> list[str]:
    """Return the messages, each with who said it and where, if that is not where everybody is."""
    return [f"{speaker(event, record)}{isolated(clean(record.text))}" for record in event.records]


class Part(NamedTuple):
    """One message in pieces that are safe to show: when, by whom (what `speaker` says), and its lines."""

    stamp: str
    author: str
    lines: list[str]


def parts(event: Messages) -> list[Part]:
    """Return messages in pieces, for a console that lays them out itself."""
    stamp = _stamp(event)
    return [
        Part(
            stamp,
            clean(speaker(event, record)),
            [clean(line.expandtabs(TAB_WIDTH)) for line in record.text.split("\n")],
        )
        for record in event.records
    ]


def speaker(event: Messages, record: Say) -> str:
    """Return what stands before a message, safe to show: its room, if that is not everybody's, and who says it to whom."""
    name = isolated(clean(event.name))
    room = "" if record.room == DEFAULT_ROOM else f"{isolated(clean(record.room))} "
    if event.private:
        to = isolated(clean(event.private))
        return _("(You → {to}) 🔒: ").format(to=to) if event.own else f"🔒 {name}: "
    if record.me:
        return f"{room}* {name} "
    return room + (_("(You) 💬: ") if event.own else f"{name}: ")


def _stamp(event: Messages) -> str:
    """Return when it was said by the author's clock: the date only if that is not today."""
    said = time.localtime(event.at / 1000)
    today = said[:3] == time.localtime()[:3]
    stamp = ("" if today else f"{date(said)} ") + time.strftime("%H:%M:%S", said)
    return f"[{stamp}]" if not event.late else _("[{stamp}, late]").format(stamp=stamp)


@sentences.register
def _topical(event: Topical) -> list[str]:
    sentence = (
        _("📌 {name}: {room} is about {text}") if event.text else _("📌 {name}: {room} is about nothing in particular")
    )
    return [clean(sentence.format_map(vars(event)))]


@sentences.register
def _went_away(event: WentAway) -> list[str]:
    sentence = _("💤 {name} is away: {text}") if event.text else _("👋 {name} is back")
    return [clean(sentence.format_map(vars(event)))]


@sentences.register
def _earlier(event: Earlier) -> list[str]:
    return [*heading(event), *past(event.messages), END]


@sentences.register
def _while_away(event: WhileAway) -> list[str]:
    return [*heading(event), *past(event.messages), END]


def heading(event: Earlier | WhileAway) -> list[str]:
    """Return what stands above messages of former times; `END` stands below them."""
    if isinstance(event, Earlier):
        return [_("— earlier —")]
    title = ngettext(
        "— while you were away: {count} message —", "— while you were away: {count} messages —", event.count
    ).format(count=number(event.count))
    more = _("… the newest {shown}; /history {count} shows them all").format(
        shown=len(event.messages), count=event.count
    )
    return [title, *([more] if event.count > len(event.messages) else [])]


@sentences.register
def _receiving(event: Receiving) -> list[str]:
    return [_("⏬ receiving {received} of {total}").format(received=number(event.received), total=number(event.total))]


@sentences.register
def _delivered(event: Delivered) -> list[str]:
    if not event.kept:
        return [_("… not yet on disk")]
    if not event.members:
        return [_("✓ kept here")]
    lacking = _(" (not yet at {names})").format(names=", ".join(event.lacking)) if event.lacking else ""
    return [clean(f"✓ {event.holders}/{event.members}{lacking}")]


@sentences.register
def _trimmed(event: Trimmed) -> list[str]:
    before = time.localtime(event.before)
    sentence = _("🗑 messages before {before} are no longer held")
    return [sentence.format(before=f"{date(before)} {time.strftime('%H:%M', before)}")]


@sentences.register
def _leaving(event: Leaving) -> list[str]:
    directory, log = os.path.split(os.path.abspath(event.log))
    return [
        clean(_("👋 Goodbye, 👤 {name}!").format(name=event.name)),
        clean(_("📄 Everything is in {log}, in {directory}").format(log=log, directory=directory)),
    ]


def wrong(error: BadText) -> str:
    """Return what is wrong with a name, a room or a message, and what would be right."""
    return clean(_WRONG[error.code]().format(max_name=MAX_NAME, max_text=number(MAX_TEXT), max_room=MAX_ROOM - 1))


def unusable(error: StorageError) -> str:
    """Return what is wrong with a file or a directory, and what to do."""
    return clean(_(SENTENCES[error.code]).format(path=error.path, detail=error.detail))


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
    return [count, *(clean(f"   {member.shown} ({member.host}:{member.port}){_away(member)}") for member in members)]


def _away(member: Member) -> str:
    return " " + _("💤 away: {text}").format(text=member.away) if member.away else ""


def found(messages: Sequence[Messages]) -> list[str]:
    """Return what a look into the past found."""
    return past(messages) or [_("nothing found")]


def status(status: Status) -> list[str]:
    """Return who holds what, and how the links are."""
    equal = [copy for copy in status.copies if not copy.lacks and not copy.exceeds]
    lines = [
        _("{equal}/{all} peers hold the same {records} messages").format(
            equal=len(equal) + 1, all=len(status.copies) + 1, records=number(status.records)
        )
    ]
    for copy in status.copies:
        if copy.lacks:
            lines.append(_("   {name} lacks {what}").format(name=copy.member, what=_lacks(copy)))
        if copy.exceeds:
            lines.append(_("   {name} has {n} more").format(name=copy.member, n=number(copy.exceeds)))
    if status.unsaved:
        lines.append(_("   {n} bytes are not yet on disk here").format(n=number(status.unsaved)))
    return [clean(line) for line in [*lines, *map(_link, status.links)]]


def _lacks(copy: Copy) -> str:
    shown = [f"{lack.author} {lack.first}–{lack.last}" for lack in copy.lacks[:_LACKS_SHOWN]]
    more = len(copy.lacks) - len(shown)
    return ", ".join(shown) + (_(" and {n} more").format(n=more) if more else "")


def _link(link: LinkStatus) -> str:
    state = _("silent") if link.suspect else _("fine") if link.writable else _("not reading")
    round_trip = "?" if link.round_trip is None else f"{number(link.round_trip * 1000, '.1f')} ms"
    return _("🔗 {name} ({host}:{port}): {state}, round trip {round_trip}, {behind} to send").format(
        name=link.member, host=link.host, port=link.port, state=state, round_trip=round_trip, behind=number(link.behind)
    )


def how_many(argument: str) -> str:
    """Return the hint for a number that is none."""
    return clean(_("❌ {argument} is not a number from 1 to {most}").format(argument=argument[:32], most=MAX_HISTORY))


def rooms(topics: dict[str, str], current: str, unread: Mapping[str, int]) -> list[str]:
    """Return the rooms that are known: `current` is where one is, `unread` how many messages wait in the others."""
    lines = []
    for room, topic in sorted(topics.items()):
        mark = "▶" if room == current else " "
        waiting = (
            ngettext("({n} unread)", "({n} unread)", unread[room]).format(n=number(unread[room]))
            if unread.get(room)
            else ""
        )
        lines.append(clean(" ".join(part for part in (mark, room, waiting, topic) if part)))
    return lines


def room_entered(room: str, topic: str) -> str:
    """Return the line that tells which room one is in now, and what that is about."""
    return clean(_("▶ you are in {room}. {topic}").format(room=room, topic=topic).rstrip())


def nobody_called(name: str, known: Sequence[Member]) -> str:
    """Return the hint for a name that is nobody's."""
    names = ", ".join(member.shown for member in known[:_NAMES_SHOWN]) or "—"
    return clean(_("❓ nobody is called {name}; known are: {names}").format(name=name[:MAX_NAME], names=names))


def usage(command: Command) -> str:
    """Return the hint for a command that was given without what it needs."""
    return clean(_("❓ type it like this: {call}").format(call=f"/{command.name} {_(command.arguments)}".rstrip()))


def nobody_to_answer() -> str:
    """Return the hint for an answer to nobody."""
    return _("❓ nobody has said anything to you alone yet; /msg name text begins")


def ignored(name: str, now: bool) -> str:
    """Return that what a member says is hidden `now`, or is shown again."""
    sentence = _("🔇 what {name} says is hidden; the log has it") if now else _("🔊 what {name} says is shown again")
    return clean(sentence.format(name=name))


def keys(members: Sequence[Member]) -> list[str]:
    """Return members' keys, to be compared aloud."""
    return [clean(f"🔑 {member.shown}: {spoken(member.id)}") for member in members]


def where_log_is(log: str) -> str:
    """Return where the log is."""
    return clean(_("📄 the log is {log}").format(log=log))


def search_what() -> str:
    """Return the hint for a search without words."""
    return _("❌ search for which words? Such as: /search protocol")


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
    return _("… {count} not shown, see the log").format(count=number(count))


def no_rich_console() -> str:
    """Return why the console asked for is not the one there is."""
    return _("⚠️ this is the plain console: the rich one needs a terminal whose cursor can be moved")


def unread() -> str:
    """Return the line that divides what was seen from what came while nobody was typing."""
    return _("— unread —")


def pasted(count: int) -> str:
    """Return the question whether a paste of `count` lines is to be sent."""
    return ngettext(
        "📋 {count} line pasted: Enter sends it, Esc takes it back",
        "📋 {count} lines pasted: Enter sends them as one message, Esc takes them back",
        count,
    ).format(count=number(count))


def how_to_leave() -> str:
    """Return the answer to Ctrl-C where there is nothing to clear."""
    return _("Ctrl-C again, Ctrl-D or {quit} leaves").format(quit=BARE_QUIT)


def log_failing(log: str, detail: str) -> str:
    """Return the warning that the log at the path `log` can't be written; `detail` is the operating system's word."""
    return clean(_("⚠️ the log {log} can't be written: {detail}; the chat goes on").format(log=log, detail=detail))
