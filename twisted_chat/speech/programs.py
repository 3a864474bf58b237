"""Sentences for programs: why a request was not carried out, and why there is no socket. Programs go by the codes beside them."""

from __future__ import annotations

from twisted_chat.core.writing.text import clean
from twisted_chat.speech.i18n import _


def not_json(detail: str) -> str:
    """Return that a line is not JSON; `detail` is in English."""
    return clean(_("this line can't be read as JSON: {detail}").format(detail=detail))


def no_request(detail: str) -> str:
    """Return that a line is no request; `detail` is in English."""
    return clean(_("this is no request of JSON-RPC 2.0: {detail}").format(detail=detail))


def no_method(method: str) -> str:
    """Return that there is no such method."""
    return clean(_("there is no method {method}; 'tcpchat schema' prints all").format(method=method[:40]))


def bad_params(method: str, detail: str) -> str:
    """Return that a method does not take what it was given; `detail` is in English."""
    return clean(_("{method} does not take that: {detail}").format(method=method, detail=detail))


def no_place() -> str:
    """Return that a place is not one of this copy of the conversation."""
    return _('that place is of another copy of this conversation: begin with "after" empty, or without it')


def full(most: int) -> str:
    """Return that no more programs are let in."""
    return _("{most} programs are connected, and no more are let in").format(most=most)


def not_on_windows(flag: str) -> str:
    """Return that something needs another system."""
    return _("{flag} is not there on Windows").format(flag=flag)


def long_path(most: int) -> str:
    """Return that the path of a socket is too long."""
    return _("a socket's path has at most {most} bytes").format(most=most)


def open_directory(directory: str) -> str:
    """Return that a socket would be where others can put theirs."""
    return _("{directory} is not yours alone: use a directory that is, such as one made by 'mkdir -m 700'").format(
        directory=directory
    )


def other_file() -> str:
    """Return that something else is there."""
    return _("there is another file already, which is no socket")


def taken_socket() -> str:
    """Return that another program listens there."""
    return _("another program listens there")


def ended() -> str:
    """Return that no peer is at the other end any more."""
    return _("the peer has ended")


def no_peer(path: str, detail: str) -> str:
    """Return that no running peer can be reached."""
    return clean(_("no peer can be reached at {path}: {detail}").format(path=path, detail=detail))


def other_reactor() -> str:
    """Return that a peer can't run in this loop."""
    return _("a Twisted reactor is installed that does not run in this asyncio loop: install asyncioreactor with it")


def no_loop() -> str:
    """Return that nothing runs in which a peer could."""
    return _("neither an asyncio loop nor a Twisted reactor is there: use asyncio.run, or twisted.internet.task.react")


def no_socket(path: str, detail: str) -> str:
    """Return that programs can't be let in at `path`."""
    return clean(_("{path} can't be a socket for programs: {detail}").format(path=path, detail=detail))
