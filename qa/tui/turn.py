"""A turn of the dialogue: a question and, once it is there, its reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qa.tui.turn_view import TurnView

if TYPE_CHECKING:
    from qa.answer import Citation, Reply
    from qa.errors import QAError
    from qa.session import Inquiry

__all__ = ["Turn"]

#: Rows that a turn is taken for which has not been laid out yet.
USUAL_HEIGHT = 12


class Turn:
    """What is known of a turn, whether it is in view or not; its ``view`` follows each change."""

    def __init__(
        self,
        number: int,
        question: str,
        restriction: str = "",
        reply: Reply | None = None,
        elapsed_ms: int = 0,
        files: frozenset[str] | None = None,
    ) -> None:
        self.number = number
        self.question = question
        self.restriction = restriction
        self.reply = reply
        self.inquiry: Inquiry | None = None
        """What the reply was chosen from; ``None`` for one that was restored."""
        self.error: QAError | None = None
        """Why there is no reply."""
        self.elapsed_ms = elapsed_ms
        self.files = files
        """The documents that the question is restricted to; ``None`` for all."""
        self.shown: Citation | None = None
        """The citation that the source pane holds."""
        self.current = False
        """Whether keys act on this turn."""
        self.view: TurnView | None = None
        """Its widgets; ``None`` while it is far out of view."""
        self.height = USUAL_HEIGHT
        """Rows of the view when it was last laid out."""

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What keys step through: the sources of an answer, or the passage nearest to none."""
        from qa.answer import NoAnswer

        if self.reply is None:
            return ()
        if isinstance(self.reply, NoAnswer):
            return (self.reply.rejected,) if self.reply.rejected is not None else ()
        return self.reply.citations

    async def wait_again(self) -> None:
        """Put the waiting mark in the place of the reply."""
        self.inquiry, self.reply = None, None
        await self._show_outcome()

    async def show_reply(self, inquiry: Inquiry, elapsed_ms: int) -> None:
        """Put the reply where the waiting mark was."""
        self.inquiry, self.reply, self.elapsed_ms = inquiry, inquiry.reply, elapsed_ms
        await self._show_outcome()

    async def show_error(self, error: QAError) -> None:
        """Say what went wrong where the reply would stand."""
        self.error = error
        await self._show_outcome()

    async def _show_outcome(self) -> None:
        if self.view is not None:
            await self.view.show_outcome()

    def mark(self, citation: Citation | None, *, current: bool) -> None:
        """Say which citation the source pane holds, and whether this is the turn that keys act on."""
        self.shown, self.current = citation, current
        if self.view is not None:
            self.view.show_marks()
