"""What people are told: events, refusals and answers as sentences in their language.

Every line that leaves here went through `text.clean` exactly once, whoever wrote what is in it: a line is one line, and
safe to show on a terminal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import singledispatch
from typing import Any, NamedTuple

from twisted_chat.core import events
from twisted_chat.core.commands import BARE_QUIT
from twisted_chat.core.errors import BadText, ChatError
from twisted_chat.core.events import (
    ClockOff,
    Crowded,
    Found,
    Leaving,
    Messages,
    Newest,
    Past,
    QuotaReached,
    Receipt,
    Receiving,
    StoreFailing,
    Trimmed,
    Unheard,
    Untold,
    WhileAway,
)
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.wire.passphrase import MAX_PASSPHRASE, MIN_PASSPHRASE
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import DEFAULT_ROOM, MAX_NAME, MAX_ROOM, MAX_TEXT, clean, clean_text, isolated
from twisted_chat.net.addresses import endpoint
from twisted_chat.speech.advice import clock_off, crowd, no_link
from twisted_chat.speech.i18n import _, date, ngettext, number
from twisted_chat.storage.errors import SENTENCES, StorageError

_SENTENCES: dict[type, Callable[[Any], str]] = {
    events.Joined: lambda event: _("✅ {name} joined ({address})") + (f" {verified_mark()}" if event.verified else ""),
    events.Left: lambda event: _("🔚 {name} left"),
    events.Lost: lambda event: (
        _("⚠️ {name}'s connection was lost; reconnecting. What is said still goes through {through}")
        if event.through
        else _("⚠️ {name}'s connection was lost; reconnecting")
    ),
    events.Reachable: lambda event: _("✅ {name} is here, through {through}"),
    events.Unreachable: lambda event: _("🔚 {name} can't be reached through anybody any more"),
    events.NoLink: lambda event: no_link(event.reason, event.ours),
    events.Alone: lambda event: _("⏳ nobody else is here yet; what you say reaches whoever comes"),
    events.Impostor: lambda event: (
        _(
            "🚨 {shown} IS NOT {claimed}, whom you verified: another key. Believe nothing before you compared: /verify {shown}"
        )
        if event.verified
        else _(
            "⚠️ {shown} is not the {claimed} known here: another key. To find out who it is, compare: /verify {shown}"
        )
    ),
    events.Verified: lambda event: (
        _("✔ {name} is verified: the name belongs to this key from now on")
        if event.verified
        else _("{name} is no longer verified; the name still belongs to this key")
    ),
    events.Renamed: lambda event: _("✏️ {old} is now called: {new}"),
    events.WrongPassphrase: lambda event: _("🔑 a peer at {host} has another passphrase, or is of another group"),
    events.TwoInstances: lambda event: _("⚠️ two running programs use {name}'s key"),
    events.Copied: lambda event: _(
        "⚠️ another running program uses your key, {name}'s: end one of the two. What either says is yours, for everybody"
    ),
    events.Unread: lambda event: _(
        "⚠️ {path} is this group's conversation as an earlier tcpchat kept it; this one can't read it and begins anew, with what "
        "others have. 'tcpchat forget' deletes it"
    ),
    events.Forked: lambda event: _(
        "⚠️ {name} signed two different messages for one place; what {name} says there is no longer taken"
    ),
    events.Exposed: lambda event: _("⚠️ this group is open: anyone on this network can read along and take part"),
    events.Undiscoverable: lambda event: _(
        "⚠️ others on this network can't be found by themselves: {detail}; those named with --peer are looked for as before"
    ),
    events.StoreRecovered: lambda event: _("✅ messages are kept again"),
    events.Damaged: lambda event: _(
        "⚠️ something that {name} said can't be read on this disk any more; it is fetched again from whoever has it (/doctor says "
        "what is missing)"
    ),
    events.Mended: lambda event: _("✅ what could not be read of {name} is here again"),
    events.NameUnkept: lambda event: _(
        "⚠️ your name {name} can't be kept right now: {detail}; it is tried again. Until that is done, who starts under it is "
        "somebody new"
    ),
    events.NameKept: lambda event: _("✅ your name {name} is kept: who starts under it is you"),
    events.LogFailing: lambda event: _("⚠️ the log {log} can't be written: {detail}; the chat goes on"),
    events.Fault: lambda event: _("⚠️ a mistake in this program was caught; the log says where; the chat goes on"),
    events.Topical: lambda event: (
        _("📌 {name}: {room} is about: {text}") if event.text else _("📌 {name}: {room} is about nothing in particular")
    ),
    events.WentAway: lambda event: _("💤 {name} is away: {text}") if event.text else _("👋 {name} is back"),
}
"""One sentence an event; what `fields` returns may be named in it. In functions, since the language is chosen after import."""

_WRONG: dict[str, Callable[[], str]] = {
    "name-empty": lambda: _("a name needs at least one character"),
    "name-long": lambda: _("a name has at most {max_name} characters"),
    "name-bare": lambda: _("a name needs a letter, a digit or an emoji"),
    "name-spaces": lambda: _("a name has single spaces, and none at its ends"),
    "name-control": lambda: _(
        "a name has no control or invisible characters; letters, digits, emoji and spaces will do"
    ),
    "name-separator": lambda: _("a name has no ':' and no '~'; letters, digits, emoji and spaces will do"),
    "name-mark": lambda: _(
        "a name has no '{character}', for lines of this program begin with such pictures; most other emoji will do"
    ),
    "name-other": lambda: _(
        "a name has no '{character}': letters, digits, single spaces, - _ . ' and most emoji will do"
    ),
    "passphrase-short": lambda: _("a passphrase has at least {min_passphrase} characters"),
    "passphrase-long": lambda: _("a passphrase has at most {max_passphrase} characters"),
    "passphrase-control": lambda: _("a passphrase has no control characters"),
    "private-key": lambda: _("nothing can be said to this member alone: its key is not one that can be sealed for"),
    "text-empty": lambda: _("a message needs at least one character"),
    "text-long": lambda: _("a message has at most {max_text} bytes; nothing of this one was sent: send it in parts"),
    "text-control": lambda: _(
        "a message has no control characters but line breaks and tabs; nothing of this one was sent"
    ),
    "text-encoding": lambda: _("a message is UTF-8 text, and this line is not; nothing of it was sent"),
    "quota": lambda: _(
        "what you said has used up your quota: no more is taken here; --quota allows more, --keep gives up what is old"
    ),
    "room-name": lambda: _("a room's name is '#' and then 1 to {max_room} characters without spaces, such as #chat"),
}
END = "—"
"""The line below messages of former times."""
TAB_WIDTH = 4
_SHOWN_OF_SEARCH = 60


@singledispatch
def sentences(event: Any) -> list[str]:
    """Return what people are told of `event`, one line each; nothing for an event that is for the log alone."""
    sentence = _SENTENCES.get(type(event))
    return [clean(sentence(event).format_map(fields(event)))] if sentence else []


def fields(event: Any) -> dict[str, Any]:
    """Return what the sentence for an event may name: the event's fields, and `address` for host and port. What its member
    wrote went through `clean_text`."""
    place = {"address": endpoint(event.host, event.port)} if hasattr(event, "port") else {}
    written = {field: clean_text(getattr(event, field)) for field in ("room", "text") if hasattr(event, field)}
    return {**vars(event), **place, **written}


def verified_mark() -> str:
    """Return what stands behind the address of a member whose key was compared, where no name can stand."""
    return _("✔ verified")


@sentences.register
def _messages(event: Messages) -> list[str]:
    stamp = "" if event.own and not event.missed else f"{_stamp(event)} "
    return [f"{stamp}{line}" for line in _said(event)]


def _said(event: Messages) -> list[str]:
    """Return the messages, each with who said it and where, if that is not where everybody is."""
    return [f"{speaker(event, record)}{isolated(clean_text(record.text))}" for record in event.records]


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
            speaker(event, record),
            [clean_text(line.expandtabs(TAB_WIDTH)) for line in record.text.split("\n")],
        )
        for record in event.records
    ]


def speaker(event: Messages, record: Say) -> str:
    """Return what stands before a message, safe to show: its room, if that is not everybody's, and who says it to whom.

    A room has no space, and a name nothing of what stands around it: where each of them ends can be told from any text.
    """
    name = isolated(clean(event.name))
    room = "" if same_room(record.room, DEFAULT_ROOM) else f"{isolated(clean_text(record.room))} "
    if event.private:
        to = isolated(clean(event.private))
        return _("(You → {to}) 🔒: ").format(to=to) if event.own else f"🔒 {name}: "
    if record.me:
        return f"{room}* {name}: "
    return room + (_("(You) 💬: ") if event.own else f"{name}: ")


def _stamp(event: Messages) -> str:
    """Return when it was said by the author's clock: the date only if that is not today."""
    said = time.localtime(event.at / 1000)
    today = said[:3] == time.localtime()[:3]
    stamp = ("" if today else f"{date(said)} ") + time.strftime("%H:%M:%S", said)
    return f"[{stamp}]" if not event.late else _("[{stamp}, late]").format(stamp=stamp)


@sentences.register
def _past(event: Past) -> list[str]:
    messages = [f"{_stamp(each)} {line}" for each in event.messages for line in _said(each)]
    return [*heading(event), *messages, END]


def heading(event: Past) -> list[str]:
    """Return what stands above messages of former times; `END` stands below them."""
    shown = len(event.messages)
    match event:
        case WhileAway(count=count):
            title = ngettext(
                "— while you were away: {count} message —", "— while you were away: {count} messages —", count
            ).format(count=number(count))
            more = _("… the newest {shown}; /history {count} shows them all").format(shown=shown, count=count)
            return [title, *([more] if count > shown else [])]
        case Newest(of=of):
            title = ngettext("— the newest message —", "— the newest {n} messages —", shown)
            if of:
                title = ngettext("— {of}: the newest message —", "— {of}: the newest {n} messages —", shown)
            return [clean(title.format(n=number(shown), of=of))]
        case Found(words=words, more=more):
            title = ngettext("— {n} message with “{words}” —", "— {n} messages with “{words}” —", shown)
            if more:
                title = _("— the newest {n} messages with “{words}”; more words find fewer —")
            return [clean(title.format(n=number(shown), words=words[:_SHOWN_OF_SEARCH]))]
        case _:
            return [_("— earlier —")]


@sentences.register
def _receiving(event: Receiving) -> list[str]:
    return [_("⏬ receiving {received} of {total}").format(received=number(event.received), total=number(event.total))]


def became(receipt: Receipt) -> str:
    """Return what became of something that was said: a ✓ stands for what is on a disk, and only for that."""
    if not receipt.kept:
        return _("… not yet on disk")
    holders, lacking = len(receipt.holders), len(receipt.lacking)
    names = _(" (not yet at {names})").format(names=", ".join(receipt.lacking)) if lacking else ""
    if not holders and not receipt.durable:
        return clean(_("… kept in memory only") + names)
    if not holders and not lacking:
        return _("✓ kept here")
    return clean(f"✓ {holders}/{holders + lacking}{names}")


@sentences.register
def _store_failing(event: StoreFailing) -> list[str]:
    sentence = _("⚠️ messages can't be kept right now: {detail}; the chat goes on")
    return [clean(sentence.format(detail=_(event.detail)))]


@sentences.register
def _untold(event: Untold) -> list[str]:
    sentence = ngettext(
        "… {n} more coming, going or warning of a new key was not told; /who lists who is here",
        "… {n} more comings, goings and warnings of new keys were not told; /who lists who is here",
        event.count,
    )
    return [sentence.format(n=number(event.count))]


@sentences.register
def _quota_reached(event: QuotaReached) -> list[str]:
    sentence = _(
        "⚠️ the {bytes} bytes that are kept of each member are used up by {name}: no more that {name} says is taken here; "
        "--quota allows more"
    )
    return [clean(sentence.format(name=event.name, bytes=number(event.bytes)))]


@sentences.register
def _clock(event: ClockOff) -> list[str]:
    return [clock_off(event)]


@sentences.register
def _crowded(event: Crowded) -> list[str]:
    return [clean(f"⚠️ {crowd(event.limit, event.count, event.most, event.name)}")]


@sentences.register
def _unheard(event: Unheard) -> list[str]:
    sentence = _("⚠️ {name} has no room for what you say: nothing more of it is taken there")
    return [clean(sentence.format(name=event.name))]


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
    """Return what is wrong with a name, a room, a message or a passphrase, and what would be right."""
    return clean(
        _WRONG[error.code]().format(
            character=error.character,
            max_name=MAX_NAME,
            max_text=number(MAX_TEXT),
            max_room=MAX_ROOM - 1,
            min_passphrase=MIN_PASSPHRASE,
            max_passphrase=number(MAX_PASSPHRASE),
        )
    )


def unusable(error: StorageError) -> str:
    """Return what is wrong with a file or a directory, and what to do."""
    return clean(_(SENTENCES[error.code]).format(path=error.path, detail=error.detail))


def explained(error: ChatError) -> str:
    """Return what people are told of an error that was raised on purpose."""
    return unusable(error) if isinstance(error, StorageError) else clean(str(error))


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


def congested() -> str:
    """Return the refusal of a message because too many wait to be kept."""
    return _("⚠️ not sent: too much of what you said still waits to be saved; please try again later")


def not_shown(count: int) -> str:
    """Return the line that stands for `count` lines the terminal was too slow to take."""
    lines = ngettext("… {count} line not shown, see the log", "… {count} lines not shown, see the log", count)
    return lines.format(count=number(count))


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
