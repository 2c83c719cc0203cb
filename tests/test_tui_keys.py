"""Every key of the chat, with and without the focus in the question box."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.widgets import DataTable, Input, OptionList

from qa.indexing import update_index
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.dialogue import Dialogue
from qa.tui.keys import CHAT_KEYS
from qa.tui.source import SourceText
from qa.tui.turn_view import TurnView
from tests.fakes import FakeEncoder
from tests.fakes_chat import (
    NARROW,
    QUESTION,
    WIDE,
    FakeEditor,
    GatedLoad,
    ask,
    chat,
    chosen,
    citations,
    footer,
    highlighted,
    load_fake,
    notices,
    question_box,
    ready,
    shown,
    until,
)
from tests.written_files import WRITERS


async def test_keys_move_between_citations_round_and_round(repeated: Settings) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        assert len(citations(app)) == 3
        assert chosen(app) == [1]
        await pilot.press("ctrl+n")
        assert chosen(app) == [2]
        assert app.query_one(SourceText).shown_text == citations(app)[1].quote
        await pilot.press("ctrl+b", "ctrl+b")
        assert chosen(app) == [3]
        await pilot.press("ctrl+n")
        assert chosen(app) == [1]


async def test_digits_choose_a_citation_outside_the_question_box(repeated: Settings) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("ctrl+s", "2")
        assert chosen(app) == [2]
        await pilot.press("9", "p")
        assert chosen(app) == [1]
        await pilot.press("n", "escape", "7")
        assert chosen(app) == [2]
        assert app.query_one("#question", Input).value == "7"


async def test_escape_returns_to_the_question_box(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+s")
        assert not app.query_one("#question", Input).has_focus
        await pilot.press("escape")
        assert app.query_one("#question", Input).has_focus


async def test_a_letter_that_is_no_shortcut_begins_a_question(settings: Settings) -> None:
    app = chat(settings)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("tab")
        assert not app.query_one("#question", Input).has_focus
        await pilot.press("W", "h", "o")
        assert app.query_one("#question", Input).value == "Who"


async def test_a_narrow_terminal_shows_one_pane_at_a_time(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=NARROW) as pilot:
        await ask(pilot, QUESTION)
        dialogue, source = app.query_one("Dialogue"), app.query_one("SourcePane")
        assert (dialogue.display, source.display) == (True, False)
        await pilot.press("ctrl+s")
        assert (dialogue.display, source.display) == (False, True)
        await until(pilot, lambda: highlighted(app))
        assert highlighted(app) == citations(app)[0].quote
        await pilot.press("ctrl+s")
        assert (dialogue.display, source.display) == (True, False)


async def test_a_wide_terminal_shows_both_panes_and_resizing_changes_that(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        dialogue, source = app.query_one("Dialogue"), app.query_one("SourcePane")
        assert (dialogue.display, source.display) == (True, True)
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: not source.display)
        assert dialogue.display


async def test_in_the_question_box_every_printable_key_is_text(repeated: Settings) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press(*"yYonp?/%12")
        assert question_box(app).value == "yYonp?/%12"
        assert chosen(app) == [1]
        assert len(app.screen_stack) == 1


async def test_tab_goes_from_pane_to_pane_and_back(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        panes = [app.query_one("#question"), app.query_one("Dialogue"), app.query_one(SourceText)]
        for pane in [*panes[1:], panes[0]]:
            await pilot.press("tab")
            assert app.focused is pane
        for pane in [panes[2], panes[1], panes[0]]:
            await pilot.press("shift+tab")
            assert app.focused is pane


async def test_on_a_narrow_terminal_tab_turns_the_page(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=NARROW) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("tab", "tab")
        assert app.query_one("SourcePane").display
        await until(pilot, lambda: highlighted(app) == citations(app)[0].quote)
        await pilot.press("tab")
        assert app.query_one("Dialogue").display
        assert question_box(app).has_focus


async def test_y_copies_the_quote_on_show_with_its_citation(repeated: Settings) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("tab", "y")
        first = citations(app)[0]
        assert app.clipboard == f"“{first.quote}” ({first.title}, {first.file}:{first.line})"
        await pilot.press("2", "y")
        assert app.clipboard.endswith(f"{citations(app)[1].file}:{first.line})")


async def test_capital_y_copies_the_reply_as_markdown(repeated: Settings) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("tab", "Y")
        assert app.clipboard.startswith(f"## {QUESTION}\n")
        assert f"3. {citations(app)[2].title}" in app.clipboard


async def test_there_is_nothing_to_copy_open_or_search_before_an_answer(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("tab", "y", "Y", "o", "/", "n", "p", "1", "f3", "shift+up")
        assert app.clipboard == ""
        await until(pilot, lambda: len(notices(app)) == 5)


async def test_o_opens_the_file_in_the_editor_at_the_line(chatty: Settings, corpus: Path) -> None:
    editor = FakeEditor()
    app = ChatApp(chatty, load=load_fake, environment={"EDITOR": "true -x"}, run_editor=editor)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("tab", "o")
        assert editor.commands == [["true", "-x", str(corpus / "lighthouse.txt")]]


async def test_o_opens_what_is_no_text_as_the_system_does(chatty: Settings, corpus: Path) -> None:
    (corpus / "report.pdf").write_bytes(WRITERS[".pdf"]())
    update_index(chatty, FakeEncoder())
    editor = FakeEditor()
    environment = {"EDITOR": "true", "PATH": os.environ["PATH"]}
    app = ChatApp(chatty, load=load_fake, environment=environment, run_editor=editor)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ask(pilot, "By how much did exports of wool grow in 2023 for the harbour master?")
        assert citations(app)[0].file == "report.pdf"
        assert "report.pdf, page 2" in shown(app, "#source-title")[0]
        await pilot.press("tab", "o")
        await until(pilot, lambda: any("no display to open it on" in said for said in notices(app)))
        assert editor.commands == []


@pytest.mark.parametrize(
    ("environment", "code", "notice"),
    [
        ({}, 0, "$EDITOR is not set"),
        ({"EDITOR": "no-such-editor"}, 0, "no-such-editor, which is not installed"),
        ({"EDITOR": "true"}, 3, "true ended with exit code 3"),
    ],
    ids=["unset", "missing", "failing"],
)
async def test_an_editor_that_cannot_open_the_file_is_a_clear_notice(
    chatty: Settings, environment: dict[str, str], code: int, notice: str
) -> None:
    app = ChatApp(chatty, load=load_fake, environment=environment, run_editor=FakeEditor(code))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("tab", "o")
        await until(pilot, lambda: any(notice in said for said in notices(app)))


async def test_a_file_that_is_gone_is_not_opened(chatty: Settings, corpus: Path) -> None:
    editor = FakeEditor()
    app = ChatApp(chatty, load=load_fake, environment={"EDITOR": "true"}, run_editor=editor)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ask(pilot, QUESTION)
        (corpus / "lighthouse.txt").unlink()
        await pilot.press("tab", "o")
        await until(pilot, lambda: any("is no longer there" in said for said in notices(app)))
        assert not editor.commands


async def test_the_arrow_up_brings_back_earlier_questions(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await ask(pilot, "How many bees?")
        await ask(pilot, "How many bees?")
        await pilot.press(*"And", "up")
        assert question_box(app).value == "How many bees?"
        await pilot.press("up", "up")
        assert question_box(app).value == QUESTION
        await pilot.press("down", "down", "down")
        assert question_box(app).value == "And"


async def test_help_lists_every_key(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("tab", "?")
        table = app.screen.query_one("#keys", DataTable)
        keys = " ".join(str(table.get_row_at(row)[0]) for row in range(table.row_count)).split()
        for key in (
            "1-9",
            "n",
            "p",
            "y",
            "Y",
            "o",
            "/",
            "?",
            "tab",
            "↑",
            "ctrl+p",
            "esc",
            "ctrl+q",
        ):
            assert key in keys
        assert len(keys) > len(
            [binding for binding in CHAT_KEYS if isinstance(binding, Binding) and binding.tooltip]
        )
        assert table.max_scroll_x == 0, "what a key does is wrapped and not cut"
        await pilot.press("escape", "f1")
        assert app.screen.query("#keys")
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


@pytest.mark.parametrize("size", [NARROW, (110, 30), WIDE], ids=["narrow", "medium", "wide"])
async def test_the_footer_offers_the_keys_that_work_where_the_focus_is(
    chatty: Settings, size: tuple[int, int]
) -> None:
    app = chat(chatty)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "↑" in footer(app))
        assert {"⏎", "↑", "tab", "f1", "f2", "f3", "esc", "^q", "^p"} <= set(footer(app))
        assert not {"y", "/", "?", "1-9"} & set(footer(app))
        await pilot.press("tab")
        await until(pilot, lambda: "y" in footer(app))
        assert {"1-9", "n", "p", "y", "Y", "o", "/", "?", "tab", "esc", "^q", "^p"} <= set(
            footer(app)
        )
        keys = app.query("FooterKey")
        await until(pilot, lambda: all(app.screen.can_view_entire(key) for key in keys))


async def test_the_command_palette_has_the_commands(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Theme", "Re-index", "Help", "Copy the answer", "Copy as Markdown"} <= titles
        await pilot.press("ctrl+p")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pilot.press(*"Help")
        await until(pilot, lambda: app.screen.query_one(OptionList).highlighted is not None)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#keys"))


FOLLOW_UP = "Who kept it?"


async def test_a_follow_up_says_what_it_was_understood_as(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await ask(pilot, FOLLOW_UP)
        assert len(shown(app, ".understood")) == 1
        understood = shown(app, "#turn-1 .understood")[0]
        assert understood.startswith("understood as: ")
        assert understood.endswith("(u: as typed)")


async def test_one_key_asks_the_question_as_it_was_typed(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ask(pilot, QUESTION)
        await ask(pilot, FOLLOW_UP)
        await pilot.press("ctrl+s", "u")
        await until(pilot, lambda: not app.query(".understood, .waiting"))
        turn = app.query_one("#turn-1", TurnView).turn
        assert turn.inquiry is not None
        assert turn.inquiry.reply.understood_as is None
        assert turn.inquiry.retrieval.question == FOLLOW_UP
        assert len(app.query(TurnView)) == 2
        assert shown(app, "#turn-1 .question") == [FOLLOW_UP]
        await pilot.press("u")
        await until(pilot, lambda: notices(app) == ["The question was taken as typed."])


async def test_the_reply_to_a_question_asked_as_typed_is_in_view_again(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=(100, 30)) as pilot:
        for question in (QUESTION, QUESTION, FOLLOW_UP):
            await ask(pilot, question)
        await pilot.press("ctrl+s", "u")
        await until(pilot, lambda: not app.query(".understood, .waiting"))
        # The turns were shorter while this one waited.
        reply, dialogue = app.query_one("#turn-2", TurnView), app.query_one(Dialogue)
        await until(pilot, lambda: dialogue.region.contains_region(reply.region))


async def test_a_question_asked_as_typed_keeps_the_documents_it_was_restricted_to(
    repeated: Settings,
) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        app.chat.restrict(frozenset({"lighthouse2.txt"}))
        await ask(pilot, FOLLOW_UP)
        app.chat.restrict(frozenset({"bees.txt"}))
        await pilot.press("ctrl+s", "u")
        await until(pilot, lambda: not app.query(".understood, .waiting"))
        assert {citation.file for citation in citations(app, 1)} == {"lighthouse2.txt"}


async def test_a_follow_up_that_is_typed_before_the_models_are_there_is_understood_too(
    chatty: Settings,
) -> None:
    load = GatedLoad()
    app = ChatApp(chatty, load=load)
    async with app.run_test(size=WIDE) as pilot:
        for question in (QUESTION, FOLLOW_UP):
            question_box(app).value = question
            await pilot.press("escape", "enter")
        load.gate.set()
        await until(pilot, lambda: shown(app, "#turn-1 .understood"))
        assert len(shown(app, ".understood")) == 1
