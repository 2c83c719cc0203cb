"""Asks what follows from a reply's being wrong."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

__all__ = ["RejectScreen"]


class RejectScreen(ModalScreen[str | None]):
    """Returns ``none``, ``correct`` or ``leave_out``; ``None`` if nothing shall be decided.

    A wrong answer alone is no label: it has to be said what is right, or the question is left out.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "none", "does not say"),
        Binding("c", "dismiss('correct')", "correct"),
        Binding("l", "dismiss('leave_out')", "leave out"),
        Binding("escape", "dismiss(None)", "back", key_display="esc"),
    ]

    def __init__(self, *, refusal: bool) -> None:
        super().__init__()
        self._refusal = refusal

    def compose(self) -> ComposeResult:
        box = Vertical(classes="window small")
        what = "The refusal" if self._refusal else "The answer"
        box.border_title = f"{what} is wrong. What is right?"
        ways = [
            ("c", "another span: select it in the source"),
            ("l", "not known: leave the question out of the labelled file"),
        ]
        if not self._refusal:
            ways.insert(0, ("d", "nothing: the corpus does not say"))
        with box:
            for key, said in ways:
                yield Static(Content.assemble((f" {key} ", "reverse"), f"  {said}"), classes="way")
        yield Footer(compact=True, show_command_palette=False)

    def action_none(self) -> None:
        """The corpus does not say."""
        self.dismiss("none")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """That the corpus does not say is what a refusal said."""
        return not (action == "none" and self._refusal)
