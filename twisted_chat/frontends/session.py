"""What a typed line does, the same at every console: something is said, or a command runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core import addressing, commands
from twisted_chat.core.addressing import Unclear
from twisted_chat.core.commands import Command, Run, Said, UnknownCommand
from twisted_chat.core.conversation import EARLIER
from twisted_chat.core.errors import BadText, ChatError
from twisted_chat.core.events import Earlier, Fault, Found, Messages, Newest, Past
from twisted_chat.core.keys import SPOKEN_DIGITS, letters, spoken, spoken_digits
from twisted_chat.core.seat import Seat
from twisted_chat.core.status import Diagnosis
from twisted_chat.core.voice import Congested
from twisted_chat.core.writing.text import DEFAULT_ROOM, check_room
from twisted_chat.speech import answers, words
from twisted_chat.speech.advice import advice

_Asked = TypeVar("_Asked")
_log = Logger()


class Display(Protocol):
    """Where answers are shown: a console."""

    def tell(self, *lines: str) -> None:
        """Show lines that are safe to show."""

    def found(self, past: Past) -> None:
        """Show messages of former times, as their authors wrote them."""

    def clear(self) -> None:
        """Clear the screen."""


class Session:
    """What a person types at their seat, and whether they are leaving."""

    def __init__(self, seat: Seat, display: Display, log: str) -> None:
        """`log` is the path of the log."""
        self.seat = seat
        self.conversation = seat.conversation
        self.leaving = False
        """Whether nothing typed counts any more."""
        self._display = display
        self._log_path = log
        self._commands: dict[Command, Callable[[str], None]] = {
            commands.HELP: self._help,
            commands.WHO: self._who,
            commands.MSG: self._msg,
            commands.REPLY: self._reply,
            commands.ME: self._me,
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
            commands.QUIT: self.quit,
        }

    def run(self, line: str) -> bool:
        """Do what a typed line asks for. Return False if it was refused, which the person has been told."""
        try:
            self._run(line)
        except BadText as error:
            self._display.tell(words.refused(error))
        except Congested:
            self._display.tell(words.congested())
        except Unclear as error:
            self._display.tell(answers.unclear(error, self.conversation.roster.everybody()))
        else:
            return True
        return False

    def _run(self, line: str) -> None:
        match commands.parse(line):
            case Said(text):
                self.seat.say(text)
            case Run(command, argument):
                self._commands[command](argument)
            case UnknownCommand(word, suggestion):
                self._display.tell(answers.unknown_command(word, suggestion))

    def quit(self, argument: str = "") -> None:
        """Leave the chat: the owner does, so the peer ends."""
        self.leaving = True
        self.conversation.leave()

    def _who(self, argument: str) -> None:
        self._display.tell(*answers.who(*self.conversation.presence.whereabouts()))

    def _msg(self, argument: str) -> None:
        if not argument:
            self._hint(commands.MSG)
            return
        member, text = addressing.addressed(self.conversation.roster, commands.MSG, argument)
        if text:
            self.seat.whisper(member.id, text)
        else:
            self._hint(commands.MSG)

    def _reply(self, argument: str) -> None:
        if self.seat.last_private is None:
            self._display.tell(answers.nobody_to_answer())
        elif not argument:
            self._hint(commands.REPLY)
        else:
            member, before = self.seat.last_private
            now = self.conversation.roster.shown(member)
            self.seat.whisper(member, argument)
            if now != before:
                self._display.tell(answers.answered(before, now))
                self.seat.last_private = member, now

    def _hint(self, command: Command) -> None:
        """Say what a command needs."""
        self._display.tell(answers.usage(command))

    def _me(self, argument: str) -> None:
        if argument:
            self.seat.say(argument, me=True)
        else:
            self._hint(commands.ME)

    def _rooms(self, argument: str) -> None:
        here, unread = self.seat.room, self.seat.unread
        topics = {**dict.fromkeys([here, *unread], ""), **self.conversation.topics}
        self._display.tell(*answers.rooms(topics, here, unread))

    def _join(self, argument: str) -> None:
        if not argument:
            self._hint(commands.JOIN)
            return
        self._enter(check_room(argument if argument.startswith("#") else f"#{argument}"))

    def _part(self, argument: str) -> None:
        self._enter(DEFAULT_ROOM)

    def _enter(self, room: str) -> None:
        """Go to a room, and show what was said there last."""
        topic = self.seat.enter(room)
        self._display.tell(answers.room_entered(self.seat.room, topic))

        def show(messages: Sequence[Messages]) -> None:
            if messages:
                self._display.found(Earlier(messages))

        self._when(self.conversation.history(EARLIER, room=room), show)

    def _topic(self, argument: str) -> None:
        if argument:
            self.conversation.set_topic(self.seat.room, argument)
        else:
            self._display.tell(answers.room_entered(self.seat.room, self.conversation.topics.get(self.seat.room, "")))

    def _nick(self, argument: str) -> None:
        self.conversation.rename(argument)

    def _away(self, argument: str) -> None:
        self.conversation.away(argument)

    def _ignore(self, argument: str) -> None:
        roster = self.conversation.roster
        member = addressing.named(roster, commands.IGNORE, argument) if argument else roster.own
        if member is roster.own:
            self._hint(commands.IGNORE)
            return
        roster.ignore(member, not member.ignored)
        (written,) = addressing.written(roster, [member])
        self._display.tell(answers.ignored(member.shown, member.ignored, written))

    def _verify(self, argument: str) -> None:
        roster = self.conversation.roster
        if not argument:
            self._display.tell(*answers.own_key(roster.own))
            return
        member, answer = addressing.addressed(roster, commands.VERIFY, argument, _is_answer)
        word, key = letters(answer), spoken_digits(answer)
        if member is roster.own and answer:
            self._hint(commands.VERIFY)
        elif member is roster.own:
            self._display.tell(*answers.own_key(member))
        elif not answer:
            (written,) = addressing.written(roster, [member])
            self._display.tell(*answers.keys(roster.own, member, written))
        elif word in commands.NO:
            self.conversation.naming.verify(member, False)
        elif word in commands.YES or key == spoken_digits(spoken(member.id)):
            self.conversation.naming.verify(member, True)
        elif len(key) == SPOKEN_DIGITS:
            self._display.tell(answers.other_key(member.shown))
        elif key:
            self._display.tell(answers.no_key(len(key)))
        else:
            self._hint(commands.VERIFY)

    def _log(self, argument: str) -> None:
        self._display.tell(answers.where_log_is(self._log_path))

    def _clear(self, argument: str) -> None:
        self._display.clear()

    def _history(self, argument: str) -> None:
        first, _, rest = argument.partition(" ")
        count, of = (first, rest.strip()) if first.isdecimal() else (str(EARLIER), argument)
        if not 0 < int(count[:9]) <= answers.MAX_HISTORY:
            self._display.tell(answers.how_many(count))
        elif not of or of.startswith("#"):
            room = check_room(of) if of else None
            self._when(self.conversation.history(int(count), room), lambda messages: self._show(Newest(messages, of)))
        else:
            member = addressing.named(self.conversation.roster, commands.HISTORY, of)
            newest = self.conversation.history(int(count), member=member.id)
            self._when(newest, lambda messages: self._show(Newest(messages, member.shown)))

    def _search(self, argument: str) -> None:
        def show(messages: Sequence[Messages]) -> None:
            self._show(Found(messages[-EARLIER:], argument, len(messages) > EARLIER))

        if argument:
            self._when(self.conversation.search(argument, EARLIER + 1), show)
        else:
            self._display.tell(answers.search_what())

    def _when(self, asked: Deferred[_Asked], show: Callable[[_Asked], None]) -> None:
        """Show what was asked for once it is there, or say that it can't be had."""
        asked.addCallback(show).addErrback(self._failed)

    def _failed(self, reason: Failure) -> None:
        if isinstance(reason.value, ChatError):
            self._display.tell(words.explained(reason.value))
        else:
            _log.failure("a command failed:", reason)
            self._display.tell(*words.sentences(Fault()))

    def _show(self, past: Past) -> None:
        if past.messages:
            self._display.found(past)
        else:
            self._display.tell(answers.nothing_found())

    def _status(self, argument: str) -> None:
        self._display.tell(*answers.status(self.conversation.status()))

    def _doctor(self, argument: str) -> None:
        def tell(diagnosis: Diagnosis) -> None:
            self._display.tell(*advice(diagnosis, self._log_path))

        self._when(self.conversation.diagnose(), tell)

    def _help(self, argument: str) -> None:
        command = commands.lookup(argument)
        if not argument:
            self._display.tell(*answers.help_lines())
        elif command is None:
            self._display.tell(answers.unknown_command(argument.removeprefix("/"), commands.suggest(argument)))
        else:
            self._display.tell(*answers.help_lines([command]))


def _is_answer(text: str) -> bool:
    """Whether a text, after a name, is something that `/verify` takes."""
    return not text or letters(text) in commands.YES | commands.NO or bool(spoken_digits(text))
