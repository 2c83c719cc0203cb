"""Tables as lines of text: cells between bars, and a rule below the names of the columns."""

from __future__ import annotations

from collections.abc import Sequence

from qa.formats.extracted import Blocks

__all__ = ["MOST_COLUMNS", "TableLines", "spanned"]

#: A cell that says it spans more columns or rows is a mistake or an attack, and so is a row of more cells
#: for what is spanned.
MOST_SPANNED, MOST_COLUMNS = 50, 200
_BAR = " | "


def spanned(said: str) -> int:
    """How many columns or rows a cell says it spans; 0 where it says no number."""
    return min(int(said), MOST_SPANNED) if said.isdecimal() and len(said) < 9 else 0


class TableLines:
    """Writes the rows of one table, the first after a blank line."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._separator = "\n\n"
        self._names = 0

    def add(self, cells: Sequence[str], *, names: bool) -> None:
        """A row; ``names`` says that its cells name the columns. An empty cell keeps its place."""
        filled = sum(map(bool, cells))
        if not filled:
            return
        if self._names and not names:
            self._line(_BAR.join(["---"] * self._names))
        self._names = len(cells) if names and filled > 1 else 0
        if filled == len(cells):
            self._line(_BAR.join(cells))
        elif filled == 1 and cells[0]:
            self._line(cells[0])
        else:
            self._line(f"| {_BAR.join(cells)} |")

    def _line(self, line: str) -> None:
        self._blocks.add(line, separator=self._separator)
        self._separator = "\n"
