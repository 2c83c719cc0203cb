"""A conversation of many turns in the chat: as quick and as whole as a short one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from textual.widgets import Static

from qa.conversations import keep
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.dialogue import Dialogue
from qa.tui.turn_view import TurnView
from tests.conftest import folder_of
from tests.fakes_chat import QUESTION, WIDE, Chat, ask, load_fake, until
from tests.fakes_conversations import kept


@pytest.fixture
def app(repeated: Settings) -> ChatApp:
    """A chat that opens with a conversation of 60 turns."""
    turns = [kept(f"Question {number}?", number=number) for number in range(60)]
    id_ = keep(repeated.vectors, None, str(folder_of(repeated).resolve()), turns)
    return ChatApp(repeated, load=load_fake, resume=id_)


@asynccontextmanager
async def at_its_end(app: ChatApp) -> AsyncIterator[Chat]:
    """The chat with the last turn in view, as it opens."""
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "Question 59?" in questions_in_view(app))
        yield pilot


def questions_in_view(app: ChatApp) -> list[str]:
    pane = app.query_one(Dialogue).content_region
    questions = app.query("TurnView .question").results(Static)
    return [str(q.content) for q in questions if pane.contains_region(q.region)]


async def test_only_the_turns_near_the_view_have_widgets(app: ChatApp) -> None:
    async with at_its_end(app) as pilot:
        assert len(app.query(TurnView)) < 20
        await ask(pilot, QUESTION)
        await until(pilot, lambda: QUESTION in questions_in_view(app))
        assert len(app.query(TurnView)) < 20


def shows_others(app: ChatApp, before: set[str]) -> bool:
    """Questions are in view, and not those of before."""
    return set(questions_in_view(app)) not in (set(), before)


async def test_a_long_conversation_is_scrolled_from_end_to_end(app: ChatApp) -> None:
    async with at_its_end(app) as pilot:
        dialogue = app.query_one(Dialogue)
        dialogue.scroll_home(animate=False)
        await until(pilot, lambda: questions_in_view(app)[:2] == ["Question 0?", "Question 1?"])
        assert len(app.query(TurnView)) < 20
        met = set(questions_in_view(app))
        while dialogue.scroll_y < dialogue.max_scroll_y:
            before = set(questions_in_view(app))
            dialogue.scroll_relative(y=20, animate=False)
            await until(pilot, partial(shows_others, app, before))
            met |= set(questions_in_view(app))
        assert met == {f"Question {number}?" for number in range(60)}


async def test_what_is_in_view_stays_there_while_earlier_turns_get_their_widgets(
    app: ChatApp,
) -> None:
    async with at_its_end(app) as pilot:
        dialogue = app.query_one(Dialogue)
        for _ in range(20):
            before = {
                view.turn.number: view.region.y for view in app.query(TurnView).results(TurnView)
            }
            dialogue.scroll_relative(y=-5, animate=False)
            await pilot.pause()
            await pilot.pause()
            moved = {
                view.region.y - before[view.turn.number]
                for view in app.query(TurnView).results(TurnView)
                if view.turn.number in before
            }
            assert moved == {5}


async def test_keys_reach_a_turn_that_has_no_widgets(app: ChatApp) -> None:
    async with at_its_end(app) as pilot:
        app.query_one(Dialogue).scroll_home(animate=False)
        await until(pilot, lambda: "Question 0?" in questions_in_view(app))
        assert not app.query("#turn-59")
        app.query_one(Dialogue).focus()
        await pilot.press("y")
        assert "1812" in app.clipboard
        await pilot.press("shift+up")
        await until(pilot, lambda: "Question 58?" in questions_in_view(app))
        assert app.query_one("#turn-58").has_class("current")
