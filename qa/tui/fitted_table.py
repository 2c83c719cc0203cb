"""A table that is laid out for the width it has."""

from __future__ import annotations

from rich.text import Text
from textual.events import Resize
from textual.widgets import DataTable

__all__ = ["FittedTable"]


class FittedTable(DataTable[Text]):
    """Laid out anew for each width; the row where the cursor stands stays in sight."""

    def lay_out(self, width: int) -> None:
        """Add columns and rows for ``width`` cells, the padding of the cells included."""
        raise NotImplementedError

    def on_resize(self, event: Resize) -> None:
        row = self.cursor_row
        self.clear(columns=True)
        self.lay_out(event.size.width - self.styles.scrollbar_size_vertical)
        self.move_cursor(row=row)
