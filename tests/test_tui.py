"""The dialogue: answers, abstentions, rivals and errors, each told from the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import DataTable, SelectionList, Static

from qa.indexing import update_index
from qa.settings import EMBEDDED_READER, Settings
from qa.tui.reply import CitationLine, sentence_content
from qa.tui.source import SourceText
from qa.tui.turn_view import TurnView
from tests.fakes import FakeEncoder
from tests.fakes_chat import (
    NARROW,
    QUESTION,
    WIDE,
    ask,
    chat,
    chosen,
    citations,
    highlighted,
    notices,
    ready,
    shown,
    until,
)
from tests.fakes_reader import answer_from


async def test_an_answer_shows_its_sentence_confidence_and_numbered_citations(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        first, *rest = citations(app)
        assert shown(app, ".answer") == [first.quote]
        assert shown(app, ".sentence") == [first.sentence_text]
        assert " ms" in shown(app, ".elapsed")[0]
        lines = shown(app, ".citation")
        assert len(lines) == 1 + len(rest)
        assert lines[0].startswith(f"[1] {first.title}")
        assert lines[0].endswith(f"{first.file}:{first.line}")


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


async def test_an_abstention_looks_different_and_says_why(chatty: Settings) -> None:
    app = chat(replace(chatty, threshold=1.0))
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        assert not app.query(".answer")
        assert shown(app, ".no-answer") == ["No answer in these documents"]
        assert "unlikely to answer" in shown(app, ".reason")[0]
        assert "Refused at the threshold stage." in shown(app, ".reason")[0]
        assert shown(app, ".nearest") == ["Nearest passage:"]
        await until(pilot, lambda: highlighted(app))
        assert highlighted(app) == citations(app)[0].quote


async def test_a_question_that_is_none_is_refused_and_the_next_is_answered(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("enter")
        assert not app.query(TurnView)
        await ask(pilot, "?!")
        await ask(pilot, "x" * 10_000)
        assert [text.split(";")[0] for text in shown(app, ".error")] == [
            "The question is empty",
            "The question has 10,000 characters and 2,000 are allowed",
        ]
        await ask(pilot, QUESTION)
        assert app.query(".answer")


async def test_a_confidence_is_a_word_and_a_bar_and_a_number_on_demand(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        word, of, bar = shown(app, ".confidence")[0].split()
        assert word in ("high", "good", "fair", "low")
        assert of == "confidence"
        assert len(bar) == 12
        assert set(bar) <= set("━╌")
        assert shown(app, ".number")[0].endswith("%")
        displayed = [app.query_one(".number").display]
        await pilot.press("tab")
        for _ in range(2):
            await pilot.press("%")
            displayed.append(app.query_one(".number").display)
        assert displayed == [False, True, False]


@pytest.fixture
def disputed(chatty: Settings, corpus: Path) -> Settings:
    """As ``chatty``, with two documents that disagree about one thing."""
    for year, share in ((2020, "11"), (2024, "17")):
        (corpus / f"trade{year}.txt").write_text(
            f"date {year}-03-06\n\nTrade between Arland and Borland grew by {share} percent.\n",
            encoding="utf-8",
        )
    update_index(chatty, FakeEncoder())
    return chatty


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_sources_that_disagree_stand_side_by_side_with_their_dates(
    disputed: Settings, size: tuple[int, int]
) -> None:
    app = chat(disputed)
    async with app.run_test(size=size) as pilot:
        await ask(pilot, "By how much did trade between Arland and Borland grow?")
        assert shown(app, ".differ") == ["Another document says otherwise:"]
        assert shown(app, ".answer") == [citations(app)[0].quote]
        assert shown(app, ".rival-answer") == [citations(app)[1].quote]
        assert sorted(shown(app, ".claim-date")) == ["2020-03-06", "2024-03-06"]
        assert shown(app, ".agreement") == ["Single source: no other document says the same."]
        assert "says otherwise: “" in shown(app, ".citation")[1]
        left, right = app.query(".claim")
        await until(pilot, lambda: app.screen.can_view_entire(right))
        assert left.region.y == right.region.y
        assert left.region.height == right.region.height
        assert left.region.right < right.region.x
        await pilot.press("tab", "2")
        assert right.has_class("chosen")
        assert shown(app, ".sentence") == [citations(app)[1].sentence_text]


async def test_sources_that_agree_are_said_to(repeated: Settings) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        assert not app.query(".differ, .rival")
        assert all(line.endswith("says the same") for line in shown(app, ".citation")[1:])
        assert shown(app, ".agreement")[0].startswith("Also in [2]")


async def test_keys_go_back_to_earlier_answers(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await ask(pilot, "How many bees does a hive hold?")
        assert app.query_one("#turn-1").has_class("current")
        await pilot.press("shift+up")
        assert app.query_one("#turn-0").has_class("current")
        assert not app.query_one("#turn-1").has_class("current")
        await until(pilot, lambda: highlighted(app) == citations(app, 0)[0].quote)
        await pilot.press("shift+up", "shift+down", "shift+down")
        assert app.query_one("#turn-1").has_class("current")


async def test_a_long_answer_is_shown_from_its_question_on(disputed: Settings) -> None:
    app = chat(disputed)
    async with app.run_test(size=(80, 20)) as pilot:
        await ask(pilot, QUESTION)
        await ask(pilot, "By how much did trade between Arland and Borland grow?")
        question = app.query_one("#turn-1 .question")
        await until(pilot, lambda: app.screen.can_view_entire(question))


async def test_questions_can_be_kept_to_some_documents(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        assert not app.query_one("#restriction").display
        await pilot.press("f2", "down", "space", "down", "space", "enter")
        assert shown(app, "#restriction") == ["in 2 of 4 documents"]
        await ask(pilot, QUESTION)
        assert shown(app, ".restriction") == ["in 2 of 4 documents"]
        assert {citation.file for citation in citations(app)} <= {"ferry.txt", "lighthouse.txt"}
        await pilot.press("f2", "down", "space", "enter")
        assert shown(app, "#restriction") == ["only in lighthouse.txt"]
        await pilot.press("f2", "a", "enter")
        assert not app.query_one("#restriction").display
        await ask(pilot, QUESTION)
        assert len(shown(app, ".restriction")) == 1


async def test_the_sources_are_listed_with_counts_and_can_be_left_as_they_were(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=NARROW) as pilot:
        await ready(pilot)
        await pilot.press("f2")
        listed = app.screen.query_one(SelectionList)
        prompts = [str(listed.get_option_at_index(n).prompt) for n in range(4)]
        assert "1 passage " in prompts[1]
        assert "2023-05-14" in prompts[1]
        assert prompts[1].endswith("ferry.txt")
        assert "4 documents, 4 passages" in str(app.screen.query_one(".window").border_title)
        await pilot.press("space", "escape")
        assert not app.query_one("#restriction").display


async def test_the_list_of_sources_is_narrowed_by_words_and_keeps_its_marks(
    chatty: Settings,
) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await pilot.press("f2", "space", "/", *"2023 FERRY")
        listed = app.screen.query_one(SelectionList)
        await until(pilot, lambda: listed.option_count == 1)
        await pilot.press("down", "space")
        assert "2 marked" in str(app.screen.query_one(".window").border_subtitle)
        await pilot.press("enter")
        assert shown(app, "#restriction") == ["in 2 of 4 documents"]
        await pilot.press("f2")
        assert app.screen.query_one(SelectionList).selected == ["bees.txt", "ferry.txt"]
        await pilot.press("a", "enter")
        assert not app.query_one("#restriction").display


async def test_only_a_document_that_is_marked_has_a_sign(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("f2")
        await until(pilot, lambda: app.screen.query(SelectionList))
        await pilot.press("down", "space")
        listed = app.screen.query_one(SelectionList)
        signs = ["X" in listed.render_line(y).text[:3] for y in range(listed.option_count)]
        assert signs == [n == listed.highlighted for n in range(listed.option_count)]


async def test_why_shows_the_ranking_the_scores_and_the_runner_up(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("f3")
        await until(pilot, lambda: notices(app) == ["There is no answer to explain yet."])
        await ask(pilot, QUESTION)
        await pilot.press("f3")
        table = app.screen.query_one("#ranking", DataTable)
        inquiry = app.query_one("#turn-0", TurnView).turn.inquiry
        assert inquiry is not None
        assert table.row_count == len(inquiry.retrieval.passages)
        best = inquiry.retrieval.passages[0]
        assert [str(cell) for cell in table.get_row_at(0)[:4]] == [
            "1",
            f"{best.fused:.3f}",
            f"{best.dense:.2f}",
            f"{best.lexical:.2f}",
        ]
        assert [str(column.label) for column in table.ordered_columns][4] == "reader"
        summary = str(app.screen.query_one("#summary").render())
        assert f"First: “{citations(app)[0].quote}” with log-odds" in summary
        assert "Runner-up: " in summary
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_why_says_how_the_answer_stands_when_it_is_read_beside_its_rivals(
    chatty: Settings,
) -> None:
    app = chat(replace(chatty, reader=EMBEDDED_READER))
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("f3")
        inquiry = app.query_one("#turn-0", TurnView).turn.inquiry
        assert inquiry is not None
        assert inquiry.evidence is not None
        beside = inquiry.evidence.verified
        assert beside is not None
        assert beside > 0.0
        summary = str(app.screen.query_one("#summary").render())
        assert f"Read beside its rivals, its sentence lies {beside:.2f} above no answer." in summary


async def test_why_says_what_a_follow_up_was_taken_for(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        for question in (QUESTION, "Who kept it?"):
            await ask(pilot, question)
        await pilot.press("f3")
        inquiry = app.query_one("#turn-1", TurnView).turn.inquiry
        assert inquiry is not None
        understood_as = inquiry.reply.understood_as
        assert understood_as is not None
        summary = str(app.screen.query_one("#summary").render()).splitlines()
        taken_for = summary[1].removeprefix("Looked for ")
        assert taken_for in (
            f"together with what went before: {understood_as}",
            f"and read as: {understood_as}",
        )


async def test_why_tells_the_document_of_each_passage_on_a_narrow_screen(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=NARROW) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("f3")
        table = app.screen.query_one("#ranking", DataTable)
        await pilot.press("down")
        for width, height in (NARROW, WIDE, NARROW):
            await pilot.resize_terminal(width, height)
            shown = [column.get_render_width(table) for column in table.ordered_columns[:-1]]
            assert sum(shown) <= table.size.width
            assert table.cursor_row == 1
            for column in table.ordered_columns[:5]:
                assert all(len(str(cell)) <= column.width for cell in table.get_column(column.key))


async def test_why_explains_an_abstention_too(chatty: Settings) -> None:
    app = chat(replace(chatty, threshold=1.0))
    async with app.run_test(size=NARROW) as pilot:
        await ask(pilot, f"{QUESTION[:-1]} of uranium?")
        await pilot.press("f3")
        assert app.screen.query_one("#ranking", DataTable).row_count
        summary = str(app.screen.query_one("#summary").render())
        assert "Refused at the threshold stage. The best passage found is unlikely" in summary
        assert "1.00 is needed), and no document holds “uranium”." in summary


async def test_a_reply_without_any_passage_has_no_source(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await ready(pilot)
        app.chat.restrict(frozenset({"no-such-file.txt"}))
        await ask(pilot, QUESTION)
        assert shown(app, ".no-answer")
        assert shown(app, "#source-title") == ["This reply has no source."]
        assert app.query_one(SourceText).shown_text == ""
        await pilot.press("tab", "n", "y", "o", "/", "Y")
        assert app.clipboard.startswith(f"## {QUESTION}")


def test_a_sentence_that_was_wrapped_is_shown_as_one_with_its_span_marked() -> None:
    text = "Two thirds of what it cost in all were given by the Carding\nfoundation in May."
    citation = answer_from(text, "the Carding\nfoundation").citations[0]
    shown = sentence_content(citation)
    assert shown.plain == text.replace("\n", " ")
    assert [shown.plain[span.start : span.end] for span in shown.spans] == [
        "the Carding foundation"
    ]


async def test_beside_its_source_an_answer_tells_number_and_time_whole(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=(100, 30)) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("tab", "percent_sign")
        await until(pilot, lambda: app.query_one(".facts .number").region.width)
        facts = app.query_one(".facts")
        for name in (".confidence", ".number", ".elapsed"):
            said = facts.query_one(name, Static)
            assert said.region.width == len(str(said.content))
            assert facts.content_region.contains_region(said.region)
