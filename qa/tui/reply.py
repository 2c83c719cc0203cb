"""The parts of a reply on the screen: what each source says, how sure that is, and the citations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from qa.text import displayable, one_line
from qa.tui.messages import CitationChosen

if TYPE_CHECKING:
    from qa.answer import Citation

__all__ = ["CitationLine", "Claim", "Facts", "elapsed_text", "sentence_content"]

#: Cells of the bar that shows a confidence.
BAR = 12
#: A citation's line shows a longer quote cut.
LONGEST_QUOTE = 40


class Claim(Vertical):
    """What one source says, in large; with its date and title where another says otherwise."""

    def __init__(self, turn: int, citation: Citation, *, disputed: bool, rival: bool) -> None:
        super().__init__(classes="claim rival" if rival else "claim")
        self.turn = turn
        self.citation = citation
        self._disputed = disputed

    def compose(self) -> ComposeResult:
        kind = "rival-answer" if self.has_class("rival") else "answer"
        yield Static(Content(one_line(self.citation.quote)), classes=kind)
        if self._disputed:
            day = self.citation.date
            yield Static(
                Content(day.isoformat() if day is not None else "no date"), classes="claim-date"
            )
            source = f"[{self.citation.n}] {self.citation.title}"
            yield Static(Content(displayable(source)), classes="claim-source")

    def on_click(self) -> None:
        self.post_message(CitationChosen(self.turn, self.citation))


class Facts(Horizontal):
    """How sure the answer is, as a word and a bar, the number on demand; and the time taken."""

    def __init__(self, confidence: float, elapsed_ms: int) -> None:
        super().__init__(classes="facts")
        self._confidence = confidence
        self._elapsed_ms = elapsed_ms

    def compose(self) -> ComposeResult:
        from qa.render import confidence_word

        word = confidence_word(self._confidence)
        filled = round(self._confidence * BAR)
        # Not a ProgressBar: each of those keeps a timer running, and there is one bar for each answer.
        bar = Static(
            Content.assemble(
                f"{word} confidence ",
                ("━" * filled, "bold"),
                ("╌" * (BAR - filled), "dim"),
            ),
            classes=f"confidence {word}",
        )
        number = f"{self._confidence:.0%}"
        bar.tooltip = f"{number}: the probability that the answer is right"
        yield bar
        yield Static(Content(number), classes="number")
        yield Static(Content(elapsed_text(self._elapsed_ms)), classes="elapsed")


class CitationLine(Static):
    """One numbered citation; a click opens its source."""

    def __init__(self, turn: int, citation: Citation, first: Citation) -> None:
        """``first`` is the citation of the answer itself."""
        from qa.render import source_line

        super().__init__(
            Content.assemble(source_line(citation), (_compared(citation, first), "italic")),
            classes="citation",
        )
        self.turn = turn
        self.citation = citation

    def on_click(self) -> None:
        self.post_message(CitationChosen(self.turn, self.citation))


def sentence_content(citation: Citation) -> Content:
    """The citation's sentence with its span marked."""
    text = one_line(citation.sentence_text)
    span = citation.span.counted_from(citation.sentence.start)
    return Content.assemble(text[: span.start], (span.of(text), "reverse"), text[span.end :])


def elapsed_text(elapsed_ms: int) -> str:
    """Milliseconds, or seconds where there are many."""
    return f"{elapsed_ms} ms" if elapsed_ms < 1_000 else f"{elapsed_ms / 1_000:.1f} s"


def _compared(citation: Citation, first: Citation) -> str:
    """How a further citation stands to the answer."""
    if citation is first:
        return ""
    from qa.agreement import Agreement
    from qa.render import standing_in_words

    stands = standing_in_words(citation.agreement, again=citation.file == first.file)
    if citation.agreement is Agreement.AGREES:
        return f" · {stands}"
    quote = displayable(" ".join(citation.quote.split()))
    short = quote if len(quote) <= LONGEST_QUOTE else f"{quote[: LONGEST_QUOTE - 1]}…"
    return f" · {stands}: “{short}”" if stands else f" · “{short}”"
