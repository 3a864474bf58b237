"""Messages as people read them: as they come, and again later; and what became of one's own."""

from __future__ import annotations

import time
from typing import NamedTuple

from twisted_chat.core.answers import Found, Newest
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Messages, Past, Receipt, WhileAway
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import DEFAULT_ROOM, clean, clean_text, isolated
from twisted_chat.speech.i18n import _, date, ngettext, number

END = "—"
"""The line below messages of former times."""
TAB_WIDTH = 4
_SHOWN_OF_SEARCH = 60


def at_once(event: Messages) -> list[str]:
    """Return the lines of messages as they come, safe to show."""
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
    """Return what stands before a message, safe to show: its room, if that is not everybody's, and who says it to whom; 🤖, which
    no name has, before a machine.

    A room has no space, and a name nothing of what stands around it: where each of them ends can be told from any text.
    """
    name = isolated(clean(event.name))
    machine = "🤖 " if record.auto else ""
    room = "" if same_room(record.room, DEFAULT_ROOM) else f"{isolated(clean_text(record.room))} "
    if event.private:
        to = isolated(clean(event.private))
        return machine + (_("(You → {to}) 🔒: ").format(to=to) if event.own else f"🔒 {name}: ")
    if record.me:
        return f"{room}{machine}* {name}: "
    return room + machine + (_("(You) 💬: ") if event.own else f"{name}: ")


def _stamp(event: Messages) -> str:
    """Return when it was said by the author's clock: the date only if that is not today."""
    said = time.localtime(event.at / 1000)
    today = said[:3] == time.localtime()[:3]
    stamp = ("" if today else f"{date(said)} ") + time.strftime("%H:%M:%S", said)
    return f"[{stamp}]" if not event.late else _("[{stamp}, late]").format(stamp=stamp)


def again(past: Past) -> list[str]:
    """Return the lines of messages of former times, and what stands above and below them; safe to show."""
    messages = [f"{_stamp(each)} {line}" for each in past.messages for line in _said(each)]
    return [*heading(past), *messages, END]


def heading(past: Past) -> list[str]:
    """Return what stands above messages of former times; `END` stands below them."""
    shown = len(past.messages)
    match past:
        case WhileAway(count=count):
            title = ngettext(
                "— while you were away: {count} message —", "— while you were away: {count} messages —", count
            ).format(count=number(count))
            more = _("… the newest {shown}; /history {count} shows them all").format(shown=shown, count=count)
            return [title, *([more] if count > shown else [])]
        case Newest(room=room, name=name):
            title = ngettext("— the newest message —", "— the newest {n} messages —", shown)
            if of := room or name:
                title = ngettext("— {of}: the newest message —", "— {of}: the newest {n} messages —", shown)
            return [clean(title.format(n=number(shown), of=of))]
        case Found(words=words, more=more):
            title = ngettext("— {n} message with “{words}” —", "— {n} messages with “{words}” —", shown)
            if more:
                title = _("— the newest {n} messages with “{words}”; more words find fewer —")
            return [clean(title.format(n=number(shown), words=words[:_SHOWN_OF_SEARCH]))]
        case _:
            return [_("— earlier —")]


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
