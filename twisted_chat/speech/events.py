"""Sentences for events: what people are told of what happens.

Every line that leaves here went through `text.clean` exactly once, whoever wrote what is in it: a line is one line, and
safe to show on a terminal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import singledispatch
from typing import Any

from msgspec.structs import asdict

from twisted_chat.core import events
from twisted_chat.core.events import (
    Changed,
    ClockOff,
    Crowded,
    Leaving,
    QuotaReached,
    StoreFailing,
    Trimmed,
    Unheard,
    Untold,
)
from twisted_chat.core.messages import Messages, Past, Receiving
from twisted_chat.core.writing.text import clean, clean_text
from twisted_chat.net.addresses import endpoint
from twisted_chat.speech.advice import clock_off, crowd, no_link
from twisted_chat.speech.i18n import _, date, ngettext, number
from twisted_chat.speech.messages import again, at_once, changed

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
        "⚠️ {name} signed two different messages for one place; {name}'s messages from there on are not accepted"
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
    events.Fault: lambda event: _("⚠️ a bug in this program was caught; details are in the log; the chat goes on"),
    events.Topical: lambda event: (
        _("📌 {name}: {room} is about: {text}") if event.text else _("📌 {name}: {room} is about nothing in particular")
    ),
    events.WentAway: lambda event: _("💤 {name} is away: {text}") if event.text else _("👋 {name} is back"),
}
"""One sentence an event; what `fields` returns may be named in it. In functions, since the language is chosen after import."""


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
    return {**asdict(event), **place, **written}


def verified_mark() -> str:
    """Return what stands behind the address of a member whose key was compared, where no name can stand."""
    return _("✔ verified")


sentences.register(Messages, at_once)
sentences.register(Past, again)
sentences.register(Changed, changed)


@sentences.register
def _receiving(event: Receiving) -> list[str]:
    return [_("⏬ receiving {received} of {total}").format(received=number(event.received), total=number(event.total))]


@sentences.register
def _store_failing(event: StoreFailing) -> list[str]:
    sentence = _("⚠️ messages can't be kept right now: {detail}; the chat goes on")
    return [clean(sentence.format(detail=_(event.detail)))]


@sentences.register
def _untold(event: Untold) -> list[str]:
    sentence = ngettext(
        "… {n} more coming, going, other name or warning was not told; /who lists who is here",
        "… {n} more comings, goings, other names and warnings were not told; /who lists who is here",
        event.count,
    )
    return [sentence.format(n=number(event.count))]


@sentences.register
def _quota_reached(event: QuotaReached) -> list[str]:
    sentence = _(
        "⚠️ {name}'s storage quota of {bytes} bytes is full; new messages from {name} are not kept here; --quota allows more"
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
    sentence = _("⚠️ {name} has no room left for your messages; new ones are not kept there")
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
