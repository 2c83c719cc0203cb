"""All keys, with what they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer

from qa.tui.fitted_table import FittedTable
from qa.tui.keys import CHAT_KEYS
from qa.tui.question import QuestionBox

__all__ = ["HelpScreen"]

#: Cells for what a key does, however narrow the screen.
LEAST_WIDTH = 20


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
            yield _KeyTable(list(self._rows()))
        yield Footer(compact=True, show_command_palette=False)

    def _rows(self) -> Iterator[tuple[Text, Text]]:
        chat = [*QuestionBox.BINDINGS, *CHAT_KEYS]
        for binding in chat if self._keys is None else self._keys:
            if isinstance(binding, Binding) and binding.tooltip:
                key = self.app.get_key_display(binding).replace("^", "ctrl+")
                yield Text(key, style="bold"), Text(binding.tooltip)
        if self._keys is None:
            yield Text("a letter", style="bold"), Text("that is none of these begins a question")


class _KeyTable(FittedTable):
    """A row for each key; what it does is wrapped, since what is cut cannot be read."""

    def __init__(self, rows: Sequence[tuple[Text, Text]]) -> None:
        super().__init__(id="keys", show_header=False, cursor_type="row")
        self._keys = rows

    def lay_out(self, width: int) -> None:
        widest = max(key.cell_len for key, _ in self._keys)
        self.add_column("key", width=widest)
        self.add_column("what", width=max(width - widest - 4 * self.cell_padding, LEAST_WIDTH))
        for row in self._keys:
            self.add_row(*row, height=None)
