"""Another folder of documents, opened in the same chat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Static

import qa.tui.app
from qa.conversations import records
from qa.indexing import update_index
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.corpus_screen import CorpusScreen
from qa.tui.turn_view import TurnView
from tests.fakes import FakeEncoder
from tests.fakes_chat import (
    NARROW,
    QUESTION,
    WIDE,
    Chat,
    GatedLoad,
    ask,
    chat,
    citations,
    footer,
    load_fake,
    notices,
    ready,
    shown,
    state,
    until,
)


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Another folder of documents, without an index."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "mill.txt").write_text("The mill of Hale was built in 1790.\n", encoding="utf-8")
    return folder


async def open_box(pilot: Chat) -> None:
    """Open the box as the command palette does."""
    app = pilot.app
    assert isinstance(app, ChatApp)
    await ready(pilot)
    commands = {command.title: command for command in app.get_system_commands(app.screen)}
    commands["Open another folder"].callback()
    await until(pilot, lambda: isinstance(app.screen, CorpusScreen) and app.screen.focused)


async def open_folder(pilot: Chat, folder: Path, index: str | None = None) -> None:
    """Type the folder, and perhaps that of the index, and press enter."""
    await open_box(pilot)
    pilot.app.screen.query_one("#corpus", Input).value = str(folder)
    await pilot.pause()
    if index is not None:
        pilot.app.screen.query_one("#vectors", Input).value = index
    await pilot.press("enter")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_another_folder_is_indexed_and_asked_in_a_new_conversation(
    chatty: Settings, reports: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    app = chat(chatty)
    async with app.run_test(size=size) as pilot:
        await ask(pilot, QUESTION)
        app.chat.restrict(frozenset({"bees.txt"}))
        await open_folder(pilot, reports)
        await until(pilot, lambda: state(app).startswith("Ready · 1 documents"))
        assert not app.query(TurnView)
        assert not app.query_one("#restriction").display
        await ask(pilot, "When was the mill of Hale built?")
        assert [citation.file for citation in citations(app, 1)] == ["mill.txt"]
        index = tmp_path / "vectors-reports"
        assert (app.settings.corpus, app.settings.vectors) == (reports, index)
        assert [record.questions for record in records(index)] == [1]
        assert [record.questions for record in records(chatty.vectors)] == [1]


async def test_an_index_beside_this_one_is_offered(chatty: Settings, reports: Path) -> None:
    other = replace(chatty, corpus=reports, vectors=chatty.vectors.parent / "kept")
    update_index(other, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await open_box(pilot)
        listed = app.screen.query_one(OptionList)
        assert str(listed.get_option_at_index(0).prompt) == f"{reports}  index in kept"
        await pilot.press("tab", "tab", "down", "enter")
        await until(pilot, lambda: state(app).startswith("Ready · 1 documents"))
        assert app.settings.vectors == other.vectors


async def test_a_folder_that_is_not_there_is_said_in_the_box(
    chatty: Settings, tmp_path: Path
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await open_folder(pilot, tmp_path / "[bold]nowhere")
        said = str(app.screen.query_one("#said", Static).content)
        assert said == f"There is no folder {tmp_path}/[bold]nowhere."
        app.screen.query_one("#corpus", Input).value = " "
        await pilot.press("enter")
        said = str(app.screen.query_one("#said", Static).content)
        assert said == "Type the folder of the documents."


async def test_where_the_other_cannot_be_opened_the_old_one_stays(
    chatty: Settings, reports: Path
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ask(pilot, QUESTION)
        await open_folder(pilot, reports, str(chatty.vectors))
        await until(pilot, lambda: any("is of the folder" in said for said in notices(app)))
        assert state(app).startswith("Ready · 4 documents")
        assert len(app.query(TurnView)) == 1
        await ask(pilot, "How many bees does a hive hold?")
        assert shown(app, "#turn-1 .answer")
        assert app.settings.corpus == chatty.corpus


async def test_opening_another_folder_can_be_cancelled(chatty: Settings, reports: Path) -> None:
    load = GatedLoad()
    load.gate.set()
    app = ChatApp(chatty, load=load)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        load.gate.clear()
        await open_folder(pilot, reports)
        await until(pilot, lambda: "f6" in footer(app))
        await pilot.press("f6")
        load.gate.set()
        await until(pilot, lambda: any("You cancelled it." in said for said in notices(app)))
        assert state(app).startswith("Ready · 4 documents")
        assert app.settings.corpus == chatty.corpus
        assert not (reports.parent / "vectors-reports").exists()


class ServedChat(ChatApp):
    """The chat as ``qa serve`` runs it."""

    CSS_PATH = str(Path(qa.tui.app.__file__).with_name("app.tcss"))
    is_web = True


async def test_in_a_browser_no_other_folder_of_the_server_is_offered(
    chatty: Settings,
) -> None:
    app = ServedChat(chatty, load=load_fake)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert "Settings" in titles
        assert "Open another folder" not in titles
