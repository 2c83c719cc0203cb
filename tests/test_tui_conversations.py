"""Conversations in the chat: kept as they are held, reopened, exported and deleted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.message import Message
from textual.widgets import OptionList, Static

from qa.conversations import CONVERSATIONS_FILE, keep, load, records
from qa.errors import StoreError
from qa.indexing import update_index
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.confirm_screen import ConfirmScreen
from qa.tui.conversations_screen import ConversationsScreen
from qa.tui.dialogue import Dialogue
from qa.tui.messages import (
    CorpusNotOpened,
    Failed,
    IndexingStopped,
    IndexMissing,
    SessionReady,
)
from qa.tui.source import SourceText
from qa.tui.turn_view import TurnView
from tests.conftest import folder_of
from tests.fakes import FakeEncoder
from tests.fakes_chat import (
    NARROW,
    QUESTION,
    WIDE,
    Chat,
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
    state,
    until,
)
from tests.fakes_conversations import ABSTAINED, EVIL, MILL, kept

FERRY = "Why did the ferry between Karsund and Hale stop sailing?"


def resumed(settings: Settings, id_: int) -> ChatApp:
    """A chat that opens with a conversation that was kept."""
    return ChatApp(settings, load=load_fake, resume=id_)


async def held(settings: Settings, *questions: str) -> int:
    """Hold a conversation, leave, and return the number under which it is kept."""
    app = chat(settings)
    async with app.run_test(size=WIDE) as pilot:
        for question in questions:
            await ask(pilot, question)
    assert app.kept_as is not None
    return app.kept_as


def id_of(app: ChatApp) -> int | None:
    """The conversation that the chat is kept as."""
    return app.kept_as


async def command(pilot: Chat, title: str) -> None:
    """What choosing a command of the palette does."""
    app = pilot.app
    commands = {command.title: command for command in app.get_system_commands(app.screen)}
    commands[title].callback()
    await pilot.pause()


async def turns_shown(pilot: Chat, count: int) -> None:
    await until(pilot, lambda: len(pilot.app.query(TurnView)) == count)
    await pilot.pause()


async def picker(pilot: Chat) -> None:
    """Open the list of conversations."""
    await pilot.press("f4")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConversationsScreen))
    await pilot.pause()


def listed(app: ChatApp) -> list[str]:
    """The rows of the list of conversations."""
    options = app.screen.query_one(OptionList).options
    return [" ".join(str(option.prompt).split()) for option in options]


def described(screen: Sequence[str], *words: str) -> bool:
    return len(screen) == len(words) and all(w in row for w, row in zip(words, screen, strict=True))


async def test_each_turn_is_on_the_disk_when_it_is_shown(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        assert app.kept_as is None
        await ask(pilot, QUESTION)
        (record,) = records(chatty.vectors)
        assert (record.name, record.questions) == (QUESTION, 1)
        assert record.id == app.kept_as
        await ask(pilot, FERRY)
        (record,) = records(chatty.vectors)
        assert record.questions == 2
        assert app.query_one(Dialogue).border_title == f"conversation {record.id}"
    assert record.corpus == str(folder_of(chatty).resolve())


async def test_what_was_no_question_is_not_kept(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "?!")
        assert app.query(".error")
    assert records(chatty.vectors) == []
    assert app.kept_as is None


def dialogue_rows(app: ChatApp) -> list[str]:
    """Every text of the dialogue, in its order."""
    return shown(app, "TurnView Static")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_a_reopened_conversation_shows_every_turn_as_it_was(
    repeated: Settings, size: tuple[int, int]
) -> None:
    id_ = await held(repeated, QUESTION)
    app = resumed(replace(repeated, threshold=1.0), id_)
    async with app.run_test(size=size) as pilot:
        await turns_shown(pilot, 1)
        await ask(pilot, "Who won the cup?")
        before = dialogue_rows(app)
        assert app.query(".answer")
        assert app.query(".no-answer")
    app = resumed(repeated, id_)
    async with app.run_test(size=size) as pilot:
        await turns_shown(pilot, 2)
        await until(pilot, lambda: dialogue_rows(app) == before)
        assert question_box(app).has_focus
        last, pane = app.query_one("#turn-1", TurnView), app.query_one(Dialogue).content_region
        await until(pilot, lambda: pane.y <= last.region.y < pane.bottom)


async def test_its_citations_are_chosen_with_the_same_keys(repeated: Settings) -> None:
    id_ = await held(repeated, QUESTION)
    app = resumed(repeated, id_)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: chosen(app) == [1])
        await until(pilot, lambda: highlighted(app))
        assert highlighted(app) == citations(app)[0].quote
        await pilot.press("ctrl+n")
        assert chosen(app) == [2]
        second = citations(app)[1]
        await until(pilot, lambda: second.file in shown(app, "#source-title")[0])
        assert app.query_one(SourceText).shown_text == second.quote
        await until(pilot, lambda: "unchanged since indexing" in shown(app, "#source-title")[0])
        await pilot.press("tab", "Y")
        await until(pilot, lambda: app.clipboard.startswith(f"## {QUESTION}"))
        await pilot.press("f3")
        await until(pilot, lambda: any("is not kept" in notice for notice in notices(app)))


async def test_a_conversation_is_there_before_the_models(chatty: Settings) -> None:
    id_ = await held(chatty, QUESTION)
    load = GatedLoad()
    app = ChatApp(chatty, load=load, resume=id_)
    async with app.run_test(size=WIDE) as pilot:
        try:
            await until(pilot, lambda: shown(app, ".question") == [QUESTION])
            await until(pilot, lambda: highlighted(app) == citations(app)[0].quote)
            await until(pilot, lambda: "Loading the models" in state(app))
        finally:
            load.gate.set()


async def test_what_is_ready_only_when_the_person_has_left_troubles_nobody(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
    late: tuple[Message, ...] = (
        SessionReady((), 0),
        IndexMissing(),
        Failed(StoreError("The disk is full."), None),
        IndexingStopped(None),
        CorpusNotOpened(None),
    )
    for message in late:
        assert getattr(app, message.handler_name)(message) is None


async def test_a_reopened_conversation_goes_on(chatty: Settings) -> None:
    id_ = await held(chatty, QUESTION)
    app = resumed(chatty, id_)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        await pilot.press("up")
        assert question_box(app).value == QUESTION
        await ask(pilot, FERRY)
        await pilot.press("shift+up")
        assert app.query_one("#turn-0", TurnView).has_class("current")
    assert [turn.question for turn in load(chatty.vectors, id_).turns] == [QUESTION, FERRY]


async def test_a_restriction_to_some_documents_is_kept_with_the_question(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await pilot.press("f2", "space", "enter")
        await ask(pilot, "How many bees are there?")
    assert app.kept_as is not None
    app = resumed(chatty, app.kept_as)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        assert shown(app, ".restriction") == ["only in bees.txt"]


async def test_how_a_question_was_understood_is_shown_under_it(chatty: Settings) -> None:
    turn = kept("And why?", MILL, understood_as="Why did the mill burn down?")
    id_ = keep(chatty.vectors, None, str(chatty.corpus), [turn])
    app = resumed(chatty, id_)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        assert shown(app, ".understood") == [
            "understood as: Why did the mill burn down?  (u: as typed)"
        ]


async def test_a_conversation_goes_on_in_the_documents_it_was_restricted_to(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        app.chat.restrict(frozenset({"lighthouse.txt"}))
        await ask(pilot, QUESTION)
        restricted = app.kept_as
        await pilot.press("f4", "escape")
    everywhere = await held(chatty, QUESTION)
    assert restricted is not None
    app = resumed(chatty, restricted)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        assert shown(app, "#restriction") == ["only in lighthouse.txt"]
        await ready(pilot)
        await ask(pilot, FERRY)
        assert {c.file for c in citations(app, 1)} == {"lighthouse.txt"}
        await picker(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.kept_as == everywhere)
        await until(pilot, lambda: not app.query_one("#restriction").display)


async def test_a_restriction_to_what_is_gone_is_not_taken_up_again(chatty: Settings) -> None:
    turn = replace(kept(QUESTION), files=("gone.txt",))
    id_ = keep(chatty.vectors, None, str(folder_of(chatty).resolve()), [turn])
    app = resumed(chatty, id_)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        await ready(pilot)
        await until(pilot, lambda: not app.query_one("#restriction").display)


async def test_a_file_that_has_changed_since_is_said_to_have(chatty: Settings) -> None:
    id_ = await held(chatty, QUESTION)
    (folder_of(chatty) / "lighthouse.txt").write_text("The lighthouse has gone.", encoding="utf-8")
    app = resumed(chatty, id_)
    async with app.run_test(size=WIDE) as pilot:
        # The index holds the text that was quoted.
        await until(pilot, lambda: "changed since indexing" in shown(app, "#source-title")[0])
        assert highlighted(app) == citations(app)[0].quote


async def test_of_a_file_that_was_indexed_anew_the_sentence_is_left(chatty: Settings) -> None:
    id_ = await held(chatty, QUESTION)
    (folder_of(chatty) / "lighthouse.txt").write_text("The lighthouse has gone.", encoding="utf-8")
    update_index(chatty, FakeEncoder())
    app = resumed(chatty, id_)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "changed since indexing" in shown(app, "#source-title")[0])
        (remains,) = shown(app, "#remains")
        assert "is gone" in remains
        assert citations(app)[0].sentence_text in remains
        assert app.query_one("#remains").display
        assert app.query_one(SourceText).text == ""
        await ask(pilot, FERRY)
        await until(pilot, lambda: highlighted(app))
        assert not app.query_one("#remains").display


async def test_what_a_kept_text_tries_is_shown_as_text(chatty: Settings) -> None:
    turn = kept(EVIL, replace(ABSTAINED, question=EVIL, reason=EVIL), understood_as=EVIL)
    id_ = keep(chatty.vectors, None, f"/{EVIL}", [replace(turn, files=(EVIL,))])
    app = resumed(chatty, id_)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        everything = "".join(shown(app, "Static"))
        assert "[bold]x[/]" in shown(app, ".question")[0]
        await picker(pilot)
        everything += "".join(listed(app))
        assert "[bold]x[/]" in listed(app)[0]
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        everything += str(app.screen.query_one("#asked", Static).visual)
        assert not set("\x1b\u202e\u2066\x07") & set(everything)


# The list


async def test_the_list_shows_name_date_and_number_of_questions(chatty: Settings) -> None:
    first = await held(chatty, QUESTION, FERRY)
    second = await held(chatty, FERRY)
    keep(chatty.vectors, None, "/elsewhere", [kept("Long ago?")])
    app = resumed(chatty, second)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        await picker(pilot)
        newest, older, oldest = listed(app)
        day = records(chatty.vectors)[0].last_asked.astimezone().strftime("%Y-%m-%d %H:%M")
        assert newest == f"{second} {day} 1 question open now: {FERRY}"
        assert older.startswith(f"{first} ")
        assert older.endswith(f" 2 questions {QUESTION}")
        assert oldest.endswith("Long ago? about /elsewhere")
        assert app.screen.query_one(".window").border_title == "3 conversations"
        assert footer(app) == {
            "⏎": "open",
            "del": "delete",
            "/": "find",
            "esc": "leave it",
        }
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)


async def test_enter_opens_the_conversation_that_is_highlighted(chatty: Settings) -> None:
    first = await held(chatty, QUESTION, FERRY)
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ask(pilot, "How many bees are there?")
        second = app.kept_as
        await picker(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: shown(app, ".question") == [QUESTION, FERRY])
        assert app.kept_as == first
        await picker(pilot)
        await pilot.press("end", "enter")
        await until(pilot, lambda: any("open already" in notice for notice in notices(app)))
        await picker(pilot)
        await pilot.press("home", "enter")
        await until(pilot, lambda: shown(app, ".question") == ["How many bees are there?"])
        assert app.kept_as == second


async def test_the_list_is_narrowed_by_the_words_of_the_first_question(chatty: Settings) -> None:
    for question in ("When was the mill?", "Who was the miller?", "Why the ferry?"):
        keep(chatty.vectors, None, str(folder_of(chatty).resolve()), [kept(question)])
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await picker(pilot)
        await pilot.press("slash", *"MILL was")
        await until(pilot, lambda: len(listed(app)) == 2)
        await pilot.press(*" d")  # a letter in the box is text, and deletes nothing
        await pilot.press("backspace", "backspace", *" who")
        await until(pilot, lambda: described(listed(app), "Who was the miller?"))
        await pilot.press("enter")
        await until(pilot, lambda: shown(app, ".question") == ["Who was the miller?"])


async def test_nothing_to_list_is_said(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("f4")
        await until(pilot, lambda: any("No conversation is kept" in n for n in notices(app)))
        assert app.screen is app.chat


async def test_a_conversation_is_deleted_only_after_yes(chatty: Settings) -> None:
    for question in ("One?", "Two?"):
        keep(chatty.vectors, None, str(folder_of(chatty).resolve()), [kept(question)])
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await picker(pilot)
        for refusal in ("n", "escape"):
            await pilot.press("delete")
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press("enter", refusal)
            await until(pilot, lambda: isinstance(app.screen, ConversationsScreen))
        assert len(records(chatty.vectors)) == 2
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert "Two?" in str(app.screen.query_one("#asked", Static).visual)
        await pilot.press("y")
        await until(pilot, lambda: described(listed(app), "One?"))
        assert [record.name for record in records(chatty.vectors)] == ["One?"]
        assert app.screen.query_one(".window").border_title == "1 conversation"
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: app.screen is app.chat)
    assert records(chatty.vectors) == []


# The palette


async def test_the_palette_opens_exports_and_deletes(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert titles >= {
            "Open a conversation",
            "New conversation",
            "Delete this conversation",
            "Export as Markdown",
            "Export as JSON",
            "Export as HTML",
        }
        await command(pilot, "Open a conversation")
        await until(pilot, lambda: any("No conversation is kept" in n for n in notices(app)))


async def test_a_new_conversation_leaves_the_old_one_kept(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await command(pilot, "New conversation")
        await until(pilot, lambda: app.query("#welcome"))
        assert not app.query(TurnView)
        assert app.query_one(Dialogue).border_title is None
        assert shown(app, "#source-title") == ["The source of an answer opens here."]
        await pilot.press("tab", "y", "n", "shift+up", "1", "escape")  # nothing to act on
        await ask(pilot, FERRY)
        await until(pilot, lambda: highlighted(app))
    assert {(r.name, r.questions) for r in records(chatty.vectors)} == {(QUESTION, 1), (FERRY, 1)}


async def test_a_reply_that_comes_later_is_kept_where_it_was_asked(chatty: Settings) -> None:
    load = GatedLoad()
    app = ChatApp(chatty, load=load)
    async with app.run_test(size=WIDE) as pilot:
        question_box(app).value = QUESTION
        await pilot.press("enter")
        await command(pilot, "New conversation")
        await until(pilot, lambda: app.query("#welcome"))
        load.gate.set()
        await ask(pilot, FERRY)
        assert shown(app, ".question") == [FERRY]
        await ask(pilot, FERRY)
    assert {(r.name, r.questions) for r in records(chatty.vectors)} == {(QUESTION, 1), (FERRY, 2)}


async def test_deleting_this_conversation_begins_a_new_one(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        await command(pilot, "Delete this conversation")
        await until(pilot, lambda: any("nothing to delete" in n for n in notices(app)))
        await ask(pilot, QUESTION)
        await command(pilot, "Delete this conversation")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: app.screen is app.chat and app.query("#welcome"))
        assert records(chatty.vectors) == []
        await ask(pilot, FERRY)
    assert [record.name for record in records(chatty.vectors)] == [FERRY]


async def test_what_is_still_being_answered_does_not_bring_a_deleted_one_back(
    chatty: Settings,
) -> None:
    id_ = await held(chatty, QUESTION)
    gate = GatedLoad()
    app = ChatApp(chatty, load=gate, resume=id_)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        question_box(app).value = FERRY
        await pilot.press("enter")
        await command(pilot, "Delete this conversation")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: app.query("#welcome"))
        gate.gate.set()
        await ask(pilot, "How many bees are there?")
    assert [r.name for r in records(chatty.vectors)] == ["How many bees are there?"]


@pytest.mark.parametrize(
    ("title", "file"),
    [
        ("Export as Markdown", "conversation-1.md"),
        ("Export as JSON", "conversation-1.json"),
        ("Export as HTML", "conversation-1.html"),
    ],
)
async def test_an_export_says_where_it_was_written(
    chatty: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, title: str, file: str
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        await command(pilot, title)
        await until(pilot, lambda: any("nothing to export" in n for n in notices(app)))
        await ask(pilot, QUESTION)
        await command(pilot, title)
        await until(pilot, lambda: (folder / file).exists())
        await until(pilot, lambda: any("Exported" in n for n in notices(app)))
        assert any(file in "".join(notice.split()) for notice in notices(app))
        assert QUESTION in (folder / file).read_text(encoding="utf-8")


# What goes wrong


async def test_a_chat_whose_conversation_cannot_be_kept_says_so_once_and_answers(
    chatty: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    noise = random.Random(0).randbytes(5_000)
    path = chatty.vectors / CONVERSATIONS_FILE
    path.write_bytes(noise)
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ask(pilot, QUESTION)
        await ask(pilot, FERRY)
        assert len(app.query(".answer")) == 2
        said = [notice for notice in notices(app) if "This conversation is not kept" in notice]
        assert len(said) == 1
        assert "is corrupt" in said[0]
        assert path.read_bytes() == noise
        assert id_of(app) is None
        await command(pilot, "Export as Markdown")
        await until(pilot, lambda: (tmp_path / "conversation.md").exists())
        # Once it can be kept again, all of it is.
        path.unlink()
        await ask(pilot, "How many bees are there?")
        id_ = id_of(app)
        assert id_ is not None
    assert [turn.question for turn in load(chatty.vectors, id_).turns] == [
        QUESTION,
        FERRY,
        "How many bees are there?",
    ]


async def test_a_conversation_that_cannot_be_read_leaves_the_chat_as_it_is(
    chatty: Settings,
) -> None:
    id_ = await held(chatty, QUESTION)
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ask(pilot, FERRY)
        await picker(pilot)
        (chatty.vectors / CONVERSATIONS_FILE).write_bytes(b"damaged " * 1_000)
        await pilot.press("down", "enter")
        await until(pilot, lambda: any("is corrupt" in notice for notice in notices(app)))
        assert shown(app, ".question") == [FERRY]
        assert app.kept_as != id_


async def test_quitting_while_the_list_is_open_ends_the_chat(chatty: Settings) -> None:
    await held(chatty, QUESTION)
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await picker(pilot)
        await pilot.press("ctrl+q")
    await asyncio.get_running_loop().shutdown_default_executor()
    assert app.return_value is None


async def test_a_question_of_a_reopened_turn_is_asked_as_typed_of_the_same_documents(
    chatty: Settings,
) -> None:
    turn = kept("How many are there?", MILL, understood_as="How many bees are there?")
    turn = replace(turn, files=("bees.txt",))
    id_ = keep(chatty.vectors, None, str(chatty.corpus), [turn])
    app = resumed(chatty, id_)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        await pilot.press("ctrl+s", "u")
        await until(pilot, lambda: not app.query(".understood, .waiting"))
        assert {citation.file for citation in citations(app, 0)} == {"bees.txt"}


async def test_a_follow_up_in_a_reopened_conversation_hangs_on_what_was_asked_before(
    chatty: Settings,
) -> None:
    id_ = keep(chatty.vectors, None, str(chatty.corpus), [kept(QUESTION, MILL)])
    app = resumed(chatty, id_)
    async with app.run_test(size=WIDE) as pilot:
        await turns_shown(pilot, 1)
        await ask(pilot, "Who kept it?")
        assert len(shown(app, ".understood")) == 1
        await pilot.press("ctrl+s", "u")
        await until(pilot, lambda: not app.query(".understood, .waiting"))
