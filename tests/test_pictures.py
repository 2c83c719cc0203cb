"""What the chat looks like, as pictures of the whole screen; ``tests/pictures.py`` says how to renew them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.dialogue import Dialogue
from qa.tui.question import QuestionBox
from tests.conftest import folder_of
from tests.fakes_chat import (
    NARROW,
    QUESTION,
    Chat,
    GatedEncoder,
    chat,
    highlighted,
    ready,
    shown,
    state,
    until,
)
from tests.fakes_reader import FixedCalibrator, open_session
from tests.pictures import compare

SCREEN = (130, 32)

TakePicture = Callable[[Chat, str], Awaitable[None]]


@pytest.fixture
def take(request: pytest.FixtureRequest, tmp_path: Path) -> TakePicture:
    """Compares the screen with the picture of that name."""
    update = bool(request.config.getoption("--update-pictures"))
    return lambda pilot, name: compare(pilot, name, update=update, drawn=tmp_path)


@pytest.fixture
def here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """``settings`` with folders that have the same names on every machine."""
    monkeypatch.chdir(folder_of(settings).parent)
    return replace(settings, corpus=Path("corpus"), vectors=Path("vectors"))


@asynccontextmanager
async def running(app: ChatApp, size: tuple[int, int] = SCREEN) -> AsyncIterator[Chat]:
    """The chat with nothing on the screen that moves by itself."""
    async with app.run_test(size=size) as pilot:
        app.animation_level = "none"
        app.query_one(QuestionBox).cursor_blink = False
        yield pilot


async def show_reply(
    pilot: Chat, settings: Settings, question: str, quotes: dict[str, float], confidence: float
) -> None:
    """A reply that took 120 ms, from a reader that finds ``quotes``."""
    app = pilot.app
    assert isinstance(app, ChatApp)
    with open_session(settings, quotes, FixedCalibrator(confidence)) as session:
        inquiry = session.inquire(question)
    turn = await app.query_one(Dialogue).add_turn(question)
    await app.chat.show_reply(turn.number, inquiry, 120)
    await until(pilot, lambda: "unchanged since indexing" in shown(app, "#source-title")[0])
    if app.query_one("SourcePane").display:
        await until(pilot, lambda: highlighted(app))
    await pilot.pause()


@pytest.fixture
def indexed(here: Settings) -> Settings:
    """``here`` with its index."""
    with open_session(here, {}):
        return here


async def test_empty(indexed: Settings, take: TakePicture) -> None:
    app = chat(indexed)
    async with running(app) as pilot:
        await ready(pilot)
        await take(pilot, "empty")


@pytest.mark.parametrize(("size", "name"), [(SCREEN, "answered"), (NARROW, "narrow")])
async def test_answered(
    indexed: Settings, take: TakePicture, size: tuple[int, int], name: str
) -> None:
    app = chat(indexed)
    async with running(app, size) as pilot:
        await ready(pilot)
        await show_reply(pilot, indexed, QUESTION, {"1871": 6.0}, 0.93)
        await take(pilot, name)


async def test_narrow_source(indexed: Settings, take: TakePicture) -> None:
    app = chat(indexed)
    async with running(app, NARROW) as pilot:
        await ready(pilot)
        await show_reply(pilot, indexed, QUESTION, {"1871": 6.0}, 0.93)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: highlighted(app))
        await take(pilot, "narrow_source")


async def test_abstained(indexed: Settings, take: TakePicture) -> None:
    app = chat(indexed)
    async with running(app) as pilot:
        await ready(pilot)
        await show_reply(pilot, indexed, "Who built the lighthouse?", {"Tomas Lind": 0.5}, 0.08)
        await take(pilot, "abstained")


async def test_disagreement(here: Settings, take: TakePicture) -> None:
    for year, share in ((2020, "11 percent"), (2024, "17 percent")):
        Path("corpus", f"trade{year}.txt").write_text(
            f"date {year}-03-06\n\nTrade between Arland and Borland grew by {share}.\n",
            encoding="utf-8",
        )
    question = "By how much did trade between Arland and Borland grow?"
    quotes = {"17 percent": 6.0, "11 percent": 5.5}
    with open_session(here, {}):
        pass
    app = chat(here)
    async with running(app) as pilot:
        await ready(pilot)
        await show_reply(pilot, here, question, quotes, 0.71)
        await take(pilot, "disagreement")


async def test_indexing(here: Settings, take: TakePicture) -> None:
    # A half, since a bar rounds to its cells by the width it had when it was told.
    encoder = GatedEncoder(2)
    app = ChatApp(replace(here, sentence_vectors=False), load=lambda _: encoder)
    async with running(app) as pilot:
        try:
            await until(pilot, lambda: "embedding 2/4" in state(app))
            await pilot.pause()
            await take(pilot, "indexing")
        finally:
            encoder.gate.set()


async def test_help(indexed: Settings, take: TakePicture) -> None:
    app = chat(indexed)
    async with running(app) as pilot:
        await ready(pilot)
        await pilot.press("f1")
        await pilot.pause()
        await take(pilot, "help")
