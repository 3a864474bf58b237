"""The one table of what programs can ask and are told. Dispatch, the reference in `docs/programs.md` and the JSON Schema come
from it."""

from __future__ import annotations

from dataclasses import dataclass

from twisted_chat.frontends.json import notifications, referring, vocabulary
from twisted_chat.frontends.json.vocabulary import Params, Result


@dataclass(frozen=True)
class Method:
    """What can be asked. `heavy` is whether the answer may be large."""

    name: str
    params: type[Params]
    result: type[Result]
    words: str
    heavy: bool = False


@dataclass(frozen=True)
class Notification:
    """What is told to who has subscribed."""

    name: str
    params: type[Result]
    words: str


@dataclass(frozen=True)
class Error:
    """Why a request was not carried out, by a number and a name that stay."""

    code: int
    name: str
    words: str


SAY = Method("say", vocabulary.Say, vocabulary.Said, "say something to everybody in a room")
WHISPER = Method("whisper", vocabulary.Whisper, vocabulary.Said, "say something to one member alone")
POLL = Method("poll", referring.Poll, vocabulary.Said, "ask everybody in a room, who may vote")
REACT = Method("react", referring.React, vocabulary.Said, "say what one thinks of a message, or vote")
EDIT = Method("edit", referring.Edit, vocabulary.Said, "correct an own message")
RETRACT = Method("retract", referring.Own, vocabulary.Said, "take an own message back; who has read it can't forget it")
CLOSE = Method("close", referring.Own, vocabulary.Said, "close an own poll: later votes don't count")
HISTORY = Method(
    "history",
    vocabulary.History,
    vocabulary.Page,
    "a page of what was said: the newest, what is older than `before`, or what arrived here after `after`",
    heavy=True,
)
SEARCH = Method("search", vocabulary.Search, vocabulary.Found, "the newest messages with certain words", heavy=True)
MEMBERS = Method("members", vocabulary.Nothing, vocabulary.Members, "the other members, and where they are", heavy=True)
ROOMS = Method("rooms", vocabulary.Nothing, vocabulary.Rooms, "the rooms, and what they are about", heavy=True)
JOIN = Method("join", vocabulary.Join, vocabulary.About, "be in a room, beside others")
PART = Method("part", vocabulary.Join, vocabulary.Rooms, "be in a room no longer", heavy=True)
TOPIC = Method("topic", vocabulary.Topic, vocabulary.About, "say, or ask, what a room is about")
NICK = Method("nick", vocabulary.Nick, vocabulary.Named, "go by another name")
AWAY = Method("away", vocabulary.Away, vocabulary.Done, "say that nobody is at the keyboard, or is again")
IGNORE = Method("ignore", vocabulary.Ignore, vocabulary.Ignoring, "hear nothing of a member, or hear of it again")
STATUS = Method("status", vocabulary.Nothing, vocabulary.Status, "who this is, and how things stand", heavy=True)
SUBSCRIBE = Method("subscribe", vocabulary.Subscribe, vocabulary.Subscribed, "be told from now on")
UNSUBSCRIBE = Method("unsubscribe", vocabulary.Nothing, vocabulary.Done, "be told nothing more")
LEAVE = Method(
    "leave", vocabulary.Nothing, vocabulary.Done, "leave: over a pipe the peer ends, at a socket this connection"
)

METHODS = (
    SAY, WHISPER, POLL, REACT, EDIT, RETRACT, CLOSE, HISTORY, SEARCH, MEMBERS, ROOMS, JOIN, PART, TOPIC, NICK, AWAY, IGNORE,
    STATUS, SUBSCRIBE, UNSUBSCRIBE, LEAVE,
)  # fmt: skip
BY_NAME = {method.name: method for method in METHODS}

MESSAGE = Notification(
    "message", vocabulary.Message, "somebody said something, or the owner did; it is kept on disk here"
)
EDITED = Notification("edited", vocabulary.Message, "its author corrected a message; this is how it is now")
RETRACTED = Notification("retracted", vocabulary.Message, "its author took a message back; this is how it is now")
REACTED = Notification(
    "reacted", vocabulary.Message, "the reactions to a message, or the votes, are others now; told once in 3 s at most"
)
JOINED = Notification("joined", notifications.Joined, "a member is here now")
LEFT = Notification("left", notifications.Gone, "a member is not here any more")
LOST = Notification("lost", notifications.Gone, "the last link to a member broke; it is called again")
RENAMED = Notification("renamed", notifications.Renamed, "a member is called otherwise now")
WENT_AWAY = Notification("away", notifications.WentAway, "a member is not at its keyboard, or is back")
TOPICAL = Notification("topic", notifications.Topical, "a member said what a room is about")
DELIVERED = Notification("delivered", notifications.Delivered, "what became of a message that this program said")
WARNING = Notification("warning", notifications.Warned, "something that people are told in a sentence")
MISSED = Notification("missed", notifications.Missed, "notifications were left out, for nobody read; no message was")
LEAVING = Notification("leaving", notifications.Leaving, "this peer ends")

NOTIFICATIONS = (
    MESSAGE, EDITED, RETRACTED, REACTED, JOINED, LEFT, LOST, RENAMED, WENT_AWAY, TOPICAL, DELIVERED, WARNING, MISSED, LEAVING,
)  # fmt: skip
EVENTS = frozenset(each.name for each in NOTIFICATIONS) - {MESSAGE.name}
"""What `events` of `subscribe` may name."""

NOT_JSON = Error(-32700, "not-json", "the line is not JSON, is longer than 64 KiB, or nested too deep")
NO_REQUEST = Error(-32600, "no-request", "the line is no request of JSON-RPC 2.0; several in a list are none either")
NO_METHOD = Error(-32601, "no-method", "there is no such method")
BAD_PARAMS = Error(-32602, "bad-params", "the method does not take these parameters")
FAULT = Error(-32603, "fault", "a mistake in this program was caught; the log has it")
REFUSED = Error(-32000, "refused", "a text, a name or a room can't be accepted; `data.reason` says why")
BUSY = Error(-32001, "busy", "too much of what was said waits to be kept; later it may be taken")
NOBODY = Error(
    -32002, "nobody", "it is not clear which member is meant; `data.reason` says why, `data.ways` who may be"
)
NO_PLACE = Error(
    -32003, "no-place", "the place is of another copy of the conversation: begin from the beginning, or from now"
)
NO_STORE = Error(-32004, "no-store", "what is kept can't be read right now")

FULL = Error(-32005, "full", "too many programs are connected already; the connection is closed")

ERRORS = (NOT_JSON, NO_REQUEST, NO_METHOD, BAD_PARAMS, FAULT, REFUSED, BUSY, NOBODY, NO_PLACE, NO_STORE, FULL)
