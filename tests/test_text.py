"""Spans, lines and sentences keep the law: text is only ever a slice of its document."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.text import LONGEST_SENTENCE, LineIndex, Span, displayable, lines, sentences, trimmed
from tests.strategies import prose, texts


def cut(text: str) -> list[str]:
    return [span.of(text) for span in sentences(text)]


@given(st.one_of(texts, prose))
@example("\u200b")
@example("One.\r\nTwo.\x85Three.")
@example("e\u0301" * 1_200)
def test_every_visible_character_lies_in_exactly_one_sentence(text: str) -> None:
    holders = [0] * len(text)
    for span in sentences(text):
        for offset in range(span.start, span.end):
            holders[offset] += 1
    wrong = [
        offset
        for offset, character in enumerate(text)
        if holders[offset] > 1 or (not character.isspace() and holders[offset] != 1)
    ]
    assert wrong == []


@given(st.one_of(texts, prose))
def test_sentences_come_in_order_and_never_overlap(text: str) -> None:
    found = sentences(text)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(st.one_of(texts, prose))
def test_a_sentence_is_one_line_without_white_space_at_its_ends(text: str) -> None:
    for quote in cut(text):
        assert quote == quote.strip() != ""
        assert len(quote.splitlines()) == 1
        assert len(quote) <= LONGEST_SENTENCE


@given(texts)
def test_lines_are_the_lines_that_python_sees_without_the_blank_ones(text: str) -> None:
    expected = [line.strip() for line in text.splitlines() if line.strip()]
    assert [span.of(text) for span in lines(text)] == expected


def test_sentences_of_the_seeds_are_slices_of_them(seeds: Path) -> None:
    for path in sorted(seeds.glob("*.txt")):
        text = path.read_bytes().decode("utf-8")
        joined = "".join("".join(quote.split()) for quote in cut(text))
        assert joined == "".join(text.split())


@pytest.mark.parametrize(
    "speech",
    [
        ['"We lit fires for six nights.', 'It was not enough," said the grower.'],
        ["“We lit fires for six nights.", "It was not enough,” said the grower."],
        ["'We lit fires for six nights.", "It was not enough,' said the grower."],
        ["“We lit fires for six nights.", "It was not enough.”", "So said the grower."],
    ],
)
def test_speech_is_split_inside_its_quotation_marks(speech: list[str]) -> None:
    assert cut(" ".join(speech)) == speech


def test_speech_in_the_seeds_is_split_inside_its_quotation_marks(seeds: Path) -> None:
    text = (seeds / "002_8486566964dbd0de.txt").read_text(encoding="utf-8")
    found = cut(text)
    assert "'We are very pleased with the dynamics of bilateral relations." in found
    assert "This is not just a phrase, it really is so." in found


@pytest.mark.parametrize(
    "whole",
    [
        "x x x",
        "* * *",
        "Aliyev told Putin that Azerbaijan will deepen relations with Russia (Video, Photo, Updated)",
        "Azerbaijani Politics 26 november — 15:42",
        "20 Jul. 12:35 (UTC+3 MSK)",
        "9 Aug. 14:30 (UTC+3 MSK)",
        "Published on 20 Jul. 2024 in Baku.",
        "Mr. Brown met the U.S. envoy in St. Petersburg.",
        "It is worth 4.5 billion dollars, e.g. in grain.",
        "The train left at 9 a.m. on Monday.",
        "Wait… what?",
    ],
)
def test_stops_that_end_no_sentence_do_not_split_it(whole: str) -> None:
    assert cut(whole) == [whole]


@pytest.mark.parametrize(
    "pair",
    [
        ("They are taught in Russian.", "324 schools teach it too."),
        ("It burned “to the ground.”", "12 people fled."),
        ("Did it burn?", "1812 says the stone."),
    ],
)
def test_a_sentence_may_begin_with_a_number(pair: tuple[str, str]) -> None:
    text = " ".join(pair)
    assert [span.of(text) for span in sentences(text)] == list(pair)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("000_065e569533fd9b8a.txt", "date 2025-07-20 20 Jul. 12:35 (UTC+3 MSK)"),
        ("002_8486566964dbd0de.txt", "* * *"),
        ("003_3289713090160099.txt", "x x x"),
        ("003_3289713090160099.txt", "date 2025-10-21 Astana, October 21, AZERTAC"),
        ("004_c3727bf4b6d8c6f9.txt", "© Photo: the Azerbaijani presidential website"),
    ],
)
def test_datelines_and_separators_of_the_seeds_stay_whole(
    seeds: Path, file: str, line: str
) -> None:
    assert line in cut((seeds / file).read_text(encoding="utf-8"))


def test_a_line_without_punctuation_is_cut_at_white_space() -> None:
    text = "word " * 1_000
    found = cut(text)
    assert len(found) == 5
    assert {word for quote in found for word in quote.split()} == {"word"}


@given(texts)
def test_every_offset_leads_to_its_line_and_column_and_back(text: str) -> None:
    index = LineIndex(text)
    for offset in range(len(text) + 1):
        line, column = index.position(offset)
        assert 1 <= line <= index.count
        assert column >= 1
        assert index.start_of(line) + column - 1 == offset


def test_lines_and_columns_count_from_one_as_editors_do() -> None:
    index = LineIndex("ab\r\nc\rd\n")
    assert [index.position(offset) for offset in (0, 1, 4, 6, 8)] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (3, 1),
        (4, 1),
    ]
    assert index.count == 4


@given(texts)
def test_displayable_text_has_the_same_offsets_and_no_control_characters(text: str) -> None:
    shown = displayable(text)
    assert len(shown) == len(text)
    assert not any(character < " " and character not in "\n\t" for character in shown)
    assert not any("\x7f" <= character <= "\x9f" for character in shown)


def test_terminal_escapes_and_bidirectional_overrides_are_not_shown() -> None:
    assert displayable("a\x1b[31mb\u202ec\u2066d") == "a\ufffd[31mb\ufffdc\ufffdd"


def test_what_can_be_read_is_shown_as_it_is() -> None:
    text = "“Bakı” – 3 €\n\tnaïve 🙂 e\u0301"
    assert displayable(text) == text


def test_a_span_slices_measures_and_compares() -> None:
    span = Span(2, 5)
    assert span.of("abcdef") == "cde"
    assert len(span) == 3
    assert span.covers(Span(3, 5))
    assert not span.covers(Span(3, 6))
    assert span.overlaps(Span(4, 9))
    assert not span.overlaps(Span(5, 9))
    assert trimmed("  a b ", Span(0, 6)) == Span(2, 5)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2)])
def test_a_span_that_runs_backwards_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a span"):
        Span(start, end)
