"""What the methods do. Each is given its parameters, and returns its result or a Deferred of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from twisted_chat import __version__
from twisted_chat.core import addressing, commands
from twisted_chat.core.answers import who
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.ids import MessageId, Place, Ticket
from twisted_chat.core.keys import KEY_BYTES
from twisted_chat.core.messages import Arrived, Messages, position
from twisted_chat.core.people.roster import Member
from twisted_chat.core.seat import Seat
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import check_room
from twisted_chat.frontends.json import referring, table, vocabulary
from twisted_chat.frontends.json.table import Method
from twisted_chat.frontends.json.vocabulary import written

Answer = Any
"""A result, a Deferred of one, or a `Ticket` whose message is said."""


class Asked:
    """Does what one program asks for, at its seat."""

    def __init__(self, seat: Seat) -> None:
        self.run: dict[Method, Callable[[Any], Answer]] = {
            table.SAY: self._say,
            table.WHISPER: self._whisper,
            table.POLL: self._poll,
            table.REACT: self._react,
            table.EDIT: self._edit,
            table.RETRACT: self._retract,
            table.CLOSE: self._close,
            table.HISTORY: self._history,
            table.SEARCH: self._search,
            table.MEMBERS: self._members,
            table.ROOMS: self._rooms,
            table.JOIN: self._join,
            table.PART: self._part,
            table.TOPIC: self._topic,
            table.NICK: self._nick,
            table.AWAY: self._away,
            table.IGNORE: self._ignore,
            table.STATUS: self._status,
        }
        self._seat = seat
        self._conversation = seat.conversation

    def message(self, event: Messages, missed: bool = False, place: Place | None = None) -> vocabulary.Message:
        """Return an event that holds one message as programs get it."""
        author = event.feed.author
        member = self._conversation.roster.get(author)
        verified = member is not None and member.verified
        return vocabulary.message(event, written(author), verified, missed, "" if place is None else str(place))

    def _messages(self, events: Sequence[Messages]) -> list[vocabulary.Message]:
        return [self.message(event) for event in events]

    def _member(self, named: str) -> Member:
        """Return the member with this id, or else with this name. Raises `Unclear`."""
        try:
            id = base64.b64decode(named, validate=True)
        except (binascii.Error, ValueError):
            id = b""
        member = self._conversation.roster.get(id) if len(id) == KEY_BYTES else None
        return member or addressing.named(self._conversation.roster, commands.MSG, named)

    # What is said.

    def _say(self, asked: vocabulary.Say) -> Ticket:
        re = None if asked.re is None else self._id(asked.re)
        return self._seat.say(asked.text, asked.room, asked.me, asked.auto, re)

    def _poll(self, asked: referring.Poll) -> Ticket:
        lines = [" ".join(line.split()) for line in (asked.question, *asked.answers)]
        return self._seat.voice.ask("\n".join(lines), self._seat.room if asked.room is None else asked.room)

    def _react(self, asked: referring.React) -> Deferred[Ticket]:
        def react(message: Messages) -> Ticket:
            if not message.records[0].takes(asked.text):
                raise BadText("poll-votes")
            return self._seat.voice.react(message.id, asked.text)

        return self._about(asked.to, react)

    def _edit(self, asked: referring.Edit) -> Deferred[Ticket]:
        def edit(message: Messages) -> Ticket:
            if message.records[0].answers:
                raise BadText("poll-fixed")
            return self._seat.voice.edit(message.id, asked.text)

        return self._about(asked.to, edit)

    def _retract(self, asked: referring.Own) -> Deferred[Ticket]:
        return self._about(asked.to, lambda message: self._seat.voice.retract(message.id))

    def _close(self, asked: referring.Own) -> Deferred[Ticket]:
        return self._about(asked.to, lambda message: self._seat.voice.close(message.id))

    def _about(self, to: str, say: Callable[[Messages], Ticket]) -> Deferred[Ticket]:
        """Do something with a public message. It is looked for: of what a private one says, nothing is said to all."""

        def found(message: Messages | None) -> Ticket:
            if message is None:
                raise BadText("no-message")
            return say(message)

        return self._conversation.find(self._id(to)).addCallback(found)

    @staticmethod
    def _id(text: str) -> MessageId:
        id = MessageId.parse(text)
        if id is None:
            raise BadText("no-message")
        return id

    def _whisper(self, asked: vocabulary.Whisper) -> Ticket:
        return self._seat.whisper(self._member(asked.to).id, asked.text, asked.auto)

    def _topic(self, asked: vocabulary.Topic) -> vocabulary.About:
        room = self._seat.room if asked.room is None else check_room(asked.room)
        if asked.text is not None:
            self._conversation.set_topic(room, asked.text)
            return vocabulary.About(room, asked.text)
        return vocabulary.About(room, self._conversation.topics.get(self._conversation.room(room), ""))

    def _nick(self, asked: vocabulary.Nick) -> vocabulary.Named:
        return vocabulary.Named(self._conversation.rename(asked.name))

    def _away(self, asked: vocabulary.Away) -> vocabulary.Done:
        self._conversation.away(asked.text)
        return vocabulary.Done()

    # What was said.

    def _history(self, asked: vocabulary.History) -> Deferred[vocabulary.Page]:
        room = None if asked.room is None else check_room(asked.room)
        member = None if asked.with_ is None else self._member(asked.with_).id
        if asked.after is not None:
            return self._arrived(asked, room, member)
        before = None if asked.before is None else position(asked.before)

        def page(events: Sequence[Messages]) -> vocabulary.Page:
            earlier = events[0].cursor if len(events) == asked.count else None
            return vocabulary.Page(self._messages(events), earlier, None, False)

        return self._conversation.history(asked.count, room, member, before).addCallback(page)

    def _arrived(self, asked: vocabulary.History, room: str | None, member: bytes | None) -> Deferred[vocabulary.Page]:
        def wanted(event: Messages) -> bool:
            if member is not None and event.feed.author != member:
                to = self._conversation.roster.get(member)
                return bool(event.private) and to is not None and event.private == to.shown
            return room is None or (not event.private and same_room(room, event.records[0].room))

        def page(arrived: Arrived) -> vocabulary.Page:
            found = [(place, event) for place, event in arrived.messages if wanted(event)]
            taken = found[: asked.count]
            end = taken[-1][0] if len(found) > len(taken) else arrived.place
            messages = [self.message(event, place=place) for place, event in taken]
            return vocabulary.Page(messages, None, str(end), arrived.more or len(found) > len(taken))

        after = Place.parse(asked.after) if asked.after else None
        return self._conversation.arrived(after).addCallback(page)

    def _search(self, asked: vocabulary.Search) -> Deferred[vocabulary.Found]:
        def found(events: Sequence[Messages]) -> vocabulary.Found:
            return vocabulary.Found(self._messages(events[-asked.count :]), len(events) > asked.count)

        return self._conversation.search(asked.words, asked.count + 1).addCallback(found)

    # Who is there, and where this is.

    def _members(self, asked: vocabulary.Nothing) -> vocabulary.Members:
        told = who(self._conversation.presence.whereabouts())
        people = [
            vocabulary.Person(
                written(each.id), each.name, each.where.value, each.verified, each.ignored, each.away, each.last_seen
            )
            for each in told.members
        ]
        return vocabulary.Members(people, told.nameless)

    def _ignore(self, asked: vocabulary.Ignore) -> vocabulary.Ignoring:
        roster = self._conversation.roster
        member = self._member(asked.member)
        if member is roster.own:
            raise addressing.Unclear(commands.IGNORE, addressing.NOBODY, asked.member)
        roster.ignore(member, asked.ignored)
        return vocabulary.Ignoring(written(member.id), member.shown, asked.ignored)

    def _rooms(self, asked: object) -> vocabulary.Rooms:
        topics = {**dict.fromkeys(self._seat.rooms, ""), **self._conversation.topics}
        return vocabulary.Rooms([vocabulary.About(*each) for each in sorted(topics.items())], self._seat.rooms)

    def _join(self, asked: vocabulary.Join) -> vocabulary.About:
        topic = self._seat.enter(asked.room, beside=True)
        return vocabulary.About(self._seat.room, topic)

    def _part(self, asked: vocabulary.Join) -> vocabulary.Rooms:
        self._seat.part(check_room(asked.room))
        return self._rooms(asked)

    def _status(self, asked: vocabulary.Nothing) -> vocabulary.Status:
        own, status = self._conversation.roster.own, self._conversation.status()
        links = [
            vocabulary.Link(written(each.member), each.name, each.host, each.port, each.behind) for each in status.links
        ]
        return vocabulary.Status(written(own.id), own.shown, __version__, status.records, status.unsaved, links)
