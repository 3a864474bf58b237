"""A typed line is carried out, the same at every front end: it is said, or it is a command, which runs and is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core import addressing, answers, commands, refusals
from twisted_chat.core.addressing import Unclear
from twisted_chat.core.answers import Answer, Done
from twisted_chat.core.commands import COMMANDS, Command, Corrected, Run, Said, UnknownCommand
from twisted_chat.core.conversation import EARLIER, Conversation
from twisted_chat.core.errors import BadText, StoreError
from twisted_chat.core.keys import SPOKEN_DIGITS, letters, spoken, spoken_digits
from twisted_chat.core.messages import Earlier, Messages, Past
from twisted_chat.core.people.roster import Member
from twisted_chat.core.seat import Seat
from twisted_chat.core.voice import Congested
from twisted_chat.core.writing.text import DEFAULT_ROOM, check_room
from twisted_chat.frontends.amending import AmendingCommands
from twisted_chat.frontends.shown import Shown

MAX_HISTORY = 10_000
"""Messages that can be shown at once."""
MAX_KNOWN = 20
"""Members who are named to somebody who named nobody."""

Answered: TypeAlias = Answer | Deferred[Answer]
_Asked = TypeVar("_Asked")
_log = Logger()


class Commands:
    """One person's lines: each is taken for what it is, done, and answered with a value. Nothing is shown here."""

    def __init__(self, seat: Seat, log: str, leave: Callable[[], object]) -> None:
        """`log` is the path of the log; `leave` does what `/quit` asks for."""
        self._seat = seat
        self._leave = leave
        self._log_path = log
        self._amending = AmendingCommands(seat)
        self._run: dict[Command, Callable[[str], Answered]] = {
            commands.HELP: self._help,
            commands.WHO: self._who,
            commands.MSG: self._msg,
            commands.REPLY: self._reply,
            commands.ME: self._me,
            **self._amending.run,
            commands.ROOMS: self._rooms,
            commands.JOIN: self._join,
            commands.PART: self._part,
            commands.TOPIC: self._topic,
            commands.NICK: self._nick,
            commands.AWAY: self._away,
            commands.IGNORE: self._ignore,
            commands.VERIFY: self._verify,
            commands.HISTORY: self._history,
            commands.SEARCH: self._search,
            commands.STATUS: self._status,
            commands.DOCTOR: self._doctor,
            commands.LOG: self._log,
            commands.CLEAR: self._clear,
            commands.QUIT: self._quit,
        }

    def run(self, line: str) -> Answered:
        """Do what a typed line asks for; return the answer, or a Deferred that fires with it and never fails."""
        try:
            match commands.parse(line):
                case Said(text):
                    self._seat.say(text)
                case Corrected(old, new):
                    return self._amending.correct(old, new)
                case Run(command, argument):
                    return self._run[command](argument)
                case UnknownCommand(word, suggestion):
                    return refusals.NoSuchCommand(word=word, suggestion=suggestion)
        except BadText as error:
            return unacceptable(error)
        except Congested:
            return refusals.Busy()
        except Unclear as error:
            return self._unclear(error)
        return Done()

    def earlier(self, room: str) -> Deferred[Answer]:
        """Return what was said last in a room, for somebody who has just come there."""
        return self._later(self._conversation.history(EARLIER, room=room), Earlier)

    @property
    def _conversation(self) -> Conversation:
        return self._seat.conversation

    def _unclear(self, error: Unclear) -> refusals.UnclearName:
        known = self._conversation.roster.everybody()[:MAX_KNOWN] if error.code == addressing.NOBODY else []
        names = [member.shown for member in known]
        return refusals.UnclearName(error.command.name, error.name, error.ways, names, code=error.code)

    def _later(self, asked: Deferred[_Asked], answer: Callable[[_Asked], Answer]) -> Deferred[Answer]:
        """Return what is answered once what was asked for is there, or why it can't be had."""
        answered: Deferred[Answer] = asked.addCallback(answer)
        return answered.addErrback(_not_had).addCallback(self._shown)

    def _shown(self, answer: Answer) -> Answer:
        """Past messages that are shown can be counted back to."""
        if isinstance(answer, Past):
            self.shown.past(answer)
        return answer

    @property
    def shown(self) -> Shown:
        """The messages that were shown last."""
        return self._amending.shown

    # What is said.

    def _msg(self, argument: str) -> Answer:
        if not argument:
            return _incomplete(commands.MSG)
        member, text = addressing.addressed(self._conversation.roster, commands.MSG, argument)
        if not text:
            return _incomplete(commands.MSG)
        self._seat.whisper(member.id, text)
        return Done()

    def _reply(self, argument: str) -> Answer:
        if self._seat.last_private is None:
            return refusals.NobodyAsked()
        if not argument:
            return _incomplete(commands.REPLY)
        member, before = self._seat.last_private
        now = self._conversation.roster.shown(member)
        self._seat.whisper(member, argument)
        if now == before:
            return Done()
        self._seat.last_private = member, now
        return answers.RepliedTo(member, before, now)

    def _me(self, argument: str) -> Answer:
        if not argument:
            return _incomplete(commands.ME)
        self._seat.say(argument, me=True)
        return Done()

    def _nick(self, argument: str) -> Answer:
        self._conversation.rename(argument)
        return Done()

    def _away(self, argument: str) -> Answer:
        self._conversation.away(argument)
        return Done()

    # Rooms, and what was said there.

    def _rooms(self, argument: str) -> Answer:
        here, unread = self._seat.room, self._seat.unread
        topics = {**dict.fromkeys([here, *unread], ""), **self._conversation.topics}
        return answers.rooms(topics, here, unread)

    def _join(self, argument: str) -> Answer:
        if not argument:
            return _incomplete(commands.JOIN)
        return self._enter(check_room(argument if argument.startswith("#") else f"#{argument}"))

    def _part(self, argument: str) -> Answer:
        return self._enter(DEFAULT_ROOM)

    def _enter(self, room: str) -> Answer:
        topic = self._seat.enter(room)
        return answers.Entered(self._seat.room, topic)

    def _topic(self, argument: str) -> Answer:
        room = self._seat.room
        if not argument:
            return answers.About(room, self._conversation.topics.get(room, ""))
        self._conversation.set_topic(room, argument)
        return Done()

    def _history(self, argument: str) -> Answered:
        first, _, rest = argument.partition(" ")
        typed, of = (first, rest.strip()) if first.isdecimal() else (str(EARLIER), argument)
        count = int(typed[:9])
        if not 0 < count <= MAX_HISTORY:
            return refusals.HowMany(typed=typed, most=MAX_HISTORY)
        if not of or of.startswith("#"):
            room = check_room(of) if of else ""
            asked = self._conversation.history(count, room or None)
            return self._later(asked, lambda found: answers.Newest(found, room))
        member = addressing.named(self._conversation.roster, commands.HISTORY, of)
        asked = self._conversation.history(count, member=member.id)
        return self._later(asked, lambda found: answers.Newest(found, "", member.id, member.shown))

    def _search(self, argument: str) -> Answered:
        def found(messages: Sequence[Messages]) -> Answer:
            return answers.Found(messages[-EARLIER:], argument, len(messages) > EARLIER)

        return self._later(self._conversation.search(argument, EARLIER + 1), found) if argument else refusals.NoWords()

    # Who is there.

    def _who(self, argument: str) -> Answer:
        return answers.who(self._conversation.presence.whereabouts())

    def _ignore(self, argument: str) -> Answer:
        roster = self._conversation.roster
        member = addressing.named(roster, commands.IGNORE, argument) if argument else roster.own
        if member is roster.own:
            return _incomplete(commands.IGNORE)
        roster.ignore(member, not member.ignored)
        return answers.Ignoring(member.id, member.shown, member.ignored, self._written(member))

    def _verify(self, argument: str) -> Answer:
        roster = self._conversation.roster
        if not argument:
            return answers.OwnKey(answers.key(roster.own))
        member, typed = addressing.addressed(roster, commands.VERIFY, argument, _is_verdict)
        if member is roster.own:
            return _incomplete(commands.VERIFY) if typed else answers.OwnKey(answers.key(member))
        if not typed:
            return answers.Keys(answers.key(roster.own), answers.key(member), member.verified, self._written(member))
        return self._judge(member, typed)

    def _judge(self, member: Member, typed: str) -> Answer:
        """Take what was typed after a member's name for what it says of its key."""
        word, key = letters(typed), spoken_digits(typed)
        if word in commands.NO:
            self._conversation.naming.verify(member, False)
        elif word in commands.YES or key == spoken_digits(spoken(member.id)):
            self._conversation.naming.verify(member, True)
        elif len(key) == SPOKEN_DIGITS:
            return refusals.OtherKey(id=member.id, name=member.shown)
        elif key:
            return refusals.KeyLength(digits=len(key))
        else:
            return _incomplete(commands.VERIFY)
        return Done()

    def _written(self, member: Member) -> str:
        (written,) = addressing.written(self._conversation.roster, [member])
        return written

    # The peer, and this place.

    def _status(self, argument: str) -> Answer:
        return self._conversation.status()

    def _doctor(self, argument: str) -> Answered:
        asked = self._conversation.diagnose()
        return self._later(asked, lambda diagnosis: answers.Diagnosed(diagnosis, self._log_path))

    def _log(self, argument: str) -> Answer:
        return answers.LogAt(self._log_path)

    def _help(self, argument: str) -> Answer:
        command = commands.lookup(argument)
        if not argument:
            return answers.help_on(COMMANDS, whole=True)
        if command is None:
            return refusals.NoSuchCommand(word=argument.removeprefix("/"), suggestion=commands.suggest(argument))
        return answers.help_on([command], whole=False)

    def _clear(self, argument: str) -> Answer:
        return answers.Cleared()

    def _quit(self, argument: str) -> Answer:
        self._leave()
        return Done()


def unacceptable(error: BadText) -> refusals.Unacceptable:
    """Return the refusal of a text."""
    return refusals.Unacceptable(error.character, code=error.code)


def _incomplete(command: Command) -> Answer:
    return refusals.Incomplete(command=command.name, arguments=command.arguments)


def _is_verdict(text: str) -> bool:
    """Whether a text, after a name, is something that `/verify` takes."""
    return not text or letters(text) in commands.YES | commands.NO or bool(spoken_digits(text))


def _not_had(reason: Failure) -> Answer:
    error = reason.value
    if isinstance(error, StoreError):
        return refusals.Unusable(str(error.path), error.detail, code=error.code)
    _log.failure("a command failed:", reason)
    return refusals.Failed()
