"""Asks from when to when the documents shall be, and says how many that leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Static

from qa.errors import UsageError
from qa.periods import EXAMPLES, period_of
from qa.tui.question import TextBox
from qa.tui.restriction import Restriction, dated

if TYPE_CHECKING:
    from qa.schema import DocumentRecord

__all__ = ["DatesScreen"]


class DatesScreen(ModalScreen[Restriction | None]):
    """Returns the documents of the period that was typed, none for an empty box; ``None`` to leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "keep to these", priority=True),
        Binding("escape", "dismiss(None)", "leave it"),
    ]

    def __init__(self, records: Sequence[DocumentRecord]) -> None:
        super().__init__()
        self._records = records
        self._refused: str | None = None

    def compose(self) -> ComposeResult:
        box = Vertical(classes="window form")
        box.border_title = "Keep to documents of these dates"
        with box:
            yield TextBox(placeholder="2020..2024", id="dates")
            yield Static(Content(EXAMPLES), classes="hint")
            yield Static(id="said")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._say("")

    @on(Input.Changed, "#dates")
    def _count(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._refused:  # that may come first, and has said why
            self._say(event.value)

    def _say(self, typed: str) -> None:
        """How many documents that leaves, while it is being typed."""
        said, style = "", "$text-muted"
        try:
            chosen = self._chosen(typed)
        except UsageError:  # said once it is meant: half a date is none yet
            pass
        else:
            said = self._described(chosen)
            style = "$text-success" if chosen.files else style
        self._show(said, style)

    def action_choose(self) -> None:
        """Keep to the documents that lie inside."""
        typed = self.query_one("#dates", Input).value
        try:
            chosen = self._chosen(typed)
        except UsageError as error:
            self._refuse(typed, str(error))
            return
        if chosen.period is not None and not chosen.files:
            self._refuse(typed, self._described(chosen))
        else:
            self.dismiss(chosen)

    def _refuse(self, typed: str, why: str) -> None:
        self._refused = typed
        self._show(why, "$text-error")

    def _chosen(self, typed: str) -> Restriction:
        if not typed.strip():
            return Restriction(frozenset())
        return dated(self._records, period_of(typed))

    def _described(self, chosen: Restriction) -> str:
        total = len(self._records)
        undated = sum(record.date is None for record in self._records)
        if chosen.period is None:
            said = f"Nothing typed: all {total:,} documents are asked."
        else:
            inside = f"{len(chosen.files):,}" if chosen.files else "None"
            said = f"{inside} of {total:,} documents dated {chosen.period}."
        if not undated:
            return said
        left = "is in no period" if undated == 1 else "are in no period"
        return f"{said} {undated:,} without a date {left}."

    def _show(self, said: str, style: str) -> None:
        self.query_one("#said", Static).update(Content.styled(said, style))
