"""The dialogue: each question with its reply under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from qa.text import displayable
from qa.tui.reply import CitationLine, Claim, Facts, elapsed_text, sentence_content
from qa.tui.restriction import Restriction, restriction_text

if TYPE_CHECKING:
    from qa.answer import Answer, Citation, NoAnswer, Reply
    from qa.conversations import KeptTurn
    from qa.errors import QAError
    from qa.session import Inquiry

__all__ = ["Dialogue", "Turn"]

WELCOME = (
    "Ask a question about the documents. The answer is always a quote: its words stand in a "
    "document, and the source opens beside it.\n\n"
    "You can type while the models load; the question is answered as soon as they are there.\n\n"
    "Conversations are kept: f4 opens an earlier one. f1 shows all keys."
)


class Turn(Vertical):
    """A question and, once it is there, its reply."""

    def __init__(
        self,
        number: int,
        question: str,
        restriction: str = "",
        reply: Reply | None = None,
        elapsed_ms: int = 0,
    ) -> None:
        super().__init__(id=f"turn-{number}")
        self.number = number
        self.question = question
        self.reply = reply
        self.inquiry: Inquiry | None = None
        """What the reply was chosen from; ``None`` for one that was restored."""
        self.elapsed_ms = elapsed_ms
        self.citations: tuple[Citation, ...] = ()
        self.files: frozenset[str] | None = None
        """The documents that the question is restricted to; ``None`` for all."""
        self._restriction = restriction

    def compose(self) -> ComposeResult:
        yield Static(Content(displayable(self.question)), classes="question")
        if self._restriction:
            yield Static(Content(self._restriction), classes="restriction")
        if self.reply is not None:
            yield from self._reply(self.reply)
        else:
            yield Static(Content("…"), classes="waiting")

    async def wait_again(self) -> None:
        """Put the waiting mark in the place of the reply."""
        self.inquiry, self.reply, self.citations = None, None, ()
        stays = ("question", "restriction")
        await self.remove_children(
            [child for child in self.children if not any(map(child.has_class, stays))]
        )
        await self.mount(Static(Content("…"), classes="waiting"))

    async def show_reply(self, inquiry: Inquiry, elapsed_ms: int) -> None:
        """Put the reply where the waiting mark was."""
        self.inquiry, self.reply, self.elapsed_ms = inquiry, inquiry.reply, elapsed_ms
        await self.query_one(".waiting").remove()
        await self.mount(*self._reply(inquiry.reply))

    async def show_error(self, error: QAError) -> None:
        """Say what went wrong where the reply would stand."""
        await self.query_one(".waiting").remove()
        await self.mount(Static(Content(displayable(str(error))), classes="error"))

    def mark(self, citation: Citation | None, *, current: bool) -> None:
        """Show which citation the source pane holds, and whether this is the turn that keys act on."""
        self.set_class(current, "current")
        for line in self.query(CitationLine):
            line.set_class(line.citation == citation, "chosen")
        for claim in self.query(Claim):
            claim.set_class(claim.citation == citation, "chosen")
        if self.citations:
            sentence = citation if citation is not None else self.citations[0]
            self.query_one(".sentence", Static).update(sentence_content(sentence))

    def _reply(self, reply: Reply) -> Iterator[Widget]:
        from qa.answer import Answer

        if reply.understood_as is not None:
            understood = f"understood as: {displayable(reply.understood_as)}  (u: as typed)"
            yield Static(Content(understood), classes="understood")
        if isinstance(reply, Answer):
            self.citations = reply.citations
            yield from self._answer(reply)
        else:
            self.citations = (reply.rejected,) if reply.rejected is not None else ()
            yield from self._abstention(reply)

    def _answer(self, reply: Answer) -> Iterator[Widget]:
        from qa.answer import rivals_of
        from qa.render import agreement_sentences, as_data

        rivals = rivals_of(reply)
        first = reply.citations[0]
        if rivals:
            yield Static(Content("Another document says otherwise:"), classes="differ")
        claims = [Claim(self.number, first, disputed=bool(rivals), rival=False)]
        claims += [Claim(self.number, rival, disputed=True, rival=True) for rival in rivals]
        side_by_side = Horizontal(*claims, classes="claims disputed" if rivals else "claims")
        side_by_side.styles.grid_size_columns = len(claims)
        yield side_by_side
        yield Static(sentence_content(first), classes="sentence")
        yield Facts(reply.confidence, self.elapsed_ms)
        data = as_data(reply, id_="", elapsed_ms=self.elapsed_ms)
        # What contradicts the answer stands beside it.
        agreement = " ".join(agreement_sentences(data, conflicts=not rivals))
        yield Static(Content(agreement), classes="agreement")
        yield from (CitationLine(self.number, citation) for citation in reply.citations)

    def _abstention(self, reply: NoAnswer) -> Iterator[Widget]:
        from qa.render import refusal_line

        yield Static(Content("No answer in these documents"), classes="no-answer")
        why = f"{displayable(reply.reason)} {refusal_line(reply.stage)}"
        reason = f"{why} · {elapsed_text(self.elapsed_ms)}"
        yield Static(Content(reason), classes="reason")
        if reply.rejected is not None:
            yield Static(Content("Nearest passage:"), classes="nearest")
            yield Static(sentence_content(reply.rejected), classes="sentence")
            yield CitationLine(self.number, reply.rejected)


class Dialogue(VerticalScroll, can_focus=True):
    """All turns, the newest at the bottom."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0

    def compose(self) -> ComposeResult:
        yield Static(Content(WELCOME), id="welcome")

    async def add_turn(self, question: str, restriction: str = "") -> Turn:
        """Append a question that has no reply yet."""
        await self.query("#welcome").remove()
        turn = Turn(self.next_number, question, restriction)
        self._next += 1
        await self.mount(turn)
        self.show_turn(turn)
        return turn

    async def restore(self, turns: Sequence[tuple[KeptTurn, Reply]]) -> Turn | None:
        """Show these turns in place of those that are there, and return the last of them."""
        await self.remove_children()
        restored = [
            Turn(
                number,
                kept.question,
                restriction_text(_restriction(kept)),
                reply,
                int(kept.reply["elapsed_ms"]),
            )
            for number, (kept, reply) in enumerate(turns, self._next)
        ]
        self._next += len(restored)
        await self.mount_all(restored or self.compose())
        return restored[-1] if restored else None

    def turn(self, number: int) -> Turn | None:
        """The turn of that number, if it is on the screen; a number is never given to another."""
        return next(iter(self.query(f"#turn-{number}").results(Turn)), None)

    @property
    def next_number(self) -> int:
        """The number of the next turn."""
        return self._next

    def show_turn(self, turn: Turn) -> None:
        """Bring a turn into view once it has been laid out, from its question on if it is a long one."""
        # By force: the scroll bar may not be there yet.
        self.call_after_refresh(self.scroll_to_widget, turn, animate=False, top=True, force=True)


def _restriction(kept: KeptTurn) -> Restriction | None:
    return Restriction(frozenset(kept.files)) if kept.files is not None else None
