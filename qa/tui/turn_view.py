"""How a turn of the dialogue looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from qa.text import displayable, one_line
from qa.tui.reply import CitationLine, Claim, Facts, elapsed_text, sentence_content

if TYPE_CHECKING:
    from qa.answer import Answer, NoAnswer, Reply
    from qa.errors import QAError
    from qa.tui.turn import Turn

__all__ = ["TurnView"]


class TurnView(Vertical):
    """The widgets of a turn, for as long as it is in view or near it."""

    def __init__(self, turn: Turn) -> None:
        super().__init__(id=f"turn-{turn.number}")
        self.turn = turn
        self._composed = False
        self._outcome_shown: tuple[Reply | None, QAError | None] | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content(displayable(self.turn.question)), classes="question")
        if self.turn.restriction:
            yield Static(Content(self.turn.restriction), classes="restriction")
        yield from self._outcome()

    async def on_mount(self) -> None:
        self._composed = True
        await self.show_outcome()
        self.show_marks()

    async def show_outcome(self) -> None:
        """Show what has become of the question, in place of what was shown before."""
        if not self._composed:
            return  # what comes meanwhile is shown when the view is mounted
        async with self.batch():
            if self._outcome_shown == (self.turn.reply, self.turn.error):
                return
            stays = ("question", "restriction")
            await self.remove_children(
                [child for child in self.children if not any(map(child.has_class, stays))]
            )
            await self.mount_all(self._outcome())

    def show_marks(self) -> None:
        """Show which citation the source pane holds, and whether keys act on this turn."""
        shown, citations = self.turn.shown, self.turn.citations
        self.set_class(self.turn.current, "current")
        for line in self.query(CitationLine):
            line.set_class(line.citation == shown, "chosen")
        for claim in self.query(Claim):
            claim.set_class(claim.citation == shown, "chosen")
        for sentence in self.query(".sentence").results(Static):
            sentence.update(sentence_content(shown if shown is not None else citations[0]))

    def _outcome(self) -> Iterator[Widget]:
        self._outcome_shown = (self.turn.reply, self.turn.error)
        if self.turn.reply is not None:
            yield from self._reply(self.turn.reply)
        elif self.turn.error is not None:
            yield Static(Content(displayable(str(self.turn.error))), classes="error")
        else:
            yield Static(Content("…"), classes="waiting")

    def _reply(self, reply: Reply) -> Iterator[Widget]:
        from qa.answer import Answer

        if reply.understood_as is not None:
            understood = f"understood as: {displayable(reply.understood_as)}  (u: as typed)"
            yield Static(Content(understood), classes="understood")
        if isinstance(reply, Answer):
            yield from self._answer(reply)
        else:
            yield from self._abstention(reply)

    def _answer(self, reply: Answer) -> Iterator[Widget]:
        from qa.answer import rivals_of
        from qa.render import agreement_sentences, as_data

        rivals = rivals_of(reply)
        first = reply.citations[0]
        if rivals:
            yield Static(Content("Another document says otherwise:"), classes="differ")
        claims = [Claim(self.turn.number, first, disputed=bool(rivals), rival=False)]
        claims += [Claim(self.turn.number, rival, disputed=True, rival=True) for rival in rivals]
        side_by_side = Horizontal(*claims, classes="claims disputed" if rivals else "claims")
        side_by_side.styles.grid_size_columns = len(claims)
        yield side_by_side
        yield Static(sentence_content(first), classes="sentence")
        yield Facts(reply.confidence, self.turn.elapsed_ms)
        data = as_data(reply, id_="", elapsed_ms=self.turn.elapsed_ms)
        # What contradicts the answer stands beside it.
        agreement = one_line(" ".join(agreement_sentences(data, conflicts=not rivals)))
        yield Static(Content(agreement), classes="agreement")
        yield from (CitationLine(self.turn.number, citation, first) for citation in reply.citations)

    def _abstention(self, reply: NoAnswer) -> Iterator[Widget]:
        from qa.render import refusal_line

        yield Static(Content("No answer in these documents"), classes="no-answer")
        why = f"{displayable(reply.reason)} {refusal_line(reply.stage)}"
        reason = f"{why} · {elapsed_text(self.turn.elapsed_ms)}"
        yield Static(Content(reason), classes="reason")
        if reply.rejected is not None:
            yield Static(Content("Nearest passage:"), classes="nearest")
            yield Static(sentence_content(reply.rejected), classes="sentence")
            yield CitationLine(self.turn.number, reply.rejected, reply.rejected)
