"""The chat, driven by keys: questions, answers, citations and their source."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from qa.answer import Citation
from qa.errors import IndexStateError, StoreError
from qa.indexing import update_index
from qa.session import list_sources
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.dialogue import CitationLine, Turn
from qa.tui.source import SourceText
from tests.fakes import FakeEncoder
from tests.fakes_chat import (
    Chat,
    GatedEncoder,
    GatedLoad,
    ask,
    highlighted,
    load_fake,
    rendered,
    shown,
    state,
    until,
)

QUESTION = "When was the lighthouse on Grey Point built?"
WIDE, NARROW = (140, 40), (80, 24)


@pytest.fixture
def chatty(settings: Settings) -> Settings:
    """Settings under which every question gets an answer, and an index that is there."""
    update_index(settings, FakeEncoder())
    return replace(settings, threshold=0.0)


@pytest.fixture
def repeated(chatty: Settings, corpus: Path) -> Settings:
    """As ``chatty``, but three files say the same, so that an answer has three citations."""
    text = (corpus / "lighthouse.txt").read_text(encoding="utf-8")
    for copy in ("lighthouse2.txt", "lighthouse3.txt"):
        (corpus / copy).write_text(text, encoding="utf-8")
    update_index(chatty, FakeEncoder())
    return chatty


def chat(settings: Settings) -> ChatApp:
    return ChatApp(settings, load=load_fake)


def citations(app: ChatApp, turn: int = 0) -> tuple[Citation, ...]:
    return app.query_one(f"#turn-{turn}", Turn).citations


def chosen(app: ChatApp) -> list[int]:
    """The numbers of the citations that are marked as the one whose source is shown."""
    return [line.citation.n for line in app.query(".chosen").results(CitationLine)]


async def ready(pilot: Chat) -> None:
    await until(pilot, lambda: state(pilot.app).startswith("Ready"))


async def test_the_window_is_there_before_the_models(chatty: Settings) -> None:
    load = GatedLoad()
    app = ChatApp(chatty, load=load)
    async with app.run_test(size=WIDE) as pilot:
        try:
            await until(pilot, lambda: "Loading the models" in state(app))
            await pilot.press(*"Who?", "enter")
            await until(pilot, lambda: app.query(Turn))
            assert shown(app, ".question") == ["Who?"]
            assert shown(app, ".waiting") == ["…"]
        finally:
            load.gate.set()
        await until(pilot, lambda: app.query(".answer"))
        assert not app.query(".waiting")
        assert state(app).startswith("Ready · 4 documents, ")


async def test_an_answer_shows_its_sentence_confidence_and_numbered_citations(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        first, *rest = citations(app)
        assert shown(app, ".answer") == [first.quote]
        assert shown(app, ".sentence") == [first.sentence_text]
        assert "confidence " in shown(app, ".confidence")[0]
        lines = shown(app, ".citation")
        assert len(lines) == 1 + len(rest)
        assert lines[0].startswith(f"[1] {first.title}")
        assert lines[0].endswith(f"{first.file}:{first.line}")


async def test_the_source_opens_at_the_quote_and_highlights_it(
    chatty: Settings, corpus: Path
) -> None:
    filler = "".join(f"Paragraph {n} says nothing of note.\r\n\r\n" for n in range(200))
    text = f"{filler}\tThe windmill of Tarn was built in 1765 by two brothers.\r\n\r\n{filler}"
    (corpus / "windmill.txt").write_text(text, encoding="utf-8", newline="")
    update_index(chatty, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "When was the windmill of Tarn built by two brothers?")
        citation = citations(app)[0]
        assert citation.file == "windmill.txt"
        await until(pilot, lambda: highlighted(app))
        assert highlighted(app) == citation.quote
        assert app.query_one(SourceText).shown_text == citation.quote
        assert any(f"{citation.line}  " in row and "windmill" in row for row in rendered(app))
        assert f"windmill.txt:{citation.line}" in shown(app, "#source-title")[0]


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


async def test_a_click_on_a_citation_of_an_earlier_turn_shows_its_source(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=(140, 60)) as pilot:
        await ask(pilot, QUESTION)
        await ask(pilot, "How many bees does a hive hold?")
        earlier = app.query_one("#turn-0").query(CitationLine).first()
        await until(pilot, lambda: app.screen.can_view_entire(earlier))
        await pilot.click(earlier)
        await until(pilot, lambda: earlier.has_class("chosen"))
        assert app.query_one(SourceText).shown_text == citations(app)[0].quote
        assert chosen(app) == [1]


async def test_escape_returns_to_the_question_box(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+s")
        assert not app.query_one("#question", Input).has_focus
        await pilot.press("escape")
        assert app.query_one("#question", Input).has_focus


async def test_an_abstention_looks_different_and_says_why(chatty: Settings) -> None:
    app = chat(replace(chatty, threshold=1.0))
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        assert not app.query(".answer")
        assert shown(app, ".no-answer") == ["No answer in these documents"]
        assert "unlikely to answer" in shown(app, ".reason")[0]
        assert shown(app, ".nearest") == ["Nearest passage:"]
        await until(pilot, lambda: highlighted(app))
        assert highlighted(app) == citations(app)[0].quote


async def test_questions_are_answered_in_the_order_they_were_asked(chatty: Settings) -> None:
    load = GatedLoad()
    app = ChatApp(chatty, load=load)
    async with app.run_test(size=WIDE) as pilot:
        for question in ("One?", "Two?", "Three?"):
            app.query_one("#question", Input).value = question
            await pilot.press("enter")
        load.gate.set()
        await until(pilot, lambda: len(app.query(".answer")) == 3)
        assert shown(app, ".question") == ["One?", "Two?", "Three?"]


async def test_a_question_that_is_none_is_refused_and_the_next_is_answered(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("enter")
        assert not app.query(Turn)
        await ask(pilot, "?!")
        await ask(pilot, "x" * 10_000)
        assert [text.split(";")[0] for text in shown(app, ".error")] == [
            "The question is empty",
            "The question has 10,000 characters and 2,000 are allowed",
        ]
        await ask(pilot, QUESTION)
        assert app.query(".answer")


async def test_a_missing_index_is_built_with_progress(settings: Settings) -> None:
    encoder = GatedEncoder()
    app = ChatApp(settings, load=lambda _: encoder)
    async with app.run_test(size=WIDE) as pilot:
        try:
            await until(pilot, lambda: "embedding 3/7" in state(app))
        finally:
            encoder.gate.set()
        await ready(pilot)
        assert "4 documents" in state(app)


async def test_quitting_abandons_an_index_that_is_being_built(settings: Settings) -> None:
    encoder = GatedEncoder()
    app = ChatApp(settings, load=lambda _: encoder)
    try:
        async with app.run_test(size=WIDE) as pilot:
            await until(pilot, lambda: "embedding 3/7" in state(app))
            await pilot.press("ctrl+q")
    finally:
        encoder.gate.set()
    await asyncio.get_running_loop().shutdown_default_executor()  # the worker's thread has ended
    with pytest.raises(IndexStateError):
        list_sources(settings)


async def test_files_that_are_not_as_indexed_are_told_of(chatty: Settings, corpus: Path) -> None:
    (corpus / "bees.txt").write_text("The bees have left.", encoding="utf-8")
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        assert "1 file is not as indexed: f5 re-indexes" in state(app)


async def test_a_session_that_fails_says_so_and_tells_the_shell(chatty: Settings) -> None:
    (chatty.vectors / "store.sqlite").write_bytes(b"damaged " * 1_000)
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.query("StatusBar.failed"))
        assert "is corrupt" in state(app)
        assert "qa index --rebuild" in state(app)
        await ask(pilot, QUESTION)
        assert "is corrupt" in shown(app, ".error")[0]
        await pilot.press("ctrl+q")
    assert isinstance(app.return_value, StoreError)


async def test_questions_asked_before_a_failure_get_the_error(chatty: Settings) -> None:
    load = GatedLoad()
    app = ChatApp(replace(chatty, corpus=chatty.vectors), load=load)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "Who?")
        assert "is of the folder" in shown(app, ".error")[0]


EVIL = "\x1b[31mThe \u202epump [bold]of[/bold] Sel \x9b2Jwas\x07 built in 1799."


async def test_what_a_document_tries_is_shown_as_text(chatty: Settings, corpus: Path) -> None:
    (corpus / "a[red]evil.txt").write_text(f"{EVIL}\n", encoding="utf-8")
    update_index(chatty, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "When was the [blink]pump of Sel built?")
        assert shown(app, ".question") == ["When was the [blink]pump of Sel built?"]
        everything = "".join([*shown(app, "Static"), *rendered(app)])
        assert "[bold]of[/bold]" in shown(app, ".sentence")[0]
        assert "a[red]evil.txt" in everything
        assert any("[bold]of[/bold]" in row for row in rendered(app))
        assert not set("\x1b\u202e\x9b\x07") & set(everything)
        assert highlighted(app) == citations(app)[0].quote


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


async def test_a_letter_that_is_no_shortcut_begins_a_question(settings: Settings) -> None:
    app = chat(settings)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("tab")
        assert not app.query_one("#question", Input).has_focus
        await pilot.press("W", "h", "o")
        assert app.query_one("#question", Input).value == "Who"
