"""The documents of the index; those that are marked are the ones that questions keep to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Footer, Input, SelectionList
from textual.widgets.selection_list import Selection

from qa.text import displayable
from qa.tui.dates_screen import DatesScreen
from qa.tui.question import TextBox
from qa.tui.restriction import Restriction

if TYPE_CHECKING:
    from qa.schema import DocumentRecord

__all__ = ["SourcesScreen"]

#: The list shows a longer title cut.
LONGEST_TITLE = 50


class _DocumentList(SelectionList[str]):
    """A list in which the sign of a mark tells too, and not its colour alone."""

    def render_line(self, y: int) -> Strip:
        line = super().render_line(y)
        at = self.scroll_offset.y + y
        if at >= self.option_count or self.get_option_at_index(at).value in self.selected:
            return line
        before, mark, *rest = line
        return Strip([before, Segment(" " * mark.cell_length, mark.style), *rest])


class SourcesScreen(ModalScreen[Restriction | None]):
    """Returns the marked documents, or ``None`` if nothing shall change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the list's own enter, which would mark a document as space does.
        Binding("enter", "choose", "ask only these", priority=True),
        Binding("a", "toggle_all", "all or none"),
        Binding("d", "dates", "dates"),
        Binding("slash", "find", "find", key_display="/"),
        Binding("down", "to_list", show=False),
        Binding("escape", "dismiss(None)", "leave it"),
    ]

    def __init__(self, records: Sequence[DocumentRecord], chosen: Restriction | None) -> None:
        super().__init__()
        self._records = records
        self._marked = set(chosen.files if chosen is not None else ())
        self._dated = chosen

    def compose(self) -> ComposeResult:
        passages = sum(record.passages for record in self._records)
        box = Vertical(classes="window")
        box.border_title = f"{len(self._records):,} documents, {passages:,} passages"
        with box:
            yield TextBox(placeholder="/ finds titles, dates and files", id="filter", compact=True)
            yield _DocumentList(*self._selections(""))
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._list.focus()
        self._count()

    @on(SelectionList.SelectionToggled)
    def _mark(self, event: SelectionList.SelectionToggled[str]) -> None:
        self._marked ^= {event.selection.value}
        self._count()

    def _count(self) -> None:
        """Say in words what the marks say."""
        marked = f"{len(self._marked):,} marked" if self._marked else "none marked: all are asked"
        self.query_one(".window").border_subtitle = f"space marks · {marked}"

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, words: str) -> None:
        self._list.clear_options()
        self._list.add_options(self._selections(words))

    def action_find(self) -> None:
        """To the box that narrows the list."""
        self.set_focus(self.query_one("#filter"))

    def action_to_list(self) -> None:
        """From the box to the list."""
        self.set_focus(self._list)
        if self._list.highlighted is None:
            self._list.action_first()

    def action_choose(self) -> None:
        """Keep to the documents that are marked, on show or not."""
        marked = frozenset(self._marked)
        unchanged = self._dated is not None and self._dated.files == marked
        self.dismiss(self._dated if unchanged else Restriction(marked))

    def action_dates(self) -> None:
        """Mark the documents of some time, and no others."""
        self.app.push_screen(DatesScreen(self._records), self._mark_dated)

    def _mark_dated(self, chosen: Restriction | None) -> None:
        if chosen is not None:
            self._dated = chosen
            self._marked = set(chosen.files)
            self._show(self.query_one("#filter", Input).value)
            self._count()

    def action_toggle_all(self) -> None:
        """Mark all documents on show, or none if some are marked."""
        if self._marked:
            self._marked.clear()
            self._list.deselect_all()
        else:
            self._list.select_all()
            self._marked.update(self._list.selected)
        self._count()

    def _selections(self, words: str) -> list[Selection[str]]:
        """The documents in which all ``words`` occur."""
        wanted = words.casefold().split()
        return [
            Selection(_described(record), record.file, record.file in self._marked)
            for record in self._records
            if all(word in _searched(record) for word in wanted)
        ]

    @property
    def _list(self) -> SelectionList[str]:
        return self.query_one(SelectionList)


def _searched(record: DocumentRecord) -> str:
    return f"{record.title} {record.date} {record.file}".casefold()


def _described(record: DocumentRecord) -> Content:
    day = record.date.isoformat() if record.date is not None else "no date   "
    count = f"{record.passages:>5,} {'passage ' if record.passages == 1 else 'passages'}"
    title = displayable(record.title).replace("\n", " ")
    # So that the file's name stands beside it on most terminals.
    short = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
    return Content.assemble(
        (f"{day} {count}  ", "$text-muted"),
        short,
        (f"  {displayable(record.file)}", "$text-muted"),
    )
