"""Asks for another folder of documents, and for the folder of its index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from qa.errors import QAError, UsageError
from qa.neighbours import NeighbourIndex, suggested_folder
from qa.roots import Corpus, corpus_words
from qa.settings import Settings, typed_setting
from qa.text import displayable
from qa.tui.question import TextBox

__all__ = ["CorpusScreen"]


class CorpusScreen(ModalScreen[Settings | None]):
    """Returns the settings with another corpus and its index, or ``None`` to leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "open", priority=True),
        Binding("tab", "app.focus_next", "next", key_display="tab"),
        Binding("escape", "dismiss(None)", "leave it"),
    ]

    def __init__(self, settings: Settings, known: Sequence[NeighbourIndex]) -> None:
        super().__init__()
        self._settings = settings
        self._known = known
        self._suggested = ""

    def compose(self) -> ComposeResult:
        box = Vertical(classes="window form")
        box.border_title = "Open another folder"
        with box:
            for name, label in (("corpus", "documents in"), ("vectors", "their index in")):
                with Horizontal(classes="field"):
                    yield Label(label)
                    yield TextBox(id=name, placeholder="a folder", compact=True)
            yield Static(id="said")
            if self._known:
                yield Static(Content("Indexed beside this one (tab):"), classes="hint")
                yield OptionList(*(Option(_described(known)) for known in self._known))
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#corpus").focus()

    @on(Input.Changed, "#corpus")
    def _suggest(self, event: Input.Changed) -> None:
        """Say where the index would lie, until the person has said otherwise."""
        event.stop()
        box = self.query_one("#vectors", Input)
        if box.value == self._suggested:
            self._suggested = self._suggestion(event.value)
            box.value = self._suggested

    def _suggestion(self, typed: str) -> str:
        try:
            corpus = typed_setting("corpus", typed)
            is_folder = bool(typed.strip()) and corpus.is_dir()
            return str(suggested_folder(corpus, self._settings.vectors)) if is_folder else ""
        except (QAError, OSError, ValueError):  # what is being typed is no path yet
            return ""

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        """Open what was typed, or the one that is highlighted."""
        if isinstance(self.focused, OptionList):
            if self.focused.highlighted is not None:
                known = self._known[self.focused.highlighted]
                self._open(known.corpus, known.folder)
            return
        typed = self.query_one("#corpus", Input).value.strip()
        index = self.query_one("#vectors", Input).value.strip() or self._suggestion(typed)
        try:
            self._open(_folder(typed), typed_setting("vectors", index))
        except (QAError, OSError, ValueError) as error:
            said = Content.styled(displayable(str(error)), "$text-error")
            self.query_one("#said", Static).update(said)

    def _open(self, corpus: Corpus, index: Path) -> None:
        self.dismiss(replace(self._settings, corpus=corpus, vectors=index))


def _folder(typed: str) -> Path:
    if not typed:
        raise UsageError("Type the folder of the documents.")
    folder: Path = typed_setting("corpus", typed)
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")
    return folder


def _described(known: NeighbourIndex) -> Content:
    return Content.assemble(
        displayable(corpus_words(known.corpus)),
        (f"  index in {displayable(known.folder.name)}", "$text-muted"),
    )
