"""The left-hand pane of the review: a question, what was answered, and what has been decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from qa.answer import Answer, Citation, NoAnswer
from qa.render import agreement_sentences, as_data, confidence_word
from qa.reviewing import Decision, ReviewItem, Row
from qa.text import displayable, one_line
from qa.tui.reply import CitationLine, Claim

if TYPE_CHECKING:
    from textual.app import ComposeResult

__all__ = ["Judged", "decision_text"]


class Judged(VerticalScroll):
    """One question of the queue."""

    def __init__(self) -> None:
        super().__init__(id="judged")

    def compose(self) -> ComposeResult:
        yield from ()

    async def show(self, item: ReviewItem, row: Row | None) -> None:
        """Show ``item`` and what was decided of it, in place of what is shown."""
        with self.app.batch_update():
            await self.remove_children()
            await self.mount_all(_parts(item, row))
        self.scroll_home(animate=False)

    def mark(self, citation: Citation | None) -> None:
        """Mark the citation whose source is shown."""
        for widget in self.query(".citation, .claim"):
            assert isinstance(widget, CitationLine | Claim)
            widget.set_class(widget.citation is citation, "chosen")


def _parts(item: ReviewItem, row: Row | None) -> Iterator[Widget]:
    reply = item.reply
    yield _line(item.asked, "question")
    if item.question != item.asked:
        yield _line(f"Understood as: {item.question}", "understood")
    if isinstance(reply, Answer):
        yield Claim(0, reply.citations[0], disputed=False, rival=False)
    else:
        yield _line("No answer.", "no-answer")
    word = confidence_word(reply.confidence)
    yield _line(f"{word} confidence · {reply.confidence:.0%}", f"facts confidence {word}")
    if isinstance(reply, NoAnswer):
        yield _line(reply.reason, "reason")
        if reply.rejected is not None:
            yield _line(f"The nearest passage: “{_one(reply.rejected.quote)}”", "nearest")
    else:
        data = as_data(reply, id_=item.id, elapsed_ms=0)
        yield _line(one_line(" ".join(agreement_sentences(data))), "agreement")
    for citation in item.citations:
        yield CitationLine(0, citation, item.citations[0])
    said = decision_text(item, row)
    yield _line(said, "decision" if row is not None else "decision undecided")


def decision_text(item: ReviewItem, row: Row | None) -> str:
    """What was decided, in a sentence."""
    if row is None:
        return "Not decided yet."
    if row["decision"] == Decision.ACCEPTED:
        return "✓ Accepted." if isinstance(item.reply, Answer) else "✓ Accepted: rightly refused."
    if row["decision"] == Decision.CORRECTED:
        return f"✓ Corrected: “{_one(str(row['answers'][0]))}” ({row.get('file')})."
    if row["decision"] == Decision.REJECTED:
        return "✓ Rejected: the corpus does not say."
    return "✓ Left out: wrong, and what is right is not known."


def _line(text: str, classes: str) -> Static:
    return Static(Content(displayable(text)), classes=classes)


def _one(text: str) -> str:
    return " ".join(text.split())
