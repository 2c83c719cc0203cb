"""The settings in force and where each comes from; two of them can be changed for this chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Input, Label, Static

from qa.errors import UsageError
from qa.settings import SETTINGS_FILE, Settings, typed_setting
from qa.text import displayable
from qa.tui.question import TextBox

__all__ = ["ADJUSTABLE", "SettingsScreen"]

#: What can be changed without opening the index or loading a model again.
ADJUSTABLE = {
    "threshold": "0 to 1; empty: as calibrated",
    "citations": "at most so many for an answer",
}
HINT = (
    f"For good, set them in {SETTINGS_FILE}, in the folder qa is started in, or as a variable: "
    "QA_THRESHOLD=0.4. A flag wins over a variable, a variable over the file. For this chat alone:"
)


class SettingsScreen(ModalScreen[Settings | None]):
    """Returns the settings with what was changed, or ``None`` if nothing shall change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "change for this chat", priority=True),
        Binding("tab,down", "app.focus_next", "next", key_display="tab"),
        Binding("up", "app.focus_previous", show=False),
        Binding("pagedown", "scroll_settings(1)", "more settings", key_display="pgdn"),
        Binding("pageup", "scroll_settings(-1)", show=False),
        Binding("escape", "dismiss(None)", "leave it"),
    ]

    def __init__(self, settings: Settings, sources: Mapping[str, str]) -> None:
        super().__init__()
        self._settings = settings
        self._sources = sources

    def compose(self) -> ComposeResult:
        box = Vertical(classes="window")
        box.border_title = "Settings"
        with box:
            yield DataTable(id="settings", cursor_type="none")
            yield Static(Content(HINT), classes="hint")
            for name, placeholder in ADJUSTABLE.items():
                with Horizontal(classes="field"):
                    yield Label(name)
                    yield TextBox(
                        _shown(getattr(self._settings, name)),
                        placeholder=placeholder,
                        id=name,
                        compact=True,
                    )
            yield Static(id="said")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        table = self.query_one("#settings", DataTable)
        table.can_focus = False  # there is nothing to do in it
        table.add_columns("setting", "value", "comes from")
        for field in fields(self._settings):
            value = _shown(getattr(self._settings, field.name))
            if field.name == "threshold" and not value:
                value = "as calibrated"
            source = self._sources.get(field.name, "")
            table.add_row(field.name, Text(displayable(value)), Text(source))
        self.query_one("#threshold").focus()

    def action_scroll_settings(self, pages: int) -> None:
        """Show the settings that the window has no room for."""
        table = self.query_one("#settings", DataTable)
        table.scroll_relative(y=pages * table.size.height, animate=False)

    def action_choose(self) -> None:
        """Change what was typed."""
        try:
            typed = {
                name: typed_setting(name, self.query_one(f"#{name}", Input).value)
                for name in ADJUSTABLE
            }
            changed = replace(self._settings, **typed)
        except UsageError as error:
            said = Content.styled(displayable(str(error)), "$text-error")
            self.query_one("#said", Static).update(said)
        else:
            self.dismiss(changed)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value) if value is not None else ""
