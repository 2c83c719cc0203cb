"""The two threads beside the screen: one opens the session and answers, the other indexes.

They import the session when they run: the first screen owes nothing to numpy, FAISS or torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Queue
from typing import TYPE_CHECKING

from textual.message import Message

from qa.errors import QAError
from qa.settings import Settings
from qa.tui.messages import (
    CorpusNotOpened,
    CorpusOpened,
    Failed,
    Indexed,
    IndexingStopped,
    IndexMissing,
    Progressed,
    Replied,
    SessionReady,
)

if TYPE_CHECKING:
    from qa.models.encoder import EncoderLoader
    from qa.session import Session
    from qa.tui.ongoing import Ongoing

__all__ = ["Adjusted", "Asked", "Job", "Recount", "open_other", "serve", "update"]

#: Posts a message to the screen; safe to call from any thread.
Post = Callable[[Message], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """Answer this question."""

    turn: int
    question: str
    conversation: Ongoing
    """Where question and reply are kept."""
    files: frozenset[str] | None = None
    """Keep to these documents."""
    as_typed: bool = False
    """What went before has no say in what the question means."""


@dataclass(frozen=True, slots=True)
class Recount:
    """The index has changed; tell what it holds now."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Answer with these from the next question on."""

    threshold: float | None
    citations: int


#: ``None`` ends the thread.
Job = Adjusted | Asked | Recount | None


def serve(
    settings: Settings,
    jobs: Queue[Job],
    post: Post,
    load: EncoderLoader | None = None,
    session: Session | None = None,
) -> None:
    """Open the session, if it is not open yet, and do the jobs in their order, until ``None`` comes.

    Where there is no index, or the session cannot be opened, it says so and returns; the jobs stay.
    """
    from qa.session import Session, index_exists

    try:
        if session is None:
            if not index_exists(settings.vectors):
                post(IndexMissing())
                return
            post(Progressed("loading the models"))
            session = Session.open(settings, load=_loader(load))
    except QAError as error:
        post(Failed(error, None))
        return
    with session:
        try:
            post(_ready(session))
        except QAError as error:
            post(Failed(error, None))
            return
        while (job := jobs.get()) is not None:
            if isinstance(job, Adjusted):
                session.adjust(threshold=job.threshold, citations=job.citations)
                continue
            turn = job.turn if isinstance(job, Asked) else None
            try:
                post(_answered(session, job) if isinstance(job, Asked) else _ready(session))
            except QAError as error:
                post(Failed(error, turn))
                if turn is None:
                    return


def update(
    settings: Settings,
    post: Post,
    load: EncoderLoader | None,
    cancelled: Callable[[], bool],
    *,
    rebuild: bool = False,
) -> None:
    """Bring the index up to date, while an open session answers from the old one.

    It loads an encoder of its own: tokenizers do not bear two threads. Once ``cancelled()``, it stops
    with the index as it was, for everything is written in one transaction; what it has embedded is kept
    for the next time.
    """
    from qa.models.encoder import deferred_encoder
    from qa.session import build_index

    def progress(stage: str, done: int, total: int) -> None:
        if cancelled():
            raise _Cancelled
        post(Progressed(stage, done, total))

    try:
        post(Progressed("loading the model"))
        load = load if load is not None else deferred_encoder
        report, _ = build_index(settings, progress=progress, rebuild=rebuild, load=load)
    except _Cancelled:
        post(IndexingStopped(None))
    except QAError as error:
        post(IndexingStopped(error))
    else:
        post(Indexed(report))


def open_other(
    settings: Settings, post: Post, load: EncoderLoader | None, cancelled: Callable[[], bool]
) -> None:
    """Open a session of another corpus, building its index first if there is none at all.

    It is open before the one there is need be closed, which stays if this one cannot be opened.
    """
    from qa.session import Session, build_index, index_exists

    def progress(stage: str, done: int, total: int) -> None:
        if cancelled():
            raise _Cancelled
        post(Progressed(stage, done, total))

    try:
        encoder = None
        if not index_exists(settings.vectors):
            _, encoder = build_index(settings, progress=progress, load=_loader(load))
        progress("loading the models", 0, 0)
        session = Session.open(settings, encoder=encoder, load=_loader(load))
    except _Cancelled:
        post(CorpusNotOpened(None))
    except QAError as error:
        post(CorpusNotOpened(error))
    else:
        post(CorpusOpened(settings, session))


class _Cancelled(Exception):  # noqa: N818 - no error
    """The person does not want the new index any more."""


def _loader(load: EncoderLoader | None) -> EncoderLoader:
    from qa.models.encoder import load_encoder

    return load if load is not None else load_encoder


def _answered(session: Session, asked: Asked) -> Replied:
    started = time.perf_counter()
    conversation = asked.conversation
    earlier = () if asked.as_typed else conversation.replies
    inquiry = session.inquire(asked.question, files=asked.files, earlier=earlier)
    elapsed_ms = round((time.perf_counter() - started) * 1000)
    # Kept before it is shown, so that nothing that was on the screen can be lost.
    refused = conversation.keep(asked.question, inquiry.reply, elapsed_ms, asked.files)
    return Replied(asked.turn, inquiry, elapsed_ms, refused)


def _ready(session: Session) -> SessionReady:
    return SessionReady(
        records=tuple(session.documents()),
        changed=len(session.changed_files()),
        stale_calibration=session.stale_calibration,
    )
