"""All keys, with what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer

from qa.tui.keys import CHAT_KEYS
from qa.tui.question import QuestionBox

__all__ = ["HelpScreen"]


class HelpScreen(ModalScreen[None]):
    """The bindings themselves, so that no key can be missing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1", "dismiss(None)", "close", key_display="esc")
    ]

    def __init__(self, keys: Sequence[BindingType] | None = None) -> None:
        """``keys`` are those of another screen than the chat."""
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        box = Vertical(classes="window")
        box.border_title = "Keys"
        with box:
            yield DataTable(id="keys", show_header=False, cursor_type="row")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        table = self.query_one("#keys", DataTable)
        table.add_columns("key", "what")
        chat = [*QuestionBox.BINDINGS, *CHAT_KEYS]
        for binding in chat if self._keys is None else self._keys:
            if isinstance(binding, Binding) and binding.tooltip:
                key = Text(self.app.get_key_display(binding).replace("^", "ctrl+"), style="bold")
                table.add_row(key, Text(binding.tooltip))
        if self._keys is None:
            table.add_row(
                Text("a letter", style="bold"), Text("that is none of these begins a question")
            )
