"""Why this answer: the ranking of the passages, what each part gave, and the runner-up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from qa.text import displayable
from qa.tui.fitted_table import FittedTable

if TYPE_CHECKING:
    from qa.candidates import Candidate
    from qa.retrieval import RetrievedPassage
    from qa.session import Inquiry

__all__ = ["WhyScreen"]

#: What the numbers of a passage are called.
NUMBERS = ("#", "fused", "dense", "lexical", "reader")
#: Cells for a span and for a document, at least and at most.
LEAST_WIDTH, GREATEST_WIDTH = 12, 30


class WhyScreen(ModalScreen[None]):
    """The numbers behind one reply."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f3", "dismiss(None)", "close", key_display="esc")
    ]

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__()
        self._inquiry = inquiry

    def compose(self) -> ComposeResult:
        box = Vertical(classes="window")
        box.border_title = "Why this answer"
        with box:
            yield Static(Content(_summary(self._inquiry)), id="summary")
            yield _RankingTable(self._inquiry)
            yield Static(Content(LEGEND), id="legend")
        yield Footer(compact=True, show_command_palette=False)


class _RankingTable(FittedTable):
    """A row for each passage: its numbers, its best span, its document, and how it begins.

    Span and document share the room beside the numbers; only the passage's words may have to be scrolled to.
    """

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(id="ranking", cursor_type="row", zebra_stripes=True)
        self._inquiry = inquiry

    def lay_out(self, width: int) -> None:
        passages = self._inquiry.retrieval.passages
        best = _best_by_passage(self._inquiry.candidates)
        numbers = [
            _numbers(rank, passage, best.get(passage.id))
            for rank, passage in enumerate(passages, start=1)
        ]
        widths = [max(map(len, column)) for column in zip(NUMBERS, *numbers, strict=True)]
        taken = sum(widths) + 2 * self.cell_padding * len(widths)
        each = (width - taken) // 2 - 2 * self.cell_padding
        each = min(max(each, LEAST_WIDTH), GREATEST_WIDTH)
        for label, widest in zip(NUMBERS, widths, strict=True):
            self.add_column(label, width=widest)
        self.add_column("best span", width=each)
        self.add_column("document", width=each)
        self.add_column("passage")
        for passage, known in zip(passages, numbers, strict=True):
            candidate = best.get(passage.id)
            cells = (
                *known,
                _quoted(candidate, each - 2) if candidate is not None else "",
                _shortened(passage.header, each),
                _shortened(passage.text, 60),
            )
            self.add_row(*map(Text, cells))


def _numbers(rank: int, passage: RetrievedPassage, best: Candidate | None) -> tuple[str, ...]:
    """In the order of :data:`NUMBERS`."""
    return (
        str(rank),
        f"{passage.fused:.3f}",
        f"{passage.dense:.2f}",
        f"{passage.lexical:.2f}",
        f"{best.score:+.2f}" if best is not None else "",
    )


LEGEND = (
    "fused: the rankings together · dense: similarity of the vectors · "
    "lexical: share of the question's rare words · reader: log-odds of the best span, "
    "empty where none could come first"
)


def _summary(inquiry: Inquiry) -> str:
    candidates, evidence = inquiry.candidates, inquiry.evidence
    from qa.answer import NoAnswer
    from qa.render import refusal_line

    reply = inquiry.reply
    lines = [_shortened(reply.question, 200), *_understood(inquiry)]
    if isinstance(reply, NoAnswer):
        lines.append(f"{refusal_line(reply.stage)} {_shortened(reply.reason, 300)}")
    if evidence is None:
        lines.append("No sentence of the passages found could answer.")
        return "\n".join(lines)
    lines.append(
        f"First: {_quoted(candidates[0])} with log-odds {evidence.score:+.2f}, "
        f"confidence {reply.confidence:.0%}"
    )
    if evidence.margin < 0.0:
        lines.append(
            f"The reader's score for no answer lies {-evidence.margin:.2f} above its span's."
        )
    if evidence.verified is not None:
        place = "above" if evidence.verified >= 0.0 else "below"
        lines.append(
            f"Read beside its rivals, its sentence lies {abs(evidence.verified):.2f} {place} no answer."
        )
    runner_up = _runner_up(candidates)
    if runner_up is None:
        lines.append("There is no runner-up that says something else.")
    else:
        lines.append(
            f"Runner-up: {_quoted(runner_up)} with log-odds {runner_up.score:+.2f}, "
            f"{candidates[0].score - runner_up.score:.2f} behind ({_shortened(runner_up.passage.header, 60)})"
        )
    if evidence.agreement:
        others = "document says" if evidence.agreement == 1 else "documents say"
        lines.append(f"{evidence.agreement} other {others} the same.")
    return "\n".join(lines)


def _understood(inquiry: Inquiry) -> Iterator[str]:
    """What a follow-up question was taken for."""
    sought, read = inquiry.reply.understood_as, inquiry.retrieval.question
    if sought is None:
        return
    if read == inquiry.reply.question:
        yield f"Looked for together with what went before: {_shortened(sought, 300)}"
    else:
        yield f"Looked for and read as: {_shortened(read, 300)}"


def _runner_up(candidates: tuple[Candidate, ...]) -> Candidate | None:
    """The best candidate whose words are not the answer's."""
    said = _quoted(candidates[0]).casefold()
    return next((c for c in candidates[1:] if _quoted(c).casefold() != said), None)


def _best_by_passage(candidates: tuple[Candidate, ...]) -> dict[int, Candidate]:
    best: dict[int, Candidate] = {}
    for candidate in candidates:
        best.setdefault(candidate.passage.id, candidate)
    return best


def _quoted(candidate: Candidate, longest: int = 80) -> str:
    return f"“{_shortened(candidate.passage.slice(candidate.span), longest)}”"


def _shortened(text: str, longest: int) -> str:
    line = displayable(" ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
