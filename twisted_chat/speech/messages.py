"""Messages as people read them: as they come, and again later; and what became of one's own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from twisted_chat.core.answers import Found, Newest
from twisted_chat.core.events import Changed, Edited, Retracted
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Messages, Past, Quote, Receipt, WhileAway
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import DEFAULT_ROOM, clean, clean_text, isolated
from twisted_chat.speech.i18n import _, date, ngettext, number

END = "—"
"""The line below messages of former times."""
TAB_WIDTH = 4
FENCE = "```"
_SHOWN_OF_SEARCH = 60
GONE = "…"
"""What a message reads that was taken back."""
SHORT = 60
"""Characters of a message that are quoted."""
MAX_NAMES = 10
"""Names of those who have one reaction."""
MAX_TALLIES = 10
"""Different reactions to one message that are shown; of a poll all are."""
_NO_QUOTES = str.maketrans("“”", "''")


def at_once(event: Messages) -> list[str]:
    """Return the lines of messages as they come, safe to show."""
    stamp = "" if event.own and not event.missed else f"{_stamp(event)} "
    return [*(f"{stamp}{line}" for line in _said(event)), *how_to_vote(event)]


def how_to_vote(event: Messages) -> list[str]:
    """Return the line below a poll; none below other messages."""
    return [_("↪ to vote: /vote 1, or another number; /poll shows who has not")] if event.records[0].answers else []


def _said(event: Messages) -> list[str]:
    """Return the messages, each with who said it and where, if that is not where everybody is."""
    if event.retracted:
        return [f"{speaker(event, event.records[0])}{GONE}"]
    return [f"{speaker(event, record)}{isolated(one_line(record))}" for record in event.records]


class Part(NamedTuple):
    """One message in pieces that are safe to show: when, by whom (what `speaker` says), and its lines, and which of these are
    code."""

    stamp: str
    author: str
    lines: Sequence[str]
    code: Sequence[bool]


def parts(event: Messages) -> list[Part]:
    """Return messages in pieces, for a console that lays them out itself."""
    stamp = _stamp(event)
    told = []
    for record in event.records:
        lines = [(GONE, False)] if event.retracted else [_laid_out(*each) for each in _blocks(_lines(record))]
        told.append(Part(stamp, speaker(event, record), *zip(*lines, strict=True)))
    return told


def _laid_out(line: str, code: bool) -> tuple[str, bool]:
    """Return a line that is safe to show. Backslashes in code stay as they are: it is to be copied."""
    line = line.expandtabs(TAB_WIDTH)
    return clean(line) if code else clean_text(line), code


def _blocks(lines: Sequence[str]) -> list[tuple[str, bool]]:
    """Return lines, each with whether it is code: those between a line that begins with ``` and one that is that. The two are
    left out, but for the first line of a message, which is empty then."""
    told: list[tuple[str, bool]] = []
    end = 0
    for start, line in enumerate(lines):
        if start >= end and line.startswith(FENCE) and FENCE in map(str.strip, lines[start + 1 :]):
            end = start + 2 + [each.strip() for each in lines[start + 1 :]].index(FENCE)
            told += [("", False)] if start == 0 else []
            told += [(each, True) for each in lines[start + 1 : end - 1]]
        elif start >= end:
            told.append((line, False))
    return told


def one_line(record: Say) -> str:
    """Return what a message reads, as one line that is safe to show."""
    return clean_text(" | ".join(_lines(record)) if record.answers else record.text)


def _lines(record: Say) -> list[str]:
    """Return the lines of a message; those of a poll that can be voted for have their numbers."""
    question, *answers = record.text.split("\n")
    return [question, *((f"{n}. {answer}" for n, answer in enumerate(answers, 1)) if record.answers else answers)]


def short(text: str) -> str:
    """Return the beginning of what a message reads, safe to show."""
    line = text.split("\n", 1)[0]
    return clean_text(line[:SHORT]) + ("…" if len(text) > min(len(line), SHORT) else "")


def in_short(message: Messages) -> str:
    """Return who said a message and how it begins, safe to show."""
    (record,) = message.records
    text = GONE if message.retracted else short(_lines(record)[0] if record.answers else record.text)
    return f"{isolated(clean(message.name))}: {isolated(text)}"


def quoted(text: str) -> str:
    """Return the same between quotes, of which there is none inside: so it can be told from any text where it ends."""
    return f"“{isolated(short(text.translate(_NO_QUOTES)))}”"


def answering(quote: Quote | None) -> str:
    """Return what stands behind the author of a message that answers another, safe to show. No name has a ↪."""
    if quote is None:
        return ""
    if not quote.name:
        return " ↪ …"
    return f" ↪ {isolated(clean(quote.name))}" + (f" {quoted(quote.text)}" if quote.text else "")


def speaker(event: Messages, record: Say) -> str:
    """Return what stands before a message, safe to show: its room, if that is not everybody's, and who says it to whom; 🤖, which
    no name has, before a machine.

    A room has no space, and a name nothing of what stands around it: where each of them ends can be told from any text.
    """
    name = isolated(clean(event.name))
    machine = ("🤖 " if record.auto else "") + ("📋 " if record.answers else "")
    re = answering(event.quote)
    room = "" if same_room(record.room, DEFAULT_ROOM) else f"{isolated(clean_text(record.room))} "
    if event.private:
        to = isolated(clean(event.private))
        return machine + (_("(You → {to}) 🔒: ").format(to=to) if event.own else f"🔒 {name}: ")
    if record.me:
        return f"{room}{machine}* {name}{re}: "
    return room + machine + (_("(You) 💬{re}: ").format(re=re) if event.own else f"{name}{re}: ")


def _stamp(event: Messages) -> str:
    """Return when it was said by the author's clock: the date only if that is not today."""
    said = time.localtime(event.at / 1000)
    today = said[:3] == time.localtime()[:3]
    stamp = ("" if today else f"{date(said)} ") + time.strftime("%H:%M:%S", said)
    if event.retracted:
        return _("[{stamp}, taken back]").format(stamp=stamp)
    if event.edited:
        return _("[{stamp}, corrected]").format(stamp=stamp)
    return f"[{stamp}]" if not event.late else _("[{stamp}, late]").format(stamp=stamp)


def again(past: Past) -> list[str]:
    """Return the lines of messages of former times, and what stands above and below them; safe to show."""
    messages = [[*(f"{_stamp(each)} {line}" for line in _said(each)), *reactions(each)] for each in past.messages]
    return [*heading(past), *(line for lines in messages for line in lines), END]


def reactions(message: Messages) -> list[str]:
    """Return the line below a message of former times that has its reactions or votes, safe to show; none if it has none."""
    return [f"↪ {tallied(message)}"] if message.tally else []


def changed(event: Changed) -> list[str]:
    """Return what people are told of what became of a message: one line, whoever wrote what is in it."""
    message = event.message
    (record,) = message.records
    room = "" if same_room(record.room, DEFAULT_ROOM) else f"{isolated(clean_text(record.room))} "
    name = isolated(clean(message.name))
    stamp = _stamp(replace(message, edited=False, retracted=False))
    if isinstance(event, Edited):
        return [room + _("✏️ {name} corrected {stamp}: ").format(name=name, stamp=stamp) + isolated(one_line(record))]
    if isinstance(event, Retracted):
        return [room + _("🗑 {name} took back {stamp}").format(name=name, stamp=stamp)]
    sign = "↪" if not record.answers else _("📋 closed") if message.closed else "📋"
    return [f"{room}{sign} {tallied(message)} → {in_short(message)}"]


def tallied(message: Messages) -> str:
    """Return who thinks what of a message, or voted for what, safe to show: no reaction has a blank, and no name a comma or a
    semicolon."""
    answers = message.records[0].answers
    told = []
    for tally in message.tally[: len(answers) or MAX_TALLIES]:
        names = [isolated(clean(name)) for name in tally.names[:MAX_NAMES]]
        names += ["…"] if len(tally.names) > MAX_NAMES else []
        what = quoted(answers[int(tally.text) - 1]) if answers else isolated(clean_text(tally.text))
        told.append(f"{what} {number(len(tally.names))}: {', '.join(names)}")
    told += ["…"] if len(message.tally) > (len(answers) or MAX_TALLIES) else []
    return "; ".join(told) or "0"


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
