"""The models and the index behind the screen: loading, indexing, cancelling, failing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input, ProgressBar

from qa.errors import IndexStateError, StoreError
from qa.session import index_exists, list_sources
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.dialogue import Dialogue
from qa.tui.turn_view import TurnView
from tests.fakes import FakeEncoder
from tests.fakes_chat import (
    QUESTION,
    WIDE,
    GatedEncoder,
    GatedLoad,
    ask,
    chat,
    citations,
    footer,
    notices,
    ready,
    shown,
    state,
    until,
)


async def test_a_missing_index_is_built_with_progress(settings: Settings) -> None:
    encoder = GatedEncoder()
    app = ChatApp(settings, load=lambda _: encoder)
    async with app.run_test(size=WIDE) as pilot:
        try:
            await until(pilot, lambda: "embedding 3/" in state(app))
        finally:
            encoder.gate.set()
        await ready(pilot)
        assert "4 documents" in state(app)


async def test_quitting_abandons_an_index_that_is_being_built(settings: Settings) -> None:
    encoder = GatedEncoder()
    app = ChatApp(settings, load=lambda _: encoder)
    try:
        async with app.run_test(size=WIDE) as pilot:
            await until(pilot, lambda: "embedding 3/" in state(app))
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


async def test_the_window_is_there_before_the_models(chatty: Settings) -> None:
    load = GatedLoad()
    app = ChatApp(chatty, load=load)
    async with app.run_test(size=WIDE) as pilot:
        try:
            await until(pilot, lambda: "Loading the models" in state(app))
            await pilot.press(*"Who?", "enter")
            await until(pilot, lambda: app.query(TurnView))
            assert shown(app, ".question") == ["Who?"]
            assert shown(app, ".waiting") == ["…"]
        finally:
            load.gate.set()
        await until(pilot, lambda: app.query(".answer"))
        assert not app.query(".waiting")
        assert state(app).startswith("Ready · 4 documents, ")


async def test_what_comes_while_the_turn_is_being_built_is_shown_once(chatty: Settings) -> None:
    load = GatedLoad()
    app = ChatApp(chatty, load=load)
    async with app.run_test(size=WIDE) as pilot:
        dialogue = app.query_one(Dialogue)
        adding = asyncio.create_task(dialogue.add_turn("Who?"))
        while (turn := dialogue.turn(0)) is None or turn.view is None:
            await asyncio.sleep(0)
        assert not turn.view.children
        await turn.show_error(StoreError("It is gone."))
        await adding
        await until(pilot, lambda: shown(app, "#turn-0 .error"))
        assert shown(app, "#turn-0 Static") == ["Who?", "It is gone."]
        load.gate.set()


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


async def test_a_cancelled_first_build_loses_neither_questions_nor_the_chance_to_build(
    settings: Settings,
) -> None:
    encoder = GatedEncoder()
    app = ChatApp(replace(settings, threshold=0.0), load=lambda _: encoder)
    async with app.run_test(size=WIDE) as pilot:
        try:
            await until(pilot, lambda: "embedding 3/" in state(app))
            assert app.query_one(ProgressBar).display
            assert app.query_one(ProgressBar).percentage == pytest.approx(3 / 19)
            await pilot.press(*"When?", "enter", "f6")
        finally:
            encoder.gate.set()
        await until(pilot, lambda: "f5 builds it" in state(app))
        assert not app.query_one(ProgressBar).display
        assert not index_exists(settings.vectors)
        await pilot.press("f5")
        await until(pilot, lambda: app.query(".answer"))
        assert shown(app, ".question") == ["When?"]


@pytest.fixture
def grown(chatty: Settings, corpus: Path) -> Settings:
    """As ``chatty``, with a file that has been added since."""
    (corpus / "windmill.txt").write_text("The windmill was built in 1765.", encoding="utf-8")
    return chatty


async def test_the_index_is_brought_up_to_date_in_the_background(grown: Settings) -> None:
    app = chat(grown)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: state(app).startswith("Ready · 5 documents"))
        assert any("1 new" in notice for notice in notices(app))
        await ask(pilot, "When was the windmill built?")
        assert citations(app)[0].file == "windmill.txt"


async def test_questions_are_answered_while_the_index_is_brought_up_to_date(
    grown: Settings,
) -> None:
    gated = GatedEncoder()
    loaded = iter([FakeEncoder(), gated])
    app = ChatApp(grown, load=lambda _: next(loaded))
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        try:
            await pilot.press("f5")
            await until(
                pilot, lambda: "embedding 3/" in state(app) and "… (f6 cancels)" in state(app)
            )
            await ask(pilot, QUESTION)
            assert citations(app)[0].file == "lighthouse.txt"
            assert "embedding 3/" in state(app)
        finally:
            gated.gate.set()
        await until(pilot, lambda: state(app).startswith("Ready · 5 documents"))


async def test_a_cancelled_update_leaves_the_index_as_it_was(grown: Settings) -> None:
    gated = GatedEncoder()
    loaded = iter([FakeEncoder(), gated])
    app = ChatApp(grown, load=lambda _: next(loaded))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        assert "f6" not in footer(app)
        try:
            await pilot.press("f5")
            await until(pilot, lambda: "embedding 3/" in state(app))
            await until(pilot, lambda: "f6" in footer(app))
            await pilot.press("f5", "f6")
        finally:
            gated.gate.set()
        await ready(pilot)
        said = "The index is as it was."
        await until(pilot, lambda: any(said in notice for notice in notices(app)))
        assert len(list_sources(grown)) == 4
        await ask(pilot, QUESTION)
        assert app.query(".answer")


async def test_an_update_that_fails_says_so_and_the_session_goes_on(
    chatty: Settings, corpus: Path
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        for path in sorted(corpus.rglob("*.txt")):
            path.write_text("", encoding="utf-8")
        await pilot.press("f5")
        await until(pilot, lambda: any("holds no text" in notice for notice in notices(app)))
        await ask(pilot, QUESTION)
        assert app.query(".answer")


async def test_a_corrupt_index_can_be_built_anew_from_the_palette(chatty: Settings) -> None:
    (chatty.vectors / "store.sqlite").write_bytes(b"damaged " * 1_000)
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.query("StatusBar.failed"))
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        commands["Re-index from scratch"].callback()
        await ready(pilot)
        await ask(pilot, QUESTION)
        assert app.query(".answer")


async def test_a_restriction_to_files_that_are_gone_is_lifted(
    chatty: Settings, corpus: Path
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await pilot.press("f2", "space", "enter")
        assert shown(app, "#restriction") == ["only in bees.txt"]
        (corpus / "bees.txt").unlink()
        await pilot.press("f5")
        await until(pilot, lambda: state(app).startswith("Ready · 3 documents"))
        assert not app.query_one("#restriction").display


def test_the_first_screen_owes_nothing_to_numpy_or_the_models() -> None:
    heavy = ("numpy", "faiss", "torch", "transformers", "qa.session")
    script = f"import sys, qa.tui.app; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == "[]"
