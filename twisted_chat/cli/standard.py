"""Standard input, output and error of this process: any of them may be closed from the start, full, or gone."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from functools import cache
from typing import TextIO

from twisted_chat.core.errors import ChatError
from twisted_chat.core.writing.text import clean
from twisted_chat.speech.i18n import _


class OutputFailed(ChatError):
    """Standard output could not take what this program was asked to show."""


@cache
def secure() -> None:
    """Keep the numbers 0 to 2 for standard input, output and error, and the exit status for what was done.

    Call it before anything is opened. If one of the three is closed, the next file or socket would get its number, and what is
    meant for people would be written into that. So the program starts anew, in the same process, with something in the place of
    each that is closed. That can't be read, or written: whoever tries gets an `OSError`, as from what is closed. To start anew is
    the one way that also helps where a reactor has taken such a number already, as that of `twistd --reactor epoll` has.
    """
    atexit.register(_let_go)
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    closed = [number for number, stream in enumerate(streams) if stream is None]
    if closed and os.name == "posix":
        for number in closed:
            void = os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY)  # the wrong way round
            if void == number:
                os.set_inheritable(void, True)
            else:
                os.dup2(void, number)
                os.close(void)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def show(words: str) -> None:
    """Write words, which are what a command is for, to standard output, at once.

    Raises `OutputFailed` with what the operating system says, but `BrokenPipeError` as it is: whoever read them has enough.
    """
    if sys.stdout is None:  # on Windows, without a console
        return
    try:
        sys.stdout.write(words + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(f"{_('standard output')}: {error.strerror}") from None


def say(words: str, stderr: TextIO | None = None) -> None:
    """Write words for a person to standard error, or to what is given in its place. That nobody can read them changes nothing."""
    stream = sys.stderr if stderr is None else stderr
    if stream is not None:
        with suppress(OSError):
            stream.write(clean(words) + "\n")
            stream.flush()


def _let_go() -> None:
    """Drop what could not be written: Python would try again as it ends, and make the exit status 120."""
    for number, stream in ((1, sys.__stdout__), (2, sys.__stderr__)):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except OSError:
            void = os.open(os.devnull, os.O_WRONLY)
            os.dup2(void, number)
            os.close(void)
