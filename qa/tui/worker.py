"""The one thread that opens the session and answers, in the order in which questions were asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Queue

from textual.message import Message

from qa.errors import QAError
from qa.session import EncoderLoader, Session, build_index, index_exists
from qa.settings import Settings
from qa.tui.messages import Failed, Progressed, Replied, SessionReady

__all__ = ["Asked", "serve"]

Asked = tuple[int, str]


def serve(
    settings: Settings,
    questions: Queue[Asked | None],
    post: Callable[[Message], object],
    load: EncoderLoader,
    leaving: Callable[[], bool],
) -> None:
    """Open the session, building the index if there is none, then answer until ``None`` comes.

    Everything it finds out goes through ``post``, which must be safe to call from this thread.
    Once ``leaving()``, an index that is being built is given up.
    """
    try:
        session = _open(settings, post, load, leaving)
    except _Left:
        return
    except QAError as error:
        post(Failed(error, None))
        return
    with session:
        while (asked := questions.get()) is not None:
            turn, question = asked
            started = time.perf_counter()
            try:
                inquiry = session.inquire(question)
            except QAError as error:
                post(Failed(error, turn))
                continue
            elapsed = round((time.perf_counter() - started) * 1000)
            post(Replied(turn, inquiry.reply, inquiry.documents, elapsed))


class _Left(Exception):  # noqa: N818 - no error
    """The person has left; nobody waits for the index any more."""


def _open(
    settings: Settings,
    post: Callable[[Message], object],
    load: EncoderLoader,
    leaving: Callable[[], bool],
) -> Session:
    def progress(stage: str, done: int, total: int) -> None:
        if leaving():
            raise _Left
        post(Progressed(stage, done, total))

    encoder = None
    if not index_exists(settings.vectors):
        post(Progressed("building the index"))
        _, encoder = build_index(settings, progress=progress, load=load)
    post(Progressed("loading the models"))
    session = Session.open(settings, encoder=encoder, load=load)
    records = session.documents()
    post(
        SessionReady(
            documents=len(records),
            passages=sum(record.passages for record in records),
            changed=len(session.changed_files()),
            stale_calibration=session.stale_calibration,
        )
    )
    return session
