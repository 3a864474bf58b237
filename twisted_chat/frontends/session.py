"""What a typed line does, the same at every console: something is said, or a command runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core import addressing, commands
from twisted_chat.core.addressing import Unclear
from twisted_chat.core.commands import Command, Run, Said, UnknownCommand
from twisted_chat.core.conversation import EARLIER, Congested, Conversation
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import Earlier, Event, Fault, Found, Messages, Newest, OfMember, Past
from twisted_chat.core.keys import SPOKEN_DIGITS, letters, spoken, spoken_digits
from twisted_chat.core.status import Diagnosis
from twisted_chat.core.timeline.rooms import MAX_ROOMS
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import DEFAULT_ROOM, check_room
from twisted_chat.speech import answers, words
from twisted_chat.speech.advice import advice
from twisted_chat.storage.errors import StorageError

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
    """A person's place in the conversation: the room they are in, what is unread elsewhere, whether they are leaving."""

    def __init__(self, conversation: Conversation, display: Display, log: str) -> None:
        """`log` is the path of the log."""
        self.conversation = conversation
        self._room = DEFAULT_ROOM
        self.unread: Counter[str] = Counter()
        """How many messages wait in each other room."""
        self.leaving = False
        """Whether nothing typed counts any more."""
        self._display = display
        self._log_path = log
        self._last_private: tuple[bytes, str] | None = None
        """Who wrote privately last, and how that was shown then."""
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

    @property
    def room(self) -> str:
        """Where what is typed is said."""
        return self.conversation.room(self._room)

    def for_person(self, event: Event) -> Event | None:
        """Return what a person is to be shown of an event; None if nothing: what is said in other rooms is counted as unread,
        what ignored members say is not even that, nor are their comings and goings shown."""
        if isinstance(event, OfMember):
            return None if self.conversation.roster.ignores(event.member) else event
        if not isinstance(event, Messages):
            return event
        if self.conversation.roster.ignores(event.feed.author):
            return None
        if event.private:
            self._last_private = self._last_private if event.own else (event.feed.author, event.name)
            return event
        here = [record for record in event.records if same_room(record.room, self.room)]
        if len(here) == len(event.records):
            return event
        elsewhere = (record.room for record in event.records if not same_room(record.room, self.room))
        self._count(elsewhere)
        return replace(event, records=here) if here else None

    def _count(self, rooms: Iterable[str]) -> None:
        """Count what is unread in rooms. Of those that are forgotten by now, as many are counted as there can be rooms."""
        self.unread.update(map(self.conversation.room, rooms))
        if len(self.unread) > 2 * MAX_ROOMS:
            known = self.conversation.topics
            self.unread = Counter({room: count for room, count in self.unread.items() if room in known})

    def waiting(self) -> Iterator[tuple[str, int]]:
        """Yield the rooms where something is unread, and how much; first those where this person spoke, or went."""
        for room in dict.fromkeys([*self.conversation.rooms_kept, *self.unread]):
            if self.unread[room]:
                yield room, self.unread[room]

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
                self.conversation.say(text, self.room)
            case Run(command, argument):
                self._commands[command](argument)
            case UnknownCommand(word, suggestion):
                self._display.tell(answers.unknown_command(word, suggestion))

    def quit(self, argument: str = "") -> None:
        """Leave the chat."""
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
            self.conversation.whisper(member.id, text)
        else:
            self._hint(commands.MSG)

    def _reply(self, argument: str) -> None:
        if self._last_private is None:
            self._display.tell(answers.nobody_to_answer())
        elif not argument:
            self._hint(commands.REPLY)
        else:
            member, before = self._last_private
            now = self.conversation.roster.shown(member)
            self.conversation.whisper(member, argument)
            if now != before:
                self._display.tell(answers.answered(before, now))
                self._last_private = member, now

    def _hint(self, command: Command) -> None:
        """Say what a command needs."""
        self._display.tell(answers.usage(command))

    def _me(self, argument: str) -> None:
        if argument:
            self.conversation.say(argument, self.room, me=True)
        else:
            self._hint(commands.ME)

    def _rooms(self, argument: str) -> None:
        topics = {**dict.fromkeys([self.room, *self.unread], ""), **self.conversation.topics}
        self._display.tell(*answers.rooms(topics, self.room, self.unread))

    def _join(self, argument: str) -> None:
        if not argument:
            self._hint(commands.JOIN)
            return
        self._enter(check_room(argument if argument.startswith("#") else f"#{argument}"))

    def _part(self, argument: str) -> None:
        self._enter(DEFAULT_ROOM)

    def _enter(self, room: str) -> None:
        """Go to a room, and show what was said there last."""
        self._room = room
        topic = self.conversation.enter(room)
        self.unread.pop(self.room, None)
        self._display.tell(answers.room_entered(self.room, topic))

        def show(messages: Sequence[Messages]) -> None:
            if messages:
                self._display.found(Earlier(messages))

        self._when(self.conversation.history(EARLIER, room=room), show)

    def _topic(self, argument: str) -> None:
        if argument:
            self.conversation.set_topic(self.room, argument)
        else:
            self._display.tell(answers.room_entered(self.room, self.conversation.topics.get(self.room, "")))

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
        if isinstance(reason.value, StorageError):
            self._display.tell(words.unusable(reason.value))
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
