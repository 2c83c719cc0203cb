"""Questions kept to the documents of some time."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, SelectionList, Static

from qa.indexing import update_index
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.sources_screen import SourcesScreen
from tests.fakes import FakeEncoder
from tests.fakes_chat import (
    NARROW,
    QUESTION,
    WIDE,
    Chat,
    ask,
    chat,
    citations,
    notices,
    ready,
    shown,
    state,
    until,
)


@pytest.fixture
def dated(chatty: Settings, corpus: Path) -> Settings:
    """As ``chatty``: two reports of 2020 and 2024, a ferry of 2023, and three without a date."""
    for year in (2020, 2024):
        (corpus / f"report{year}.txt").write_text(
            f"date {year}-03-06\n\nThe lighthouse on Grey Point was painted in {year}.\n",
            encoding="utf-8",
        )
    update_index(chatty, FakeEncoder())
    return chatty


def said(app: ChatApp) -> str:
    """What the box for dates says under what is typed."""
    return str(app.screen.query_one("#said", Static).content)


async def keep_to(pilot: Chat, typed: str) -> None:
    """Open the box as the command palette does, type, and press enter."""
    app = pilot.app
    assert isinstance(app, ChatApp)
    commands = {command.title: command for command in app.get_system_commands(app.screen)}
    commands["Restrict to dates"].callback()
    await until(pilot, lambda: app.screen.query("#dates"))
    app.screen.query_one("#dates", Input).value = typed
    await pilot.press("enter")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_questions_can_be_kept_to_the_documents_of_some_time(
    dated: Settings, size: tuple[int, int]
) -> None:
    app = chat(dated)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await keep_to(pilot, "2023..2024")
        assert shown(app, "#restriction") == ["dated 2023 to 2024 (2 of 6 documents)"]
        await ask(pilot, QUESTION)
        assert shown(app, ".restriction") == ["dated 2023 to 2024 (2 of 6 documents)"]
        assert {citation.file for citation in citations(app)} <= {"ferry.txt", "report2024.txt"}
        await keep_to(pilot, " ")
        assert not app.query_one("#restriction").display


async def test_how_many_documents_that_leaves_is_said_while_it_is_typed(dated: Settings) -> None:
    app = chat(dated)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        app.chat.action_dates()
        await until(pilot, lambda: app.screen.query("#dates") and said(app))
        none = "3 without a date are in no period."
        assert said(app) == f"Nothing typed: all 6 documents are asked. {none}"
        await pilot.press(*"since 2023")
        assert said(app) == f"2 of 6 documents dated 2023 or later. {none}"
        await pilot.press(*"-")
        assert said(app) == ""


async def test_what_is_no_date_or_leaves_nothing_keeps_the_box_open(dated: Settings) -> None:
    app = chat(dated)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await keep_to(pilot, "[bold]soon")
        assert said(app).startswith("“[bold]soon” is no date; type one such as 2024 · ")
        app.screen.query_one("#dates", Input).value = "1999"
        await pilot.press("enter")
        assert said(app).startswith("None of 6 documents dated 1999.")
        await pilot.press("escape")
        assert not app.query_one("#restriction").display


async def test_a_period_of_all_documents_is_no_restriction(chatty: Settings, corpus: Path) -> None:
    for file in [path for path in corpus.rglob("*.txt") if path.name != "ferry.txt"]:
        file.unlink()
    update_index(chatty, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        await keep_to(pilot, "2023")
        await until(
            pilot,
            lambda: notices(app) == ["All documents are dated 2023; all of them are asked."],
        )
        assert not app.query_one("#restriction").display


async def test_the_list_of_sources_marks_the_documents_of_some_time(dated: Settings) -> None:
    app = chat(dated)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await pilot.press("f2", "space", "d")
        await until(pilot, lambda: app.screen.query("#dates"))
        await pilot.press(*"before 2024", "enter")
        await until(pilot, lambda: isinstance(app.screen, SourcesScreen))
        marked = app.screen.query_one(SelectionList).selected
        assert marked == ["ferry.txt", "report2020.txt"]
        await pilot.press("enter")
        assert shown(app, "#restriction") == ["dated 2023 or earlier (2 of 6 documents)"]
        await pilot.press("f2", "space", "enter")  # what is marked by hand is no period any more
        assert shown(app, "#restriction") == ["in 3 of 6 documents"]


async def test_a_period_takes_in_what_is_indexed_later(dated: Settings, corpus: Path) -> None:
    app = chat(dated)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await keep_to(pilot, "2024")
        assert shown(app, "#restriction") == ["dated 2024 (1 of 6 documents)"]
        (corpus / "new.txt").write_text("date 2024-05-06\n\nIt rained.\n", encoding="utf-8")
        await pilot.press("f5")
        await until(pilot, lambda: state(app).startswith("Ready · 7 documents"))
        assert shown(app, "#restriction") == ["dated 2024 (2 of 7 documents)"]
