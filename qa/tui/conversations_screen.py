"""The conversations that are kept: one is opened, or deleted once that is confirmed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, OptionList
from textual.widgets.option_list import Option

from qa.conversations import ConversationRecord
from qa.roots import corpus_words
from qa.text import displayable
from qa.tui.question import TextBox

__all__ = ["ConversationsScreen"]

Deletion = Callable[[ConversationRecord], Awaitable[bool]]
"""Deletes a conversation once that is confirmed; false if it is there still."""


class ConversationsScreen(ModalScreen[int | None]):
    """Returns the number of the conversation to open, or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Shown here, done by the list itself; in the box it opens the one that is highlighted.
        Binding("enter", "open", "open", priority=True),
        Binding("delete,d", "delete", "delete", key_display="del"),
        Binding("slash", "find", "find", key_display="/"),
        Binding("down", "to_list", show=False),
        Binding("escape", "dismiss(None)", "leave it"),
    ]

    def __init__(
        self,
        records: Sequence[ConversationRecord],
        corpus: str,
        current: int | None,
        delete: Deletion,
    ) -> None:
        super().__init__()
        self._records = list(records)
        self._corpus = corpus
        self._current = current
        self._delete = delete

    def compose(self) -> ComposeResult:
        with Vertical(classes="window"):
            yield TextBox(
                placeholder="/ finds words of the first question", id="filter", compact=True
            )
            yield OptionList()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._show()
        self._list.focus()

    @on(Input.Changed, "#filter")
    def _show(self) -> None:
        """List the conversations in whose names all words of the box occur."""
        count, place = len(self._records), self._list.highlighted
        noun = "conversation" if count == 1 else "conversations"
        self.query_one(".window").border_title = f"{count:,} {noun}"
        wanted = self.query_one("#filter", Input).value.casefold().split()
        self._list.clear_options()
        self._list.add_options(
            Option(self._described(record), str(record.id))
            for record in self._records
            if all(word in record.name.casefold() for word in wanted)
        )
        if self._list.option_count:
            self._list.highlighted = min(place or 0, self._list.option_count - 1)

    def action_find(self) -> None:
        """To the box that narrows the list."""
        self.set_focus(self.query_one("#filter"))

    def action_to_list(self) -> None:
        """From the box to the list."""
        self.set_focus(self._list)

    def action_open(self) -> None:
        """Open the conversation that is highlighted."""
        record = self._highlighted
        if record is not None:
            self.dismiss(record.id)

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.action_open()

    @work
    async def action_delete(self) -> None:
        """Delete the conversation that is highlighted, once that is confirmed."""
        record = self._highlighted
        if record is None or not await self._delete(record):
            return
        self._records.remove(record)
        if self._records:
            self._show()
        else:
            self.dismiss(None)

    @property
    def _highlighted(self) -> ConversationRecord | None:
        place = self._list.highlighted
        if place is None:
            return None
        id_ = self._list.get_option_at_index(place).id
        return next(record for record in self._records if str(record.id) == id_)

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    def _described(self, record: ConversationRecord) -> Content:
        asked = record.last_asked.astimezone().strftime("%Y-%m-%d %H:%M")
        count = f"{record.questions:>4,} {'question ' if record.questions == 1 else 'questions'}"
        remark = "open now: " if record.id == self._current else ""
        about = f"  about {corpus_words(record.corpus)}" if record.corpus != self._corpus else ""
        return Content.assemble(
            (f"{record.id:>4}  {asked} {count}  ", "$text-muted"),
            (remark, "italic"),
            displayable(record.name),
            (displayable(about), "$text-muted"),
        )
