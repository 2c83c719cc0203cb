"""Asks before something that cannot be undone."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from qa.text import displayable

__all__ = ["ConfirmScreen"]


class ConfirmScreen(ModalScreen[bool]):
    """Returns true only for the letter y: enter, which is pressed without a thought, does nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "yes"),
        Binding("n,escape", "dismiss(False)", "no", key_display="n"),
    ]

    def __init__(self, question: str, yes: str, no: str) -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def compose(self) -> ComposeResult:
        box = Vertical(classes="window small")
        box.border_title = "Are you sure?"
        with box:
            yield Static(Content(displayable(self._question)), id="asked")
            yield Static(
                Content.assemble(
                    (" y ", "reverse"), f" {self._yes}    ", (" n ", "reverse"), f" {self._no}"
                )
            )
        yield Footer(compact=True, show_command_palette=False)
