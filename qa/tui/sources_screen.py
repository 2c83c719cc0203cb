"""The documents of the index; those that are chosen are the ones that questions keep to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, SelectionList
from textual.widgets.selection_list import Selection

from qa.text import displayable

if TYPE_CHECKING:
    from qa.schema import DocumentRecord

__all__ = ["SourcesScreen"]

#: The list shows a longer title cut.
LONGEST_TITLE = 50


class SourcesScreen(ModalScreen[frozenset[str] | None]):
    """Returns the chosen files, or ``None`` if nothing shall change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the list's own enter, which would mark a document as space does.
        Binding("enter", "choose", "ask only these", priority=True),
        Binding("a", "toggle_all", "all or none"),
        Binding("escape", "dismiss(None)", "leave it"),
    ]

    def __init__(self, records: Sequence[DocumentRecord], chosen: frozenset[str] | None) -> None:
        super().__init__()
        self._records = records
        self._chosen = chosen if chosen is not None else frozenset()

    def compose(self) -> ComposeResult:
        passages = sum(record.passages for record in self._records)
        box = Vertical(classes="window")
        box.border_title = f"{len(self._records):,} documents, {passages:,} passages"
        box.border_subtitle = "space marks; with none marked all are asked"
        with box:
            yield SelectionList[str](
                *(
                    Selection(_described(record), record.file, record.file in self._chosen)
                    for record in self._records
                )
            )
        yield Footer(compact=True, show_command_palette=False)

    def action_choose(self) -> None:
        """Keep to the documents that are marked."""
        self.dismiss(frozenset(self._list.selected))

    def action_toggle_all(self) -> None:
        """Mark all, or none if some are marked."""
        if self._list.selected:
            self._list.deselect_all()
        else:
            self._list.select_all()

    @property
    def _list(self) -> SelectionList[str]:
        return self.query_one(SelectionList)


def _described(record: DocumentRecord) -> Content:
    day = record.date.isoformat() if record.date is not None else "no date   "
    count = f"{record.passages:>5,} {'passage ' if record.passages == 1 else 'passages'}"
    return Content.assemble(
        (f"{day} {count}  ", "$text-muted"),
        _shortened(displayable(record.title).replace("\n", " ")),
        (f"  {displayable(record.file)}", "$text-muted"),
    )


def _shortened(title: str) -> str:
    """So that the file's name stands beside it on most terminals."""
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
