"""Spans, lines and sentences keep the law: text is only ever a slice of its document."""

from __future__ import annotations

import pytest
from hypothesis import given

from qa.text import LineIndex, Span, displayable, lines, trimmed
from tests.strategies import texts


@given(texts)
def test_lines_are_the_lines_that_python_sees_without_the_blank_ones(text: str) -> None:
    expected = [line.strip() for line in text.splitlines() if line.strip()]
    assert [span.of(text) for span in lines(text)] == expected


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
