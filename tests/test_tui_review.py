"""The review on the screen: every key, the selection in the source, and what is hostile or gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from qa.answer import Answer, NoAnswer
from qa.labelled import read_labelled
from qa.render import as_data
from qa.reviewing import Decisions, review_queue
from qa.settings import Settings
from qa.text import Span
from qa.tui.help_screen import HelpScreen
from qa.tui.reject_screen import RejectScreen
from qa.tui.review_app import ReviewApp
from qa.tui.review_keys import REVIEW_KEYS
from qa.tui.selecting import Selection
from qa.tui.source import SourceText
from tests.fakes_chat import NARROW, WIDE
from tests.fakes_reader import answer_from
from tests.saved import Record, write_answers

TEXT = (
    "The mill of Tarn\r\n\r\nThe mill burned in 1812. Two brothers, Jon and Per Lie, paid $4.5bn for "
    "it. Nobody – é😀 – knew why.\r\n"
)
Review = Pilot[None]


def record(answer: Answer | NoAnswer, id_: str) -> Record:
    return dict(json.loads(json.dumps(as_data(answer, id_=id_, elapsed_ms=1))))


def answered(id_: str, confidence: float, text: str = TEXT, quote: str = "1812") -> Record:
    """An answer with two citations: the quote, and who rebuilt the mill if the text says so."""
    answer = answer_from(text, quote, file="mill.txt", question=f"{id_}?", confidence=confidence)
    if text is TEXT:
        second = answer_from(text, "Jon", file="mill.txt").citations[0]
        answer = replace(answer, citations=(*answer.citations, replace(second, n=2)))
    return record(answer, id_)


def refused(id_: str, confidence: float, *, nearest: bool = True) -> Record:
    citation = answer_from(TEXT, "Jon", file="mill.txt").citations[0] if nearest else None
    return record(NoAnswer(f"{id_}?", "No one says.", confidence, citation), id_)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/mill.txt").write_bytes(TEXT.encode())
    return tmp_path


def review(folder: Path, *records: Record) -> ReviewApp:
    """The review of these answers, going on where ``labelled.jsonl`` stops."""
    queue, _ = review_queue(write_answers(folder / "answers.jsonl", *records))
    settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
    return ReviewApp(settings, queue, Decisions.load(folder / "labelled.jsonl", queue))


def rows(folder: Path) -> list[dict[str, Any]]:
    path = folder / "labelled.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def shown(app: ReviewApp, selector: str) -> list[str]:
    return [str(widget.content) for widget in app.screen.query(selector).results(Static)]


def status(app: ReviewApp) -> str:
    return str(app.review.query_one("#state", Static).content)


def notices(app: ReviewApp) -> list[str]:
    return [str(toast.render()) for toast in app.screen.query("Toast")]


async def until(pilot: Review, condition: Callable[[], object]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"waited in vain; the state line reads: {status(pilot.app)}")  # type: ignore[arg-type]


def coloured(app: ReviewApp, name: str) -> str:
    """The characters of the source that are drawn in a style of its own."""
    source = app.review.query_one(SourceText)
    style = source.get_component_rich_style(f"source--{name}")
    lines = (source.render_line(y) for y in range(source.size.height))
    return "".join(segment.text for line in lines for segment in line if segment.style == style)


async def opened(pilot: Review, app: ReviewApp) -> None:
    await until(pilot, lambda: coloured(app, "span"))


def footer(app: ReviewApp) -> set[str]:
    return {getattr(key, "description", "") for key in app.screen.query("FooterKey")}


async def test_the_least_confident_is_shown_beside_its_source(folder: Path) -> None:
    app = review(folder, answered("sure", 0.9), answered("unsure", 0.3))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot, app)
        assert shown(app, ".question") == ["unsure?"]
        assert shown(app, ".answer") == ["1812"]
        assert shown(app, ".confidence") == ["low confidence · 30%"]
        assert coloured(app, "span") == "1812"
        assert status(app).startswith("0 of 2 decided · question 1 of 2 · saved in ")
        assert not app.review.query_one("#search-bar").display


async def test_accepting_saves_at_once_and_goes_on(folder: Path) -> None:
    app = review(folder, answered("a", 0.1), answered("b", 0.2))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("a")
        assert [(row["id"], row["decision"]) for row in rows(folder)] == [("a", "accepted")]
        assert shown(app, ".question") == ["b?"]
        assert status(app).startswith("1 of 2 decided")
        await pilot.press("a")
        assert status(app).startswith("2 of 2 decided")
        assert shown(app, ".decision") == ["✓ Accepted."]
        await until(pilot, lambda: any("Every question is" in said for said in notices(app)))
    questions = read_labelled(folder / "labelled.jsonl").questions
    assert [(q.id, q.answers, q.file) for q in questions] == [
        ("a", ("1812",), "mill.txt"),
        ("b", ("1812",), "mill.txt"),
    ]


@pytest.mark.parametrize(
    ("key", "decision", "answers"), [("d", "rejected", []), ("l", "left_out", None)]
)
async def test_rejecting_asks_what_is_right(
    folder: Path, key: str, decision: str, answers: list[str] | None
) -> None:
    app = review(folder, answered("a", 0.1))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RejectScreen))
        assert any("the corpus does not say" in way for way in shown(app, ".way"))
        await pilot.press("escape")
        assert not (folder / "labelled.jsonl").exists()
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RejectScreen))
        await pilot.press(key)
        await until(pilot, lambda: (folder / "labelled.jsonl").exists())
    (row,) = rows(folder)
    assert (row["decision"], row["answers"]) == (decision, answers)


async def test_a_refusal_is_accepted_or_corrected_but_not_rejected_for_silence(
    folder: Path,
) -> None:
    app = review(folder, refused("right", 0.1), refused("wrong", 0.2))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        assert shown(app, ".no-answer") == ["No answer."]
        await pilot.press("a", "r")
        await until(pilot, lambda: isinstance(app.screen, RejectScreen))
        await pilot.press("d")
        assert isinstance(app.screen, RejectScreen)
        await pilot.press("escape")
        await opened(pilot, app)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RejectScreen))
        await pilot.press("c")
        await until(pilot, lambda: app.review.correcting)
        await pilot.press("enter")
    assert [(row["id"], row["answers"]) for row in rows(folder)] == [
        ("right", []),
        ("wrong", ["Jon"]),
    ]


async def test_a_refusal_without_a_passage_has_nothing_to_correct_in(folder: Path) -> None:
    app = review(folder, refused("a", 0.1, nearest=False))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("c")
        assert not app.review.correcting
        await until(pilot, lambda: any("names no source" in said for said in notices(app)))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    ("keys", "quote"),
    [
        (["2"], "Jon"),
        (["down"], "Two brothers, Jon and Per Lie, paid $4.5bn for it."),
        (["down", "right", "right", "shift+right"], "brothers, Jon"),
        (["down", "left", "left", "left"], "$4.5bn"),
        (["space", "shift+left", "shift+left"], "The mill burned"),
        (["down", "down", "up", "up"], "The mill burned in 1812."),
        (["shift+right", "shift+right", "shift+left", "shift+left", "shift+left"], "in 1812"),
    ],
)
async def test_what_is_right_is_selected_by_sentences_and_words(
    folder: Path, size: tuple[int, int], keys: Sequence[str], quote: str
) -> None:
    app = review(folder, answered("a", 0.1))
    async with app.run_test(size=size) as pilot:
        if keys == ["2"]:
            await pilot.press("2")
            keys = []
        await until(pilot, lambda: app.review.query_one(SourceText).text or size == NARROW)
        await until(pilot, lambda: app.review.ready)
        await pilot.press("c", *keys)
        await until(pilot, lambda: coloured(app, "selection").strip() == quote)
        assert shown(app, "#hint") == [f"The right answer: “{quote}”"]
        await pilot.press("enter")
    (row,) = rows(folder)
    assert (row["decision"], row["answers"]) == ("corrected", [quote])
    assert TEXT[row["start"] : row["end"]] == quote


async def test_the_mouse_selects_too(folder: Path) -> None:
    app = review(folder, answered("a", 0.1))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot, app)
        source = app.review.query_one(SourceText)
        at = source.text.index("Jon")
        row = next(y for y in range(20) if "Jon" in source.render_line(y).text)
        column = source.render_line(row).text.index("Jon")
        assert source.offset_at(column, row) == at
        await pilot.mouse_down(SourceText, offset=(column, row))
        await pilot.hover(SourceText, offset=(column + 6, row))
        await pilot.mouse_up(SourceText, offset=(column + 6, row))
        await until(pilot, lambda: coloured(app, "selection") == "Jon and")
        await pilot.click(SourceText, offset=(column + 1, row))
        await until(pilot, lambda: coloured(app, "selection") == "Jon")
        await pilot.press("escape")
        assert not app.review.correcting
        assert coloured(app, "selection") == ""
    assert not (folder / "labelled.jsonl").exists()


async def test_correcting_goes_on_in_another_citation(folder: Path) -> None:
    app = review(folder, answered("a", 0.1))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("c")  # before the source is there, perhaps
        await until(pilot, lambda: coloured(app, "selection") == "1812")
        await pilot.press("2")
        await until(pilot, lambda: coloured(app, "selection") == "Jon")
        await pilot.press("enter")
    assert [row["answers"] for row in rows(folder)] == [["Jon"]]


async def test_the_answer_itself_selected_again_is_accepted(folder: Path) -> None:
    app = review(folder, answered("a", 0.1))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("c", "enter")
    assert [row["decision"] for row in rows(folder)] == ["accepted"]


async def test_undo_goes_back_to_the_question(folder: Path) -> None:
    app = review(folder, answered("a", 0.1), answered("b", 0.2))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("a", "u")
        assert shown(app, ".question") == ["a?"]
        assert shown(app, ".decision") == ["Not decided yet."]
        assert rows(folder) == []
        await pilot.press("u")
        await until(pilot, lambda: any("no decision to take" in said for said in notices(app)))


async def test_moving_skipping_and_keeping_to_what_is_undecided(folder: Path) -> None:
    app = review(folder, *(answered(id_, n / 10) for n, id_ in enumerate("abc", start=1)))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        seen = []
        for key in ("a", "p", "s", "s", "s", "n", "v", "n", "n", "p", "v", "p", "p"):
            await pilot.press(key)
            seen.append(shown(app, ".question")[0][0])
        assert "".join(seen) == "bab" + "cb" + "c" + "c" + "bcb" + "b" + "ac"


async def test_a_new_start_goes_on_where_the_last_one_stopped(folder: Path) -> None:
    records = [answered(id_, n / 10) for n, id_ in enumerate("abc", start=1)]
    app = review(folder, *records)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("a", "a")
    app = review(folder, *records)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        assert shown(app, ".question") == ["c?"]
        assert status(app).startswith("2 of 3 decided · question 3 of 3")
        await pilot.press("p")
        assert shown(app, ".decision") == ["✓ Accepted."]


@pytest.mark.parametrize("gone", [True, False])
async def test_a_source_that_has_changed_is_judged_by_its_sentence_alone(
    folder: Path, gone: bool
) -> None:
    path = folder / "corpus/mill.txt"
    path.unlink() if gone else path.write_text("Something else.", encoding="utf-8")
    app = review(folder, answered("a", 0.1))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "burned in 1812" in shown(app, "#remains")[0])
        await pilot.press("c")
        assert not app.review.correcting
        await until(pilot, lambda: any("nothing can be selected" in said for said in notices(app)))
        await pilot.press("a")
    assert [row["answers"] for row in rows(folder)] == [["1812"]]


async def test_a_decision_that_cannot_be_saved_is_not_taken(folder: Path) -> None:
    app = review(folder, answered("a", 0.1), answered("b", 0.2))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        (folder / "labelled.jsonl").mkdir()
        await pilot.press("a")
        await until(pilot, lambda: any("cannot be read" in said for said in notices(app)))
        assert shown(app, ".question") == ["a?"]
        assert status(app).startswith("0 of 2")


EVIL = "\x1b[31mThe \u202e[bold]pump[/bold] \x9b2Jwas\x07 built in 1799."


async def test_what_hostile_text_tries_is_shown_as_text(folder: Path) -> None:
    (folder / "corpus/mill.txt").write_bytes(EVIL.encode())
    evil = answered("[red]\x1b]0;x\x07", 0.1, text=EVIL, quote="[bold]pump[/bold] \x9b2Jwas\x07")
    app = review(folder, evil)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("c", "space")
        svg = app.export_screenshot()
        assert not set(svg) & set("\x1b\x07\x9b\u202e")
        assert "[bold]pump[/bold]" in shown(app, ".answer")[0]
        assert "[bold]pump[/bold]" in shown(app, "#hint")[0]
        await pilot.press("enter")
        assert not set(app.export_screenshot()) & set("\x1b\x07\x9b\u202e")
    (row,) = rows(folder)
    assert row["answers"] == [EVIL[row["start"] : row["end"]]]


async def test_footer_and_help_name_the_keys(folder: Path) -> None:
    app = review(folder, answered("a", 0.1))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: "accept" in footer(app))
        assert {"accept", "reject", "correct", "undo", "skip", "undecided", "quit"} <= footer(app)
        await pilot.press("c")
        await until(pilot, lambda: "extend" in footer(app))
        assert {"sentence", "word", "take", "leave"} <= footer(app)
        assert "accept" not in footer(app)
        await pilot.press("a", "r", "u")
        assert app.review.correcting
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        table = app.screen.query_one("#keys")
        assert table.row_count == sum(bool(key.tooltip) for key in REVIEW_KEYS)  # type: ignore[union-attr, attr-defined]
        await pilot.press("escape", "escape", "q")
    assert app.return_code == 0


def test_a_selection_stays_within_its_text() -> None:
    text = "One two. Three.\n\n" + "word " * 30_000 + "\n" + "Last one"
    first = Selection.of(text, Span(0, 3))
    assert first.word(-1) == first
    assert first.sentence(-1) == first
    assert first.extend(-1) == first
    last = Selection.of(text, Span(len(text) - 3, len(text)))
    assert last.word(1) == last
    assert last.sentence(1) == last
    assert last.word(-1).span.of(text) == "Last"
    assert last.word(-1).word(-1).span.of(text) == "word"
    step = first.sentence(1).sentence(1)
    assert step.span.of(text).startswith("word word")
    assert step.dragged(8, 8).span == step.span


async def test_a_quote_that_its_file_does_not_hold_is_no_source(folder: Path) -> None:
    forged = json.loads(json.dumps(answered("a", 0.1)).replace("1812", "1813"))
    app = review(folder, forged)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "burned in 1813" in shown(app, "#remains")[0])
        await pilot.press("c")
        await until(pilot, lambda: any("does not hold this quote" in s for s in notices(app)))
        assert not app.review.correcting


def test_a_wrapped_sentence_is_selected_whole() -> None:
    text = "One two.\n\nThe mill at the end of the village was burned down\nby lightning. It is gone.\n"
    second = Selection.of(text, Span(0, 3)).sentence(1)
    assert second.span.of(text).endswith("burned down\nby lightning.")
    assert second.sentence(1).span.of(text) == "It is gone."
    assert second.sentence(1).sentence(-1) == second
