"""Sentences for answers: one place in which what a command is answered with becomes lines for people, in their language.

Every line that leaves here went through `text.clean` exactly once, as in `speech.events`.
"""

from __future__ import annotations

import time
from functools import singledispatch

from twisted_chat.core import answers
from twisted_chat.core.answers import Key, Person, Usage, Where, Who
from twisted_chat.core.commands import BARE_QUIT, lookup
from twisted_chat.core.events import Alone, Reacted
from twisted_chat.core.messages import Earlier, Past
from twisted_chat.core.refusals import NotDone
from twisted_chat.core.status import Copy, Lack, LinkStatus, Status
from twisted_chat.core.writing.text import clean, clean_text, isolated
from twisted_chat.net.addresses import endpoint
from twisted_chat.speech.advice import advice
from twisted_chat.speech.events import sentences, verified_mark
from twisted_chat.speech.i18n import _, date, ngettext, number
from twisted_chat.speech.messages import again, changed
from twisted_chat.speech.refusals import refusal

_LACKS_SHOWN = 5
_GONE_SHOWN = 20
_MISSING_SHOWN = 60


@singledispatch
def lines(answer: object) -> list[str]:
    """Return what people are told by an answer, a line each; nothing if there is nothing to tell."""
    return []


@lines.register
def _not_done(answer: NotDone) -> list[str]:
    return [refusal(answer)]


@lines.register
def _who(answer: Who) -> list[str]:
    here, distant, gone = (answer.those(where) for where in (Where.HERE, Where.THROUGH, Where.GONE))
    told = [] if here else sentences(Alone())
    if here:
        told.append(ngettext("👥 {n} other is here:", "👥 {n} others are here:", len(here)).format(n=len(here)))
        told += [clean(f"   {each.name} ({endpoint(each.host, each.port)}){_marks(each)}") for each in here]
    if count := len(distant) + answer.nameless:
        title = ngettext("🔗 {n} more is here, through others:", "🔗 {n} more are here, through others:", count)
        told.append(title.format(n=number(count)))
        told += map(_distant, distant)
        told += [_("   {n} who said nothing yet").format(n=number(answer.nameless))] if answer.nameless else []
    if gone:
        title = ngettext("🌙 {n} other is not here:", "🌙 {n} others are not here:", len(gone))
        told.append(title.format(n=number(len(gone))))
        told += [clean(f"   {each.name} ({_last_seen(each)}){_marks(each)}") for each in gone[:_GONE_SHOWN]]
        told += [_("   … and {n} more").format(n=number(len(gone) - _GONE_SHOWN))] if len(gone) > _GONE_SHOWN else []
    return told


def _distant(person: Person) -> str:
    line = _("   {name} (through {names})").format(name=person.name, names=", ".join(person.through))
    return clean(line + _marks(person))


def _marks(person: Person) -> str:
    marks = [
        verified_mark() if person.verified else "",
        _("🔇 ignored") if person.ignored else "",
        _("💤 away: {text}").format(text=clean_text(person.away)) if person.away else "",
    ]
    return "".join(f" {mark}" for mark in marks if mark)


def _last_seen(person: Person) -> str:
    at = time.localtime(person.last_seen // 1000)
    return _("last here {when}").format(when=f"{date(at)} {time.strftime('%H:%M', at)}")


@lines.register
def _ignoring(answer: answers.Ignoring) -> list[str]:
    sentence = (
        _("🔇 what {name} says and does is hidden from now on; the log has it. To see it again: /ignore {written}")
        if answer.ignored
        else _("🔊 what {name} says and does is shown again")
    )
    return [clean(sentence.format(name=answer.name, written=answer.written))]


@lines.register
def _replied_to(answer: answers.RepliedTo) -> list[str]:
    sentence = _("✏️ {before} is now called: {now}; that is who got your answer")
    return [clean(sentence.format(before=answer.before, now=answer.now))]


@lines.register
def _own_key(answer: answers.OwnKey) -> list[str]:
    hint = _("   others compare it with what they see: /verify {name}. To compare theirs, type that with their names")
    return [_key(answer.own), clean(hint.format(name=answer.own.name))]


@lines.register
def _keys(answer: answers.Keys) -> list[str]:
    hint = (
        _("   ✔ verified: you compared this key. To take that back: /verify {name} no")
        if answer.verified
        else _("   compare both by telephone, say; only if they are the same there: /verify {name} yes")
    )
    return [_key(answer.own), _key(answer.other), clean(hint.format(name=answer.written))]


def _key(key: Key) -> str:
    return clean(f"🔑 {key.name}: {key.digits}")


@lines.register
def _original(answer: answers.Original) -> list[str]:
    name = isolated(clean(answer.now.name))
    said = isolated(clean_text(answer.said))
    return [_("↪ {name} first said: ").format(name=name) + said]


@lines.register
def _votes(answer: answers.Votes) -> list[str]:
    told = changed(Reacted(answer.poll))
    if answer.missing:
        names = ", ".join(answer.missing[:_MISSING_SHOWN]) + ("…" if len(answer.missing) > _MISSING_SHOWN else "")
        told.append(clean(_("📋 not yet: {names}").format(names=names)))
    return told


@lines.register
def _rooms(answer: answers.Rooms) -> list[str]:
    return [clean(_room(room)) for room in answer.rooms]


def _room(room: answers.Room) -> str:
    mark = "▶" if room.current else " "
    unread = ngettext("({n} unread)", "({n} unread)", room.unread).format(n=number(room.unread)) if room.unread else ""
    start = " ".join(part for part in (mark, clean_text(room.name), unread) if part)
    return f"{start} — {clean_text(room.topic)}" if room.topic else start


@lines.register(answers.Entered)
@lines.register(answers.About)
def _in_room(answer: answers.Entered | answers.About) -> list[str]:
    sentence = _("▶ you are in {room}. {topic}")
    return [clean(sentence.format(room=clean_text(answer.room), topic=clean_text(answer.topic)).rstrip())]


@lines.register
def _past(answer: Past) -> list[str]:
    if answer.messages:
        return again(answer)
    return [] if isinstance(answer, Earlier) else [_("nothing found")]


@lines.register
def _status(status: Status) -> list[str]:
    equal = [copy for copy in status.copies if not copy.lacks and not copy.exceeds]
    told = [
        ngettext(
            "{equal}/{all} peers hold the same {records} record: a message, a topic or the like",
            "{equal}/{all} peers hold the same {records} records: messages, topics and the like",
            status.records,
        ).format(equal=len(equal) + 1, all=len(status.copies) + 1, records=number(status.records))
    ]
    for copy in status.copies:
        if copy.lacks:
            told.append(_("   {name}: lacks {what}").format(name=copy.name, what=_lacks(copy)))
        if copy.exceeds:
            told.append(_("   {name}: has {n} more").format(name=copy.name, n=number(copy.exceeds)))
    if status.unsaved:
        told.append(_("   {n} bytes are not yet on disk here").format(n=number(status.unsaved)))
    if status.full:
        told.append(
            _("   storage quota full: {names}; their new messages are not kept here").format(
                names=", ".join(status.full)
            )
        )
    told += map(_link, status.links)
    if status.refused:
        counts = ", ".join(f"{reason} {number(count)}" for reason, count in sorted(status.refused.items()))
        told.append(_("🚫 connections refused: {counts}").format(counts=counts))
    return [clean(line) for line in told]


def _lacks(copy: Copy) -> str:
    shown = [f"{lack.name} {_numbers(lack)}" for lack in copy.lacks[:_LACKS_SHOWN]]
    more = len(copy.lacks) - len(shown)
    return ", ".join(shown) + (_(" and {n} more").format(n=more) if more else "")


def _numbers(lack: Lack) -> str:
    return str(lack.first) if lack.first == lack.last else f"{lack.first}–{lack.last}"


def _link(link: LinkStatus) -> str:
    state = _("silent") if link.suspect else _("fine") if link.writable else _("not reading")
    round_trip = "?" if link.round_trip is None else f"{number(link.round_trip * 1000, '.1f')} ms"
    return _("🔗 {name} ({address}): {state}, round trip {round_trip}, {behind} to send").format(
        name=link.name,
        address=endpoint(link.host, link.port),
        state=state,
        round_trip=round_trip,
        behind=number(link.behind),
    )


@lines.register
def _diagnosed(answer: answers.Diagnosed) -> list[str]:
    return advice(answer.diagnosis, answer.log)


@lines.register
def _log_at(answer: answers.LogAt) -> list[str]:
    return [clean(_("📄 the log is {log}").format(log=answer.path))]


@lines.register
def _help(answer: answers.Help) -> list[str]:
    calls = [_call(usage) for usage in answer.commands]
    width = max(map(len, calls), default=0)
    told = [f"{call:<{width}}  {_what_it_does(usage)}" for call, usage in zip(calls, answer.commands, strict=True)]
    if answer.whole:
        told.append(
            _("{quit} alone leaves too; a line that starts with // is said, with one / less").format(quit=BARE_QUIT)
        )
    return told


def _call(usage: Usage) -> str:
    words = ", ".join(f"/{word}" for word in usage.words)
    return f"{words} {_(usage.arguments)}" if usage.arguments else words


def _what_it_does(usage: Usage) -> str:
    command = lookup(usage.name)
    return _(command.help) if command else ""
