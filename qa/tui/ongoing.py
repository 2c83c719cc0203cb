"""The conversation that is being held: its turns so far, and how much of it is on the disk."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qa.conversations import Conversation, ConversationRecord, KeptTurn, delete, keep, name_of
from qa.errors import StoreError
from qa.roots import identity_of
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.answer import Reply

__all__ = ["Ongoing"]


class Ongoing:
    """A conversation, new or reopened. The session's thread adds to it, the screen reads it."""

    def __init__(
        self,
        settings: Settings,
        kept: Conversation | None = None,
        replies: Sequence[Reply] = (),
    ) -> None:
        self._folder = settings.vectors
        self._corpus = identity_of(settings.corpus)
        self._turns = list(kept.turns) if kept is not None else []
        self._replies = list(replies)
        self._kept = len(self._turns)
        self._id = kept.record.id if kept is not None else None
        self._deleted = False
        self._refused = False
        self._lock = threading.Lock()

    @property
    def id(self) -> int | None:
        """Its number; ``None`` while nothing of it is on the disk."""
        return self._id

    @property
    def all_kept(self) -> bool:
        """Every turn so far is on the disk."""
        return self._kept == len(self._turns)

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The replies so far, oldest first: what a follow-up question hangs on."""
        with self._lock:
            return tuple(self._replies)

    def keep(
        self, question: str, reply: Reply, elapsed_ms: int, files: Collection[str] | None
    ) -> StoreError | None:
        """Keep a turn, on the disk when this returns; so are those that could not be kept before.

        The error comes back the first time that it cannot be kept, to be said once.
        """
        from qa.render import as_data

        turn = KeptTurn(
            question=question,
            understood_as=reply.understood_as,
            files=tuple(sorted(files)) if files is not None else None,
            reply=as_data(reply, id_=str(len(self._turns) + 1), elapsed_ms=elapsed_ms),
            asked=datetime.now(UTC),
        )
        with self._lock:
            if self._deleted:  # while its last question was being answered
                return None
            self._turns.append(turn)
            self._replies.append(reply)
            try:
                self._id = keep(self._folder, self._id, self._corpus, self._turns[self._kept :])
            except StoreError as error:
                first, self._refused = not self._refused, True
                return error if first else None
            self._kept = len(self._turns)
            return None

    def delete(self) -> str:
        """Delete it for good and return its name; what is still being answered will not be kept.

        Raises:
            UsageError, StoreError: as :func:`qa.conversations.delete`.
        """
        with self._lock:
            if self._id is not None:
                delete(self._folder, self._id)
            self._deleted = True
            return name_of(self._turns[0].question) if self._turns else ""

    def as_conversation(self) -> Conversation | None:
        """All of it, kept or not; ``None`` while nothing has been answered."""
        with self._lock:
            turns, id_ = tuple(self._turns), self._id
        if not turns:
            return None
        record = ConversationRecord(
            id=id_,
            name=name_of(turns[0].question),
            corpus=self._corpus,
            created=turns[0].asked,
            last_asked=turns[-1].asked,
            questions=len(turns),
        )
        return Conversation(record, turns)
