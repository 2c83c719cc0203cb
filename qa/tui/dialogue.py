"""The dialogue: each question with its reply under it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from qa.answer import Answer, Citation, Reply
from qa.errors import QAError
from qa.render import confidence_word, source_line
from qa.text import Span, displayable
from qa.tui.messages import CitationChosen

__all__ = ["CitationLine", "Dialogue", "Turn"]

WELCOME = (
    "Ask a question about the documents. The answer is always a quote: its words stand in a "
    "document, and the source opens beside it.\n\n"
    "You can type while the models load; the question is answered as soon as they are there."
)


class CitationLine(Static):
    """One numbered citation; a click opens its source."""

    def __init__(self, turn: int, citation: Citation) -> None:
        quote = displayable(" ".join(citation.quote.split()))
        short = quote if len(quote) <= 40 else f"{quote[:39]}…"
        super().__init__(Content(f"{source_line(citation)}: {short}"), classes="citation")
        self.turn = turn
        self.citation = citation

    def on_click(self) -> None:
        self.post_message(CitationChosen(self.turn, self.citation))


class Turn(Vertical):
    """A question and, once it is there, its reply."""

    def __init__(self, number: int, question: str) -> None:
        super().__init__(id=f"turn-{number}")
        self.number = number
        self.question = question
        self.citations: tuple[Citation, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(Content(displayable(self.question)), classes="question")
        yield Static(Content("…"), classes="waiting")

    async def show_reply(self, reply: Reply, elapsed_ms: int) -> None:
        """Put the reply where the waiting mark was."""
        await self.query_one(".waiting").remove()
        if isinstance(reply, Answer):
            self.citations = reply.citations
            facts = (
                f"confidence {reply.confidence:.0%} ({confidence_word(reply.confidence)})"
                f" · {elapsed_ms} ms"
            )
            await self.mount(
                Static(Content(displayable(reply.text)), classes="answer"),
                Static(_sentence(reply.citations[0]), classes="sentence"),
                Static(Content(facts), classes="facts"),
                *(CitationLine(self.number, citation) for citation in reply.citations),
            )
            return
        await self.mount(
            Static(Content("No answer in these documents"), classes="no-answer"),
            Static(Content(f"{reply.reason} · {elapsed_ms} ms"), classes="facts"),
        )
        if reply.rejected is not None:
            self.citations = (reply.rejected,)
            await self.mount(
                Static(Content("Nearest passage:"), classes="facts"),
                Static(_sentence(reply.rejected), classes="sentence"),
                CitationLine(self.number, reply.rejected),
            )

    async def show_error(self, error: QAError) -> None:
        """Say what went wrong where the reply would stand."""
        await self.query_one(".waiting").remove()
        await self.mount(Static(Content(displayable(str(error))), classes="error"))

    def mark(self, citation: Citation | None) -> None:
        """Show which citation the source pane holds."""
        for line in self.query(CitationLine):
            line.set_class(line.citation == citation, "chosen")


class Dialogue(VerticalScroll, can_focus=True):
    """All turns, the newest at the bottom and in view."""

    def compose(self) -> ComposeResult:
        yield Static(Content(WELCOME), id="welcome")

    async def add_turn(self, question: str) -> Turn:
        """Append a question that has no reply yet."""
        await self.query("#welcome").remove()
        turn = Turn(len(self.query(Turn)), question)
        await self.mount(turn)
        self.show_end()
        return turn

    def turn(self, number: int) -> Turn:
        """The turn of that number, from 0."""
        return self.query_one(f"#turn-{number}", Turn)

    def show_end(self) -> None:
        """Bring the newest turn into view once it has been laid out."""
        self.call_after_refresh(self.scroll_end, animate=False)


def _sentence(citation: Citation) -> Content:
    text, at = displayable(citation.sentence_text), citation.sentence.start
    span = Span(citation.span.start - at, citation.span.end - at)
    return Content.assemble(text[: span.start], (span.of(text), "reverse"), text[span.end :])
