"""What requests take that refer to messages, or ask for votes: typed as in `vocabulary`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from twisted_chat.frontends.json.vocabulary import Id, Params


class Poll(Params, frozen=True):
    """A question to everybody in a room, each of whom may vote for one answer: by `react`, with its number from 1 on."""

    question: Annotated[str, Meta(description="one line")]
    answers: Annotated[list[str], Meta(min_length=2, max_length=20, description="one line each")]
    room: Annotated[str | None, Meta(description="the room; if not given, the one that was joined last")] = None


class React(Params, frozen=True):
    """What one thinks of a message, or votes for. Each member has one reaction to a message."""

    to: Id
    text: Annotated[str, Meta(description="a picture or a word of at most 32 characters; empty: nothing any more")]


class Edit(Params, frozen=True):
    """What an own message reads from now on."""

    to: Id
    text: Annotated[str, Meta(description="all that it reads")]


class Own(Params, frozen=True):
    """An own message."""

    to: Id
