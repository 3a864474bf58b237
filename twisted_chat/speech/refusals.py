"""Sentences for what is refused: what is wrong, and what would be right.

Every line that leaves here went through `text.clean` exactly once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted_chat.core import addressing
from twisted_chat.core.errors import BadText, ChatError
from twisted_chat.core.events import Fault
from twisted_chat.core.feeds.records import MAX_ANSWERS
from twisted_chat.core.refusals import (
    Busy,
    Failed,
    HowMany,
    Incomplete,
    KeyLength,
    NobodyAsked,
    NoPoll,
    NoSuchCommand,
    NoSuchMessage,
    NotDone,
    NotThere,
    NoWords,
    OtherKey,
    Unacceptable,
    UnclearName,
    Unusable,
)
from twisted_chat.core.wire.passphrase import MAX_PASSPHRASE, MIN_PASSPHRASE
from twisted_chat.core.writing.text import MAX_NAME, MAX_REACTION, MAX_ROOM, MAX_TEXT, clean
from twisted_chat.speech.events import sentences
from twisted_chat.speech.i18n import _, number
from twisted_chat.storage.errors import SENTENCES, StorageError

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
        "your own storage quota is full; new messages from you are not accepted; --quota allows more, --keep deletes old ones"
    ),
    "reaction": lambda: _("a reaction is one word or picture of up to {max_reaction} characters, without spaces"),
    "poll-fixed": lambda: _("a poll stays as it was asked, for people have voted for that; ask again"),
    "poll-votes": lambda: _("a poll takes votes alone: /vote and the number of an answer"),
    "retracted": lambda: _(
        "that message is taken back already; for another, count back as in /retract 2, or give some of its words in quotes"
    ),
    "not-own": lambda: _("only your own messages can be corrected, taken back or closed"),
    "no-message": lambda: _(
        "there is no such message for all here, or it is a private one: those stay as they were said"
    ),
    "poll": lambda: _("a poll has a question and 2 to {max_answers} answers, such as: /poll When? | now | later"),
    "room-name": lambda: _("a room's name is '#' and then 1 to {max_room} characters without spaces, such as #chat"),
}

_SHOWN_OF_WORD = 32
_SHOWN_OF_NAME = 2 * MAX_NAME


def wrong(error: BadText | Unacceptable) -> str:
    """Return what is wrong with a name, a room, a message or a passphrase, and what would be right."""
    return clean(
        _WRONG[error.code]().format(
            character=error.character,
            max_name=MAX_NAME,
            max_text=number(MAX_TEXT),
            max_room=MAX_ROOM - 1,
            max_reaction=MAX_REACTION,
            max_answers=MAX_ANSWERS,
            min_passphrase=MIN_PASSPHRASE,
            max_passphrase=number(MAX_PASSPHRASE),
        )
    )


def unusable(error: StorageError | Unusable) -> str:
    """Return what is wrong with a file or a directory, and what to do."""
    return clean(_(SENTENCES[error.code]).format(path=error.path, detail=error.detail))


def explained(error: ChatError) -> str:
    """Return what people are told of an error that was raised on purpose."""
    return unusable(error) if isinstance(error, StorageError) else clean(str(error))


def refused(error: BadText | Unacceptable) -> str:
    """Return the line that tells whoever typed it that a line was not taken, and why."""
    return f"❌ {wrong(error)}"


def congested() -> str:
    """Return the refusal of a message because too many wait to be kept."""
    return _("⚠️ not sent: too much of what you said still waits to be saved; please try again later")


def unclear(answer: UnclearName) -> str:
    """Return why nothing was done with what was typed after a command, and how to write whom it is for."""
    name = answer.name[:_SHOWN_OF_NAME]
    calls = [f"/{answer.command} {way}" for way in answer.ways]
    match answer.code:
        case addressing.MOVED:
            hint = _("❓ {name} is shown by another name now; nothing was done. Begin with {calls}")
        case addressing.SEVERAL:
            hint = _("❓ {name} is not enough to tell who is meant; nothing was done. Begin with one of: {calls}")
        case addressing.LENGTHS:
            hint = _("❓ that fits several names; nothing was done. Begin with one of: {calls}")
        case addressing.QUOTES:
            hint = _("❓ a name that begins with a quote ends with a quote and a space; nothing was done")
        case _:
            hint = _("❓ nobody is called {name}; known are: {names}")
    return clean(hint.format(name=name, names=", ".join(answer.known) or "—", calls=", ".join(calls)))


def unknown_command(answer: NoSuchCommand) -> str:
    """Return the hint for a command that does not exist. It was not said to anybody."""
    if answer.suggestion is None:
        hint = _("❓ there is no command /{word}; /help lists them. To say it, start the line with //")
    else:
        hint = _("❓ there is no command /{word}; did you mean /{suggestion}? To say it, start the line with //")
    return clean(hint.format(word=answer.word[:_SHOWN_OF_WORD], suggestion=answer.suggestion))


def incomplete(answer: Incomplete) -> str:
    """Return the hint for a command that was given without what it needs."""
    call = f"/{answer.command} {_(answer.arguments)}".rstrip()
    return clean(_("❓ type it like this: {call}").format(call=call))


def no_such_message(answer: NoSuchMessage) -> str:
    """Return the hint for a message that was not shown."""
    if not answer.typed:
        return _("❓ no such message was shown here yet; nothing was done")
    hint = _(
        "❓ no message shown here is meant by {typed}: count back from the newest, 1, 2, 3, or give some of its words in quotes"
    )
    return clean(hint.format(typed=answer.typed[:_SHOWN_OF_WORD]))


def not_there(answer: NotThere) -> str:
    """Return the hint for a correction of nothing."""
    hint = _("❓ your last message has no “{typed}”; nothing was done. To say such a line, begin it with a space")
    return clean(hint.format(typed=answer.typed[:_SHOWN_OF_WORD]))


def how_many(answer: HowMany) -> str:
    """Return the hint for a number that is none."""
    sentence = _("❌ {argument} is not a number from 1 to {most}")
    return clean(sentence.format(argument=answer.typed[:_SHOWN_OF_WORD], most=answer.most))


def other_key(answer: OtherKey) -> str:
    """Return that the key that was typed is not a member's."""
    sentence = _("🚨 that is NOT the key of {name}: whoever has the key you typed is somebody else")
    return clean(sentence.format(name=answer.name))


def no_key(answer: KeyLength) -> str:
    """Return that so many digits are no key."""
    sentence = _("❌ a key has {all} digits, and this has {n}: nothing was compared")
    return sentence.format(all=answer.whole, n=number(answer.digits))


_REFUSALS: dict[type[NotDone], Callable[[Any], str]] = {
    Unacceptable: refused,
    Busy: lambda answer: congested(),
    UnclearName: unclear,
    NoSuchCommand: unknown_command,
    Incomplete: incomplete,
    NoSuchMessage: no_such_message,
    NotThere: not_there,
    NoPoll: lambda answer: _("❓ no open poll was shown here; to ask: /poll When? | now | later"),
    NoWords: lambda answer: _("❌ search for which words? Such as: /search protocol"),
    HowMany: how_many,
    NobodyAsked: lambda answer: _("❓ nobody has said anything to you alone yet; /msg name text begins"),
    OtherKey: other_key,
    KeyLength: no_key,
    Unusable: unusable,
    Failed: lambda answer: sentences(Fault())[0],
}
"""One sentence for each way in which nothing is done."""


def refusal(answer: NotDone) -> str:
    """Return why nothing was done, safe to show."""
    return _REFUSALS[type(answer)](answer)
