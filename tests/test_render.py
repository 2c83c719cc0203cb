"""A reply as text, JSON, CSV and Markdown: golden outputs, and what must never get through."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa.agreement import Agreement
from qa.answer import Answer, Citation, NoAnswer, Reply, Stage
from qa.render import (
    CSV_COLUMNS,
    agreement_sentences,
    as_csv_row,
    as_data,
    as_json,
    as_markdown,
    as_quotation,
    as_text,
    confidence_word,
    csv_cell,
    csv_line,
    source_line,
)
from tests.fakes_reader import answer_from

MILL = answer_from("An old mill. It burned down in 1812, they say. The end.", "1812")
ABSTAINED = NoAnswer(
    "When was it?", "Nothing says so.", 0.2, MILL.citations[0], Stage.READER, 0.5, ("moon",)
)
EVIL = "\x1b[31mred\x1b]8;;http://x\x07link\u202e\u2066 \x9b2J \x7f\x08 [bold]x[/bold]"


def data_of(reply: Reply) -> dict[str, Any]:
    return as_data(reply, id_="7", elapsed_ms=12)


def evil_answer() -> Answer:
    """An answer whose text, title and file name all try something."""
    answer = answer_from(
        f"It was {EVIL} in 1812.", f"{EVIL} in 1812", title=EVIL, file=f"{EVIL}.txt"
    )
    rival = replace(answer.citations[0], n=2, agreement=Agreement.CONFLICTS)
    both = (answer.citations[0], rival)
    return replace(answer, citations=both, agreeing=(EVIL,), conflicting=(f"{EVIL}.md",))


def test_text_shows_the_answer_its_sentence_and_where_it_stands() -> None:
    assert as_text(MILL) == (
        "1812\n"
        "confidence 88% (high)\n"
        "Single source: no other document says the same.\n"
        "\n"
        "  It burned down in >>1812<<, they say.\n"
        "\n"
        "[1] A title, 2024-03-06, a.txt:1"
    )


def test_a_quotation_is_one_line_with_its_place() -> None:
    assert as_quotation(MILL.citations[0]) == "“1812” (A title, 2024-03-06, a.txt:1)"
    undated = answer_from("It burned\tdown.", "burned\tdown", day=None).citations[0]
    assert as_quotation(undated) == "“burned down” (A title, a.txt:1)"


def test_text_in_colour_marks_the_answer_in_reverse() -> None:
    shown = as_text(MILL, colour=True)
    assert "burned down in \x1b[7m1812\x1b[0m, they say." in shown
    assert ">>" not in shown


def test_text_of_an_abstention_gives_the_reason_and_the_nearest_passage() -> None:
    assert as_text(ABSTAINED) == (
        "No answer.\n"
        "Nothing says so.\n"
        "Refused at the reader stage.\n"
        "The nearest passage, not good enough to be an answer:\n"
        "  It burned down in >>1812<<, they say.\n"
        "  [1] A title, 2024-03-06, a.txt:1"
    )


def test_text_of_an_abstention_without_any_passage_is_its_reason_and_stage() -> None:
    nothing = replace(ABSTAINED, rejected=None, stage=Stage.RETRIEVAL)
    assert as_text(nothing) == "No answer.\nNothing says so.\nRefused at the retrieval stage."


def test_json_of_an_abstention_says_which_stage_refused_and_what_was_needed() -> None:
    data = data_of(ABSTAINED)
    assert data["refusal"] == {"stage": "reader", "needed": 0.5, "missing_words": ["moon"]}
    assert data["rejected"]["quote"] == "1812"


def test_further_citations_follow_with_their_sentences() -> None:
    again = replace(answer_from("The fire was in 1812.", "1812").citations[0], n=2, date=None)
    elsewhere = replace(again, n=3, file="b.txt")
    conflicting = citation_of("It was 1813.", "1813", n=4, agreement=Agreement.CONFLICTS)
    other = citation_of("It was late.", "late", n=5, agreement=Agreement.OTHER)
    all_five = replace(MILL, citations=(*MILL.citations, again, elsewhere, conflicting, other))
    assert as_text(all_five).endswith(
        "\n[2] A title, a.txt:1 (says it again)\n    The fire was in 1812."
        "\n[3] A title, b.txt:1 (says the same)\n    The fire was in 1812."
        "\n[4] A title, 2024-03-06, a.txt:1 (says otherwise)\n    It was 1813."
        "\n[5] A title, 2024-03-06, a.txt:1\n    It was late."
    )


def citation_of(
    text: str, quote: str, *, n: int, agreement: Agreement, file: str = "a.txt"
) -> Citation:
    citation = answer_from(text, quote, file=file).citations[0]
    return replace(citation, n=n, agrees=False, agreement=agreement)


DISPUTED = replace(
    MILL,
    citations=(
        MILL.citations[0],
        citation_of("In the year 1812.", "1812", n=2, agreement=Agreement.AGREES, file="b.txt"),
        citation_of("It was *1813*.", "*1813*", n=3, agreement=Agreement.CONFLICTS, file="c.txt"),
    ),
    agreeing=("b.txt", "d.txt", "e.txt"),
    conflicting=("c.txt", "f.txt"),
)


def test_who_agrees_and_who_conflicts_is_said_in_sentences() -> None:
    said = [
        "Also in [2], d.txt and e.txt.",
        "[3] (2024-03-06) says otherwise: “*1813*”.",
        "Otherwise also in f.txt.",
    ]
    assert agreement_sentences(data_of(DISPUTED)) == said
    assert agreement_sentences(data_of(DISPUTED), conflicts=False) == [said[0], said[2]]
    assert " ".join(said) in as_text(DISPUTED, width=200)
    assert " ".join(said) in rendered_lines(as_markdown(data_of(DISPUTED)))


def test_json_and_csv_list_who_agrees_and_who_conflicts() -> None:
    data = data_of(DISPUTED)
    assert data["agreement"] == {
        "agreeing": ["b.txt", "d.txt", "e.txt"],
        "conflicting": ["c.txt", "f.txt"],
        "single_source": False,
    }
    row = dict(zip(CSV_COLUMNS, as_csv_row(data), strict=True))
    assert (row["agreeing"], row["conflicting"]) == ("b.txt; d.txt; e.txt", "c.txt; f.txt")


def test_an_answer_that_no_other_document_confirms_is_flagged() -> None:
    data = data_of(MILL)
    assert data["agreement"] == {"agreeing": [], "conflicting": [], "single_source": True}
    assert agreement_sentences(data) == ["Single source: no other document says the same."]


def test_text_is_wrapped_to_the_width() -> None:
    long = answer_from("It burned down in 1812, " + "they say, " * 30 + "truly.", "1812")
    assert all(len(line) <= 40 for line in as_text(long, width=40).splitlines()[:-1])


CITATION_KEYS = {
    "n": int,
    "file": str,
    "sha256": str,
    "title": str,
    "date": str,
    "start": int,
    "end": int,
    "quote": str,
    "line": int,
    "column": int,
    "location": type(None),
    "sentence": {"start": int, "end": int, "text": str, "prefix": str, "suffix": str},
    "passage": {"start": int, "end": int},
    "scores": {"dense": float, "lexical": float, "reader": float},
    "stale": bool,
    "file_state": str,
    "agrees": bool,
    "agreement": str,
}


def shape(value: object) -> object:
    """Keys and kinds of values."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            MILL,
            {
                "status": str,
                "answer": str,
                "reason": type(None),
                "citations": [CITATION_KEYS],
                "agreement": {"agreeing": [], "conflicting": [], "single_source": bool},
                "refusal": type(None),
                "rejected": type(None),
            },
        ),
        (
            ABSTAINED,
            {
                "status": str,
                "answer": type(None),
                "reason": str,
                "citations": [],
                "agreement": type(None),
                "refusal": {"stage": str, "needed": float, "missing_words": [str]},
                "rejected": CITATION_KEYS,
            },
        ),
    ],
    ids=["answer", "abstention"],
)
def test_json_has_the_documented_keys_and_no_others(
    reply: Reply, expected: dict[str, object]
) -> None:
    always = {"id": str, "question": str, "confidence": float, "elapsed_ms": int}
    always |= {"understood_as": type(None)}
    assert shape(json.loads(as_json(data_of(reply)))) == always | expected


@pytest.mark.parametrize("reply", [MILL, ABSTAINED], ids=["answer", "abstention"])
def test_what_a_follow_up_was_understood_as_is_said(reply: Reply) -> None:
    data = data_of(replace(reply, understood_as="When did *the mill* burn?"))
    assert data["understood_as"] == "When did *the mill* burn?"
    assert "*Understood as: When did \\*the mill\\* burn?*\n" in as_markdown(data)


def test_json_text_is_verbatim_and_in_one_line() -> None:
    line = as_json(data_of(evil_answer()))
    assert "\n" not in line
    read = json.loads(line)
    assert read["answer"] == read["citations"][0]["quote"] == f"{EVIL} in 1812"
    assert read["citations"][0]["end"] - read["citations"][0]["start"] == len(read["answer"])


FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(
    "reply",
    [evil_answer(), NoAnswer(EVIL, f"Because {EVIL}", 0.1, evil_answer().citations[0])],
    ids=["answer", "abstention"],
)
def test_no_control_character_of_a_document_reaches_the_terminal(reply: Reply) -> None:
    for shown in (as_text(reply), as_markdown(data_of(reply))):
        assert not FORBIDDEN.search(shown)
        assert "red" in shown
    assert not FORBIDDEN.search(as_quotation(evil_answer().citations[0]))


def test_markup_of_a_document_is_shown_as_it_is() -> None:
    assert "[bold]1812[/bold]" in as_text(answer_from("In [bold]1812[/bold].", "1812")).replace(
        ">>1812<<", "1812"
    )


@pytest.mark.parametrize("breaking", ["A\n[2] Forged, b.txt:9", "A\r[2] Forged", "A\u2028B"])
def test_a_source_is_named_in_one_line_whatever_its_title_and_file(breaking: str) -> None:
    answer = answer_from("It was 1812.", "1812", title=breaking, file=f"{breaking}.txt")
    assert len(source_line(answer.citations[0]).splitlines()) == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＠"])
def test_csv_cells_that_a_spreadsheet_would_run_are_made_harmless(start: str) -> None:
    formula = f"{start}1+HYPERLINK(1812)"
    answer = answer_from("It was 1812.", "1812", question=formula, title=formula)
    row = dict(zip(CSV_COLUMNS, as_csv_row(data_of(answer)), strict=True))
    assert row["question"] == row["title"] == f"'{formula}"


@given(st.text(st.sampled_from("'=+-@\t＝a ")))
def test_the_escape_of_a_csv_cell_can_be_taken_back(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "＝"))
    guarded = re.match("'+[=+\\-@\t\r\n＝＋－＠]", cell)
    assert (cell[1:] if guarded else cell) == text


def test_csv_golden_lines() -> None:
    assert csv_line(as_csv_row(data_of(MILL))) == (
        "7,When was it?,answered,1812,0.875,,,a.txt,1,,A title,2024-03-06,"
        '"It burned down in 1812, they say.",,,no,,12\n'
    )
    assert csv_line(as_csv_row(data_of(ABSTAINED))) == (
        "7,When was it?,no_answer,,0.2,Nothing says so.,reader,,,,,,,,,,,12\n"
    )


def test_a_csv_row_says_what_a_follow_up_was_understood_as() -> None:
    data = data_of(replace(MILL, understood_as="When was the mill?"))
    row = dict(zip(CSV_COLUMNS, as_csv_row(data), strict=True))
    assert row["understood_as"] == "When was the mill?"


@given(st.lists(st.text(st.sampled_from("a\",;\n\r=' é")), min_size=12, max_size=12))
def test_every_csv_line_reads_back_as_its_cells(cells: list[str]) -> None:
    assert next(csv.reader(io.StringIO(csv_line(cells), newline=""))) == cells


def test_markdown_golden_sections() -> None:
    assert as_markdown(data_of(MILL)) == (
        "## When was it?\n"
        "\n"
        "**1812** (confidence 88%)\n"
        "\n"
        "> It burned down in 1812, they say.\n"
        "\n"
        "Single source: no other document says the same.\n"
        "\n"
        "1. A title, 2024-03-06, `a.txt:1`\n"
    )
    assert as_markdown(data_of(ABSTAINED)) == (
        "## When was it?\n"
        "\n"
        "*No answer.* Nothing says so.\n"
        "\n"
        "Refused at the reader stage.\n"
        "\n"
        "> It burned down in 1812, they say.\n"
        "\n"
        "The best span, rejected: “1812”\n"
        "\n"
        "1. A title, 2024-03-06, `a.txt:1`\n"
    )


def rendered_lines(markdown: str) -> list[str]:
    """The text of each paragraph, heading and item as a reader of the rendered page sees it."""
    tokens = MarkdownIt("commonmark").parse(markdown)
    return [
        "".join(child.content for child in token.children or ())
        for token in tokens
        if token.type == "inline"
    ]


MARKS = st.text(st.sampled_from("ab12 *_`[]()<>#+-=.!|~&;:\\/"), min_size=1, max_size=12).map(
    lambda text: f"q{text}q"
)


@given(question=MARKS, sentence=MARKS, title=MARKS, file=MARKS)
def test_markdown_shows_the_very_characters_of_the_text(
    question: str, sentence: str, title: str, file: str
) -> None:
    answer = answer_from("It was 1812.", "1812", question=question, title=title, file=file)
    citation = replace(answer.citations[0], quote=sentence, sentence_text=sentence, date=None)
    data = as_data(replace(answer, text=sentence, citations=(citation,)), id_="1", elapsed_ms=1)
    assert rendered_lines(as_markdown(data)) == [
        question,
        f"{sentence} (confidence 88%)",
        sentence,
        "Single source: no other document says the same.",
        f"{title}, {file}:1",
    ]


@pytest.mark.parametrize(
    "start", ["1. ", "12) ", "- ", "+ ", "# ", "> ", "---", "===", "&lt;", "```"]
)
def test_markdown_takes_no_beginning_of_a_sentence_for_structure(start: str) -> None:
    sentence = f"{start}and 1812"
    answer = answer_from(sentence, "1812")
    assert rendered_lines(as_markdown(data_of(answer)))[2] == sentence


@pytest.mark.parametrize(
    ("confidence", "word"),
    [(1.0, "high"), (0.85, "high"), (0.84, "good"), (0.6, "good"), (0.35, "fair"), (0.0, "low")],
)
def test_a_confidence_has_a_word(confidence: float, word: str) -> None:
    assert confidence_word(confidence) == word


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("Mill report › Money › Gifts", "[1] Mill report, notes.md:1, Money › Gifts"),
        ("Mill report", "[1] Mill report, notes.md:1"),
        ("Money", "[1] Mill report, notes.md:1, Money"),
        (None, "[1] Mill report, notes.md:1"),
    ],
)
def test_the_line_of_a_source_says_its_title_once(location: str | None, shown: str) -> None:
    answer = answer_from("Gifts: 1,200.", "1,200", file="notes.md", title="Mill report", day=None)
    assert source_line(replace(answer.citations[0], location=location)) == shown
