"""The notices of a console itself: its welcome, its questions, what it could not show."""

from __future__ import annotations

import os

from twisted_chat.core.commands import BARE_QUIT
from twisted_chat.core.writing.text import clean
from twisted_chat.speech.i18n import _, ngettext, number


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
