"""The settings in force, and those that can be changed while the chat is open."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from textual.widgets import DataTable, Input, Static

from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.settings_screen import SettingsScreen
from tests.fakes_chat import (
    NARROW,
    QUESTION,
    WIDE,
    Chat,
    GatedLoad,
    ask,
    chat,
    citations,
    load_fake,
    question_box,
    ready,
    shown,
    until,
)


async def open_settings(pilot: Chat) -> DataTable[object]:
    """Open the window as the command palette does."""
    app = pilot.app
    assert isinstance(app, ChatApp)
    commands = {command.title: command for command in app.get_system_commands(app.screen)}
    commands["Settings"].callback()
    await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and app.screen.focused)
    return app.screen.query_one("#settings", DataTable)


async def change(pilot: Chat, name: str, value: str) -> None:
    """Type another value, and press enter."""
    await open_settings(pilot)
    pilot.app.screen.query_one(f"#{name}", Input).value = value
    await pilot.press("enter")


def rows(table: DataTable[object]) -> dict[str, tuple[str, str]]:
    """Value and source of each setting."""
    listed = [table.get_row_at(row) for row in range(table.row_count)]
    return {str(name): (str(value), str(source)) for name, value, source in listed}


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_every_setting_is_shown_with_its_source(
    chatty: Settings, size: tuple[int, int]
) -> None:
    sources = {"citations": "qa.toml", "corpus": "--corpus"}
    app = ChatApp(replace(chatty, threshold=None), load=load_fake, sources=sources)
    async with app.run_test(size=size) as pilot:
        table = await open_settings(pilot)
        listed = rows(table)
        assert list(listed) == [field.name for field in fields(Settings)]
        assert listed["citations"] == ("3", "qa.toml")
        assert listed["corpus"] == (str(chatty.corpus), "--corpus")
        assert listed["threshold"] == ("as calibrated", "")
        boxes = [app.screen.query_one(f"#{name}") for name in ("threshold", "citations")]
        await until(pilot, lambda: all(app.screen.can_view_entire(box) for box in boxes))
        await pilot.press("pagedown")
        await until(pilot, lambda: table.scroll_offset.y > 0)
        await pilot.press("pageup")
        await until(pilot, lambda: table.scroll_offset.y == 0)
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_the_threshold_holds_from_the_next_question_on(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        assert shown(app, ".answer")
        await change(pilot, "threshold", "1")
        await ask(pilot, QUESTION)
        assert shown(app, "#turn-1 .no-answer")
        assert rows(await open_settings(pilot))["threshold"] == ("1.0", "this chat")
        await pilot.press("escape")
        await change(pilot, "threshold", "0")
        await ask(pilot, QUESTION)
        assert shown(app, "#turn-2 .answer")


async def test_the_number_of_citations_holds_from_the_next_question_on(repeated: Settings) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await change(pilot, "citations", "1")
        await ask(pilot, QUESTION)
        assert (len(citations(app, 0)), len(citations(app, 1))) == (3, 1)


async def test_a_change_before_the_models_are_there_is_not_lost(repeated: Settings) -> None:
    load = GatedLoad()
    app = ChatApp(repeated, load=load)
    async with app.run_test(size=WIDE) as pilot:
        await change(pilot, "citations", "1")
        question_box(app).value = QUESTION
        await pilot.press("escape", "enter")
        load.gate.set()
        await until(pilot, lambda: app.query(".citation"))
        assert len(citations(app)) == 1


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("threshold", "1.5", "threshold must lie between 0 and 1"),
        ("threshold", "nan", "threshold must lie between 0 and 1"),
        ("threshold", "high", "threshold must be a number, not 'high'"),
        ("citations", "0", "citations must be at least 1"),
        ("citations", "", "citations must be a whole number, not ''"),
    ],
)
async def test_a_value_out_of_range_is_refused(
    chatty: Settings, name: str, value: str, why: str
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await change(pilot, name, value)
        assert isinstance(app.screen, SettingsScreen)
        assert why in str(app.screen.query_one("#said", Static).content)
