"""What the threads tell the screen, and what widgets tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App
from textual.message import Message

if TYPE_CHECKING:
    from qa.answer import Citation
    from qa.corpus import FileState
    from qa.documents import Document
    from qa.errors import QAError, StoreError
    from qa.indexing import IndexReport
    from qa.schema import DocumentRecord
    from qa.session import Inquiry, Session
    from qa.settings import Settings

__all__ = [
    "CitationChosen",
    "CorpusNotOpened",
    "CorpusOpened",
    "Failed",
    "FileChecked",
    "IndexMissing",
    "Indexed",
    "IndexingStopped",
    "Progressed",
    "QuestionAsked",
    "Replied",
    "SessionReady",
    "SourceFound",
    "while_running",
]

_App = TypeVar("_App", bound=App[Any])
_Message = TypeVar("_Message", bound=Message)
_Result = TypeVar("_Result")


def while_running(
    handler: Callable[[_App, _Message], _Result],
) -> Callable[[_App, _Message], _Result | None]:
    """A handler that drops what comes once the person has left, when the panes are being closed."""

    @wraps(handler)
    def guarded(app: _App, message: _Message) -> _Result | None:
        return handler(app, message) if app.is_running else None

    return guarded


@dataclass
class Progressed(Message):
    """Long work has come this far; ``total`` 0 means that nobody knows how far it is."""

    stage: str
    done: int = 0
    total: int = 0

    def can_replace(self, message: Message) -> bool:
        """Of progress that waits to be shown only the newest counts: a key must not wait behind it."""
        return isinstance(message, Progressed)


@dataclass
class IndexMissing(Message):
    """There is no index yet, so that no session can be opened."""


@dataclass
class CorpusOpened(Message):
    """A session of another corpus is open, to take the place of the one there is."""

    settings: Settings
    session: Session


@dataclass
class CorpusNotOpened(Message):
    """The other corpus could not be opened, or with ``error`` ``None`` shall not be."""

    error: QAError | None


@dataclass
class SessionReady(Message):
    """The session is open, or its index has changed: this is what it holds now."""

    records: tuple[DocumentRecord, ...]
    changed: int
    """Files that are not as they were indexed."""
    stale_calibration: bool = False
    """The calibration with the index was made for another reader or model and is not used."""


@dataclass
class Indexed(Message):
    """The index says what the folder says."""

    report: IndexReport


@dataclass
class IndexingStopped(Message):
    """The index is as it was: the person cancelled, or there was an error."""

    error: QAError | None


@dataclass
class Replied(Message):
    """A question has its reply."""

    turn: int
    inquiry: Inquiry
    elapsed_ms: int
    not_kept: StoreError | None = None
    """Why the conversation is not kept, if that has not been said yet."""


@dataclass
class Failed(Message):
    """A question, or with ``turn`` ``None`` the whole session, could not be served."""

    error: QAError
    turn: int | None


@dataclass
class QuestionAsked(Message):
    """The person has asked; the turn for the reply is on the screen."""

    turn: int
    question: str
    files: frozenset[str] | None
    """The documents that the question is restricted to; ``None`` for all."""
    as_typed: bool = False
    """What went before has no say in what the question means."""


@dataclass
class CitationChosen(Message):
    """The source of this citation is wanted."""

    turn: int
    citation: Citation


@dataclass
class FileChecked(Message):
    """How the file of a citation stands to what was indexed."""

    citation: Citation
    state: FileState


@dataclass
class SourceFound(Message):
    """The document of a restored citation has been looked for; ``None`` if its text is gone."""

    citation: Citation
    document: Document | None
