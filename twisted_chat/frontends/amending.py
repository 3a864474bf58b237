"""What a person does to messages that were shown: answers, reactions, corrections, votes."""

from __future__ import annotations

from collections.abc import Callable

from twisted_chat.core import answers, commands, refusals
from twisted_chat.core.answers import Answer, Done
from twisted_chat.core.commands import Command
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.messages import Messages
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.shown import Shown, which


class AmendingCommands:
    """The commands that refer to messages."""

    def __init__(self, seat: Seat) -> None:
        self.shown = Shown(seat)
        self._seat = seat
        self.run: dict[Command, Callable[[str], Answer]] = {
            commands.ANSWER: self._answer,
            commands.REACT: self._react,
            commands.EDIT: self._edit,
            commands.RETRACT: self._retract,
            commands.ORIGINAL: self._original,
            commands.POLL: self._poll,
            commands.VOTE: self._vote,
        }

    def correct(self, old: str, new: str) -> Answer:
        """Have the first `old` in the person's last message be `new`."""
        last = self.shown.newest(self._is_mine)
        if last is None:
            return refusals.NoSuchMessage(typed="")
        text = last.records[0].text
        if old not in text:
            return refusals.NotThere(typed=old)
        return self._corrected(last, text.replace(old, new, 1))

    def _answer(self, argument: str) -> Answer:
        typed, text = which(argument)
        if not text:
            return refusals.Incomplete(command=commands.ANSWER.name, arguments=commands.ANSWER.arguments)
        message = self._meant(typed, self._is_others)
        if message is None:
            return refusals.NoSuchMessage(typed=typed)
        if message.private:
            if message.own:
                raise BadText("no-message")
            self._seat.whisper(message.feed.author, text)
        else:
            self._seat.say(text, message.records[0].room, re=message.id)
        return Done()

    def _react(self, argument: str) -> Answer:
        typed, text = which(argument)
        if not text:
            return refusals.Incomplete(command=commands.REACT.name, arguments=commands.REACT.arguments)
        message = self._meant(typed, self._is_others)
        if message is None:
            return refusals.NoSuchMessage(typed=typed)
        reaction = "" if text in commands.BACK else text
        if not message.records[0].takes(reaction):
            raise BadText("poll-votes")
        self._seat.voice.react(_public(message), reaction)
        return Done()

    def _edit(self, argument: str) -> Answer:
        if isinstance(typed_so := commands.parse(argument), commands.Corrected):
            return self.correct(typed_so.old, typed_so.new)
        typed, text = ("", argument) if argument[:1].isdecimal() else which(argument)
        if not text:
            return refusals.Incomplete(command=commands.EDIT.name, arguments=commands.EDIT.arguments)
        message = self._meant(typed, self._is_mine)
        return refusals.NoSuchMessage(typed=typed) if message is None else self._corrected(message, text)

    def _corrected(self, message: Messages, text: str) -> Answer:
        if message.records[0].answers:
            raise BadText("poll-fixed")
        if message.retracted:
            raise BadText("no-message")
        self._seat.voice.edit(_public(message), text)
        return Done()

    def _retract(self, argument: str) -> Answer:
        typed, rest = which(argument)
        message = None if rest else self._meant(typed, lambda each: self._is_own(each) and not each.private)
        if message is None:
            return refusals.NoSuchMessage(typed=argument)
        if message.retracted:  # who asks twice does not mean the one before
            raise BadText("retracted")
        self._seat.voice.retract(_public(message))
        return Done()

    def _original(self, argument: str) -> Answer:
        typed, rest = which(argument)
        message = None if rest else self._meant(typed, lambda each: each.edited or each.retracted)
        if message is None:
            return refusals.NoSuchMessage(typed=argument)
        return answers.Original(message, message.original or message.records[0].text)

    # Polls.

    def _poll(self, argument: str) -> Answer:
        if not argument or argument.casefold() in commands.CLOSE:
            return self._close() if argument else self._votes()
        self._seat.voice.ask("\n".join(" ".join(part.split()) for part in argument.split("|")), self._seat.room)
        return Done()

    def _close(self) -> Answer:
        poll = self.shown.newest(lambda each: self._is_open(each) and self._is_own(each))
        if poll is None and self.shown.newest(self._is_open) is not None:
            raise BadText("not-own")
        if poll is None:
            return refusals.NoPoll()
        self._seat.voice.close(poll.id)
        return Done()

    def _votes(self) -> Answer:
        poll = self.shown.newest(_is_poll)
        if poll is None:
            return refusals.NoPoll()
        voted = {member for tally in poll.tally for member in tally.members}
        roster = self._seat.conversation.roster
        missing = [each.shown for each in (*self._seat.conversation.here(), roster.own) if each.id not in voted]
        return answers.Votes(poll, [] if poll.closed else missing)

    def _vote(self, argument: str) -> Answer:
        poll = self.shown.newest(self._is_open)
        if poll is None:
            return refusals.NoPoll()
        most = len(poll.records[0].answers)
        if argument in commands.BACK:
            self._seat.voice.react(poll.id)
        elif argument.isascii() and argument.isdecimal() and 1 <= int(argument[:9]) <= most:
            self._seat.voice.react(poll.id, str(int(argument)))
        else:
            return refusals.HowMany(typed=argument, most=most)
        return Done()

    # Which message.

    def _meant(self, typed: str, usual: Callable[[Messages], bool]) -> Messages | None:
        return self.shown.find(typed) if typed else self.shown.newest(usual)

    def _is_own(self, message: Messages) -> bool:
        return message.feed.author == self._seat.voice.id

    def _is_others(self, message: Messages) -> bool:
        return not self._is_own(message) and not message.retracted

    def _is_mine(self, message: Messages) -> bool:
        return self._is_own(message) and not message.private and not message.retracted

    @staticmethod
    def _is_open(message: Messages) -> bool:
        return _is_poll(message) and not message.closed


def _is_poll(message: Messages) -> bool:
    return bool(message.records[0].answers) and not message.retracted


def _public(message: Messages) -> MessageId:
    """Return the id of a message, if all may know what it says."""
    if message.private:
        raise BadText("no-message")
    return message.id
