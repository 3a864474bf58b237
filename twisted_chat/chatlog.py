"""`logs_chat.txt`: every event of the conversation, one line each, in a form that never changes.

`ChatLog` is a `twisted.logger` observer: the conversation's events reach it through `record`, the mistakes of this program
and of Twisted by themselves. The lines are in Portuguese whatever language people are spoken to, for programs read them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import singledispatchmethod
from typing import Any

from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, formatEvent
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_chat.core import events
from twisted_chat.core.events import Changed, Edited, Event, Joined, Refused, Retracted, StoreFailing, Trimmed
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Messages, Quote
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import DEFAULT_ROOM, clean, clean_text, clean_texts
from twisted_chat.logfile import LogFile
from twisted_chat.speech.events import fields
from twisted_chat.speech.i18n import in_language
from twisted_chat.speech.messages import quoted, short, tallied
from twisted_chat.storage.errors import SENTENCES, StorageError

MAX_REFUSALS = 20
"""Refusals written in `REFUSAL_SECONDS`; the others are counted."""
REFUSAL_SECONDS = 10.0
MAX_ENTRY = 2000
"""Characters of an entry that is not a message."""
LANGUAGE = "pt_BR"
"""In which a person is told elsewhere what the log says."""

_PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
_ROOT = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "")
_log = Logger()

_JOINED = {
    True: "[USR CONECTADO] Conectado ao peer na porta {port} ({name})",
    False: "[ENTRADA USR] Conexão recebida de ({address}) ({name})",
}
"""By whether this peer dialed."""
_SAID = {True: "[MSG ENVIADA]", False: "[MSG RECEBIDA]"}
"""By whether the message is this peer's own."""
_ENTRIES: dict[type, str] = {
    events.Trimmed: "[INFO] As mensagens de antes de {before} não são mais guardadas.",
    events.Topical: "[INFO] O assunto de {room} é, para {name}: {text}",
    events.WentAway: "[INFO] {name} está ausente: {text}",
    events.Left: "[SAIDA USR] {name} saiu do chat.",
    events.Lost: "[AVISO] A conexão com {name} foi perdida; reconectando. As mensagens ainda passam por {through}.",
    events.Alone: "[INFO] Ninguém mais está aqui ainda.",
    events.Refused: "[AVISO] Conexão com {address} recusada ({reason}): {detail}",
    events.Reachable: "[INFO] {name} está aqui, por meio de {through}.",
    events.Unreachable: "[INFO] Ninguém mais aqui alcança: {name}.",
    events.Impostor: "[AVISO] {shown} NÃO É {claimed}: usa esse nome com outra chave que não a conferida.",
    events.Verified: "[INFO] A chave de {name} foi conferida.",
    events.Renamed: "[INFO] {old} agora se chama: {new}.",
    events.NoLink: "[AVISO] Sem conexão com {where} por enquanto ({reason}); será tentada de novo.",
    events.Untold: "[AVISO] Mais {count} entradas, saídas, trocas de nome e avisos não foram escritos.",
    events.TwoInstances: "[AVISO] Dois programas usam a chave de: {name}.",
    events.Copied: "[AVISO] Outro programa em execução usa a chave deste peer: {name}.",
    events.Unread: "[AVISO] {path} é a conversa deste grupo como um tcpchat anterior a guardava; este não consegue ler.",
    events.Forked: "[AVISO] {name} assinou duas mensagens diferentes para o mesmo lugar.",
    events.Exposed: "[AVISO] O grupo é aberto: qualquer um nesta rede pode ler e participar.",
    events.Undiscoverable: "[AVISO] Os outros desta rede não podem ser encontrados sozinhos: {detail}",
    events.ClockOff: "[AVISO] O relógio de {name} difere do deste computador: {ahead:+.0f} s.",
    events.QuotaReached: "[AVISO] {name} usou os {bytes} bytes que são guardados de cada um; o que vier a mais não é aceito.",
    events.Crowded: "[AVISO] Limite próximo ({limit.name}, {name}): {count} de {most}.",
    events.Unheard: "[AVISO] {name} não tem lugar para o que é dito aqui, e não aceita mais nada.",
    events.StoreFailing: "[ERRO] As mensagens não podem ser guardadas agora: {detail}",
    events.StoreRecovered: "[INFO] As mensagens voltaram a ser guardadas.",
    events.Damaged: "[ERRO] Algo que {name} disse não pode mais ser lido neste disco; é buscado de novo de quem o tiver.",
    events.Mended: "[INFO] O que não podia ser lido de {name} está aqui de novo.",
    events.NameUnkept: "[ERRO] O nome {name} não pode ser guardado agora: {detail}",
    events.NameKept: "[INFO] O nome {name} foi guardado.",
    events.Leaving: "[INF SAIDA] {name}, encerrou o chat.",
}
_OTHERWISE: dict[type, tuple[str, str]] = {
    events.WentAway: ("text", "[INFO] {name} voltou."),
    events.Lost: ("through", "[AVISO] A conexão com {name} foi perdida; reconectando."),
    events.ClockOff: ("name", "[AVISO] O relógio deste computador difere do da maioria: {ahead:+.0f} s."),
    events.Crowded: ("name", "[AVISO] Limite próximo ({limit.name}): {count} de {most}."),
    events.Verified: ("verified", "[INFO] A chave de {name} não vale mais como conferida."),
    events.Impostor: ("verified", "[AVISO] {shown} usa o nome {claimed}, que era antes de outra chave."),
}
"""The entry that is written instead where the field named is empty or false."""
_LEVELS = {LogLevel.critical: "[ERRO]", LogLevel.error: "[ERRO]", LogLevel.warn: "[AVISO]"}
_NOT_WRITTEN = "[AVISO] Mais {n} recusas não foram escritas."
_MISSING = "[AVISO] Faltam {n} linhas: não puderam ser escritas."


def record(event: Event) -> None:
    """Log an event of the conversation: what `Conversation.watch` takes. One logger event, however many messages."""
    _log.info("{chat_event}", chat_event=event)


@implementer(ILogObserver)
class ChatLog:
    """Writes what happens to a file that several peers, and logrotate, may share.

    Whatever is logged at once is appended as whole lines with one write. The file is made anew within `CHECK_SECONDS` if it
    was moved or removed. Nothing raises: lines that can't be written are counted, the next event tries again, and the
    first line that succeeds says how many are missing.

    `trouble` may be set: it is called with the operating system's words when lines begin to be lost, once until they can
    be written again.
    """

    def __init__(
        self, path: str, seconds: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        """Open the log, making it if need be. `seconds` runs steadily, `wall` since 1970.

        Raises `LogUnwritable`.
        """
        self.path = os.path.abspath(path)
        self.trouble: Callable[[str], None] = lambda detail: None
        self._seconds = seconds
        self._wall = wall
        self._stamped: tuple[int, str] = (-1, "")
        self._refusals = _Allowance(seconds)
        self._file = LogFile(self.path, seconds, self._lacking, lambda detail: self.trouble(detail))

    def __call__(self, event: LogEvent) -> None:
        """Write the lines of a logger event, if it has any."""
        if "chat_event" in event:
            if lines := self._lines(event["chat_event"]):
                self._write(lines)
        elif entry := _foreign(event):
            self._write(self._line(entry))

    def close(self) -> None:
        """Write the counts of what was left out, and let go of the file. What is logged after that is dropped."""
        self._refusals.end()
        self._write("")
        self._file.close()

    # From events to lines.

    @singledispatchmethod
    def _lines(self, event: Any) -> str:
        entry = _ENTRIES.get(type(event))  # none for what sums up messages, which have their lines already
        field, otherwise = _OTHERWISE.get(type(event), ("", ""))
        if entry and field and not getattr(event, field):
            entry = otherwise
        return self._line(entry.format_map(fields(event))) if entry else ""

    @_lines.register
    def _trimmed(self, event: Trimmed) -> str:
        before = time.strftime("%d/%m/%Y %H:%M:%S", time.localtime(event.before))
        return self._line(_ENTRIES[Trimmed].format(before=before))

    @_lines.register
    def _store_failing(self, event: StoreFailing) -> str:
        return self._line(_ENTRIES[StoreFailing].format(detail=in_language(LANGUAGE, event.detail)))

    @_lines.register
    def _joined(self, event: Joined) -> str:
        return self._line(_JOINED[event.dialed].format_map(fields(event)))

    @_lines.register
    def _messages(self, event: Messages) -> str:
        private = f" (privado para {event.private})" if event.private else ""
        start = f"{self._stamp()}{_SAID[event.own]} {clean(event.name + private)}"
        texts = clean_texts([record.text for record in event.records])
        alone = len(event.records) == 1  # as those are that answer others, or ask
        if alone or [record for record in event.records if record.room != DEFAULT_ROOM or record.me or record.auto]:
            lines = [
                f"{start}{_where(record, event.quote)}: {text}"
                for record, text in zip(event.records, texts, strict=True)
            ]
            return "\n".join(lines) + "\n"
        return f"{start}: " + f"\n{start}: ".join(texts) + "\n"

    @_lines.register
    def _changed(self, event: Changed) -> str:
        message = event.message
        (record,) = message.records
        where = f" ({clean_text(record.room)})" if not same_room(record.room, DEFAULT_ROOM) else ""
        at = time.strftime("[%d/%m/%Y %H:%M:%S]", time.localtime(message.at / 1000))
        start = f"{self._stamp()}[INFO] "
        match event:
            case Edited():
                return f"{start}{clean(message.name)}{where} corrigiu {at}: {clean_text(record.text)}\n"
            case Retracted():
                return f"{start}{clean(message.name)}{where} retirou {at}.\n"
        what = "Reações" if not record.answers else "Votos, encerrados" if message.closed else "Votos"
        return f"{start}{what}: {_bare(tallied(message))} → {clean(message.name)}{where} {at}: {short(record.text)}\n"

    @_lines.register
    def _refused(self, event: Refused) -> str:
        return self._line(_ENTRIES[Refused].format_map(fields(event))) if self._refusals.take() else ""

    def _line(self, entry: str) -> str:
        return f"{self._stamp()}{clean(entry[:MAX_ENTRY])}\n"

    def _stamp(self) -> str:
        now = int(self._wall())
        if now != self._stamped[0]:
            self._stamped = now, time.strftime("[%d/%m/%Y %H:%M:%S] : ", time.localtime(now))
        return self._stamped[1]

    def _write(self, lines: str) -> None:
        if not self._file.closed:
            if refusals := self._refusals.left_out():
                lines = self._line(_NOT_WRITTEN.format(n=refusals)) + lines
            self._file.append(lines)

    def _lacking(self, count: int) -> str:
        return self._line(_MISSING.format(n=count))


class _Allowance:
    """Grants `MAX_REFUSALS` in each `REFUSAL_SECONDS` and counts what it did not grant."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._began = seconds()
        self._asked = 0
        self._left_out = 0

    def take(self) -> bool:
        """Return whether one more is granted."""
        self._turn()
        self._asked += 1
        return self._asked <= MAX_REFUSALS

    def left_out(self) -> int:
        """Return how many were not granted in the periods that are over, and forget them."""
        self._turn()
        count, self._left_out = self._left_out, 0
        return count

    def end(self) -> None:
        """End the period now."""
        self._left_out += max(0, self._asked - MAX_REFUSALS)
        self._began, self._asked = self._seconds(), 0

    def _turn(self) -> None:
        if self._seconds() - self._began >= REFUSAL_SECONDS:
            self.end()


def _where(record: Say, quote: Quote | None) -> str:
    """Return what stands behind the author of a message that is not said in the usual way in the usual room.

    No name has a bracket, no room a space and no quote a ” inside, and the room comes last: so it can be told from any text where
    this ends.
    """
    marks = ["auto"] if record.auto else []
    marks += ["*"] if record.me else []
    marks += ["enquete"] if record.answers else []
    if quote is not None:
        marks += ["re", clean(quote.name)] if quote.name else ["re"]
        marks += [_bare(quoted(quote.text))] if quote.text else []
    marks += [clean_text(record.room)] if not same_room(record.room, DEFAULT_ROOM) else []
    return f" ({' '.join(marks)})" if marks else ""


def _bare(shown: str) -> str:
    """Return what is safe to show without what isolates writing directions: nothing that others wrote has that."""
    return shown.translate({0x2068: None, 0x2069: None})


def _foreign(event: LogEvent) -> str | None:
    """Return the entry for an event that is not the conversation's; None if it is not for this log."""
    tag = _LEVELS.get(event["log_level"])
    failure: Failure | None = event.get("log_failure")
    if tag is None or (failure is None and event["log_namespace"] == "twisted.internet.defer"):
        return None  # Deferred announces a failure in an event of its own
    error = failure.value if failure is not None else event.get("error")
    if isinstance(error, StorageError):
        sentence = in_language(LANGUAGE, SENTENCES[error.code])
        return f"{tag} {sentence.format(path=error.path, detail=error.detail)}"
    return f"{tag} {_summary(failure) if failure is not None else formatEvent(event)}"


def _summary(failure: Failure) -> str:
    """Return exception, message and the innermost place in this package, or else anywhere."""
    summary = f"{type(failure.value).__name__}: {failure.getErrorMessage()}"
    frames = failure.frames or []
    inside = [frame for frame in frames if frame[1].startswith(_PACKAGE)] or frames
    if not inside:
        return summary
    function, path, line = inside[-1][:3]
    return f"{summary} ({path.removeprefix(_ROOT)}:{line} in {function})"
