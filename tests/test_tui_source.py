"""The source pane: the whole document, whatever is in it, its state, and the search in it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from qa.documents import read_document
from qa.indexing import update_index
from qa.settings import Settings
from qa.text import Span
from qa.tui.app import ChatApp
from qa.tui.source import SourceText
from qa.tui.source_pane import SourcePane, matches_of
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
    question_box,
    rendered,
    shown,
    until,
)


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


EVIL = "\x1b[31mThe \u202epump [bold]of[/bold] Sel \x9b2Jwas\x07 built in 1799."


async def test_what_a_document_tries_is_shown_as_text(chatty: Settings, corpus: Path) -> None:
    (corpus / "a[red]evil.txt").write_text(f"{EVIL}\n", encoding="utf-8")
    update_index(chatty, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "When was the [blink]pump of Sel built?")
        await until(pilot, lambda: highlighted(app))
        assert shown(app, ".question") == ["When was the [blink]pump of Sel built?"]
        everything = "".join([*shown(app, "Static"), *rendered(app)])
        assert "[bold]of[/bold]" in shown(app, ".sentence")[0]
        assert "a[red]evil.txt" in everything
        assert any("[bold]of[/bold]" in row for row in rendered(app))
        assert not set("\x1b\u202e\x9b\x07") & set(everything)
        assert highlighted(app) == citations(app)[0].quote


WHALES = "The whales of Vell Bay were counted in 1996"


@pytest.mark.parametrize(
    "filler",
    [
        "\x1b[31mred\x1b]8;;http://x\x07 \x9b2J \u202e [bold red]x[/] [/] \\[b] $text {x}",
        "هذا نص عربي طويل יש כאן טקסט בעברית",
        "鯨は一九九六年に数えられた。👩\u200d👩\u200d👧 e\u0301 🇳🇴 ☁\ufe0f",
        "\ttabs\tand\u00a0blanks\u2028and \u200b nothing",
    ],
    ids=["escapes and markup", "right to left", "wide and joined", "blanks"],
)
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_a_document_is_shown_whole_whatever_is_in_it(
    chatty: Settings, corpus: Path, filler: str, size: tuple[int, int]
) -> None:
    text = f"{filler}\n\n{WHALES}.\n\n{filler * 20}\n"
    (corpus / "whales.txt").write_text(text, encoding="utf-8")
    update_index(chatty, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=size) as pilot:
        await ask(pilot, "When were the whales of Vell Bay counted?")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: highlighted(app))
        source = app.query_one(SourceText)
        assert citations(app)[0].file == "whales.txt"
        assert len(source.text) == len(read_document(corpus, "whales.txt", 10**6).text)
        shown_whole = "".join(source.text.split())
        assert "".join(rendered_whole(app).split()) == shown_whole
        assert not set("\x1b\u202e\x9b\x07") & set(shown_whole)


def rendered_whole(app: ChatApp) -> str:
    """What all rows of the source pane show, without their line numbers."""
    source = app.query_one(SourceText)
    top = source.scroll_offset.y
    rows = [list(source.render_line(y))[1:] for y in range(-top, source.virtual_size.height - top)]
    return "".join(segment.text for row in rows for segment in row)


async def test_a_line_of_a_megabyte_is_shown_to_its_end(chatty: Settings, corpus: Path) -> None:
    text = f"{WHALES}. {'x' * 1_000_000} the end."
    (corpus / "whales.txt").write_text(text, encoding="utf-8")
    update_index(chatty, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "When were the whales of Vell Bay counted?")
        await until(pilot, lambda: highlighted(app))
        await pilot.press("ctrl+s", "end")
        await until(pilot, lambda: any("the end." in row for row in rendered(app)))
        assert rendered(app)[0].startswith("     x")


async def test_the_three_strengths_of_highlight_differ(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await until(pilot, lambda: highlighted(app))
        source = app.query_one(SourceText)
        strengths = ("source--span", "source--sentence", "source--passage")
        colours = {source.get_component_rich_style(name).bgcolor for name in strengths}
        assert len(colours) == 3


async def test_the_title_says_title_date_path_and_line(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "What caught fire on the ferry between Karsund and Hale?")
        title = shown(app, "#source-title")[0]
        citation = citations(app)[0]
        assert title.startswith(f"[1] {citation.title} · 2023-05-14\nferry.txt:{citation.line}")


async def test_the_title_says_whether_the_file_has_changed_since(
    repeated: Settings, corpus: Path
) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        (corpus / citations(app)[1].file).write_text("Something else.", encoding="utf-8")
        (corpus / citations(app)[2].file).unlink()
        for key, said in (
            ("1", "unchanged since indexing"),
            ("2", "· changed since indexing"),
            ("3", "no longer there"),
        ):
            await pilot.press("tab", key)
            await until(pilot, partial(is_titled, app, said))
            await pilot.press("escape")


def is_titled(app: ChatApp, said: str) -> bool:
    return said in shown(app, "#source-title")[0]


def test_matches_are_found_in_order_letter_case_aside() -> None:
    assert matches_of("a.c", "A.C abc a.c") == [Span(0, 3), Span(8, 11)]
    assert matches_of("", "anything") == []


async def test_a_search_steps_through_the_matches(chatty: Settings, corpus: Path) -> None:
    text = f"One gull.\n\nTwo gulls.\n\n{WHALES}.\n\n" + "Waves.\n" * 200 + "A GULL again.\n"
    (corpus / "whales.txt").write_text(text, encoding="utf-8")
    update_index(chatty, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "When were the whales of Vell Bay counted?")
        await until(pilot, lambda: highlighted(app))
        await pilot.press("tab", "slash", *"gull")
        await until(pilot, lambda: "of 3" in shown(app, "#matches")[0])
        await pilot.press("enter")
        seen = []
        for key in ("n", "enter", "p", "n", "n"):
            await pilot.press(key)
            seen.append((shown(app, "#matches")[0], highlighted(app, "source--current-match")))
        first = int(seen[0][0][0])
        assert [said for said, _ in seen] == [
            f"{(first - 1 + step) % 3 + 1} of 3" for step in (0, 1, 0, 1, 2)
        ]
        assert {match for _, match in seen} == {"gull", "GULL"}
        assert chosen(app) == [1]
        await pilot.press("escape")
        assert not app.query_one(SourcePane).searching
        assert app.query_one(SourceText).has_focus
        await pilot.press("escape")
        assert question_box(app).has_focus


async def test_a_search_without_a_match_says_so(chatty: Settings) -> None:
    app = chat(chatty)
    async with app.run_test(size=NARROW) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("tab", "/", *"zeppelin?")
        await until(pilot, lambda: shown(app, "#matches") == ["no match"])
        await pilot.press("enter", "n", "p")
        assert app.query_one(SourcePane).display


async def test_another_citation_ends_the_search(repeated: Settings) -> None:
    app = chat(repeated)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, QUESTION)
        await until(pilot, lambda: highlighted(app))
        await pilot.press("tab", "/", *"oil", "enter", "2")
        assert chosen(app) == [2]
        assert not app.query_one(SourcePane).searching


async def test_resizing_keeps_the_place_in_the_document(chatty: Settings, corpus: Path) -> None:
    lines = "".join(
        f"Line {n} says that the sea was calm and the wind was low.\n" for n in range(400)
    )
    (corpus / "whales.txt").write_text(f"{WHALES}.\n\n{lines}", encoding="utf-8")
    update_index(chatty, FakeEncoder())
    app = chat(chatty)
    async with app.run_test(size=WIDE) as pilot:
        await ask(pilot, "When were the whales of Vell Bay counted?")
        await until(pilot, lambda: highlighted(app))
        await pilot.press("ctrl+s", "pagedown", "pagedown", "pagedown")
        top = rendered(app)[0].split(" says")[0]
        await pilot.resize_terminal(110, 40)
        await until(pilot, lambda: rendered(app)[0].split(" says")[0] == top)
