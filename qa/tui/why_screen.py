"""Why this answer: the ranking of the passages, what each part gave, and the runner-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Static

from qa.text import displayable

if TYPE_CHECKING:
    from qa.candidates import Candidate
    from qa.session import Inquiry

__all__ = ["WhyScreen"]


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
            yield DataTable(id="ranking", cursor_type="row", zebra_stripes=True)
            yield Static(Content(LEGEND), id="legend")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        table = self.query_one("#ranking", DataTable)
        table.add_columns(
            "#", "fused", "dense", "lexical", "reader", "best span", "document", "passage"
        )
        best = _best_by_passage(self._inquiry.candidates)
        for rank, passage in enumerate(self._inquiry.retrieval.passages, start=1):
            candidate = best.get(passage.id)
            table.add_row(
                str(rank),
                f"{passage.fused:.3f}",
                f"{passage.dense:.2f}",
                f"{passage.lexical:.2f}",
                f"{candidate.score:+.2f}" if candidate is not None else "",
                Text(_quoted(candidate, 28) if candidate is not None else ""),
                Text(_shortened(passage.header, 30)),
                Text(_shortened(passage.text, 60)),
            )


LEGEND = (
    "fused: the rankings together · dense: similarity of the vectors · "
    "lexical: share of the question's rare words · reader: log-odds of the best span"
)


def _summary(inquiry: Inquiry) -> str:
    candidates, evidence = inquiry.candidates, inquiry.evidence
    from qa.answer import NoAnswer
    from qa.render import refusal_line

    reply = inquiry.reply
    lines = [_shortened(reply.question, 200)]
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
