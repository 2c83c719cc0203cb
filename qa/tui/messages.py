"""What the worker thread tells the screen, and what widgets tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.message import Message

from qa.answer import Citation, Reply
from qa.documents import Document
from qa.errors import QAError

__all__ = ["CitationChosen", "Failed", "Progressed", "Replied", "SessionReady"]


@dataclass
class Progressed(Message):
    """Long work has come this far; ``total`` 0 means that nobody knows how far it is."""

    stage: str
    done: int = 0
    total: int = 0


@dataclass
class SessionReady(Message):
    """The session is open: questions are answered from now on."""

    documents: int
    passages: int
    changed: int
    """Files that are not as they were indexed."""
    stale_calibration: bool = False
    """The calibration with the index was made for another reader or model and is not used."""


@dataclass
class Replied(Message):
    """A question has its reply."""

    turn: int
    reply: Reply
    documents: Mapping[str, Document]
    """The cited documents, by file, as they were indexed."""
    elapsed_ms: int


@dataclass
class Failed(Message):
    """A question, or with ``turn`` ``None`` the whole session, could not be served."""

    error: QAError
    turn: int | None


@dataclass
class CitationChosen(Message):
    """The source of this citation is wanted."""

    turn: int
    citation: Citation
