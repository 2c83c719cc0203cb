"""Wrapping the text of a document into rows of the screen, so that offsets still count."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from qa.text import Span
from qa.tui.rows import wrapped_rows


def rows(text: str, width: int) -> list[str]:
    return [row.span.of(text) for row in wrapped_rows(text, width)]


def test_rows_break_after_white_space() -> None:
    assert rows("one two three", 8) == ["one two ", "three"]


def test_a_word_longer_than_a_row_is_cut() -> None:
    assert rows("abcdefgh ij", 4) == ["abcd", "efgh", " ij"]


def test_every_line_begins_a_row_and_only_that_row_has_its_number() -> None:
    numbered = [(row.line, row.span) for row in wrapped_rows("one two\n\nend", 5)]
    assert numbered == [
        (1, Span(0, 4)),
        (None, Span(4, 7)),
        (2, Span(8, 8)),
        (3, Span(9, 12)),
    ]


@pytest.mark.parametrize("width", [2, 3, 5])
def test_a_wide_character_counts_two(width: int) -> None:
    assert all(cell_len(row) <= width for row in rows("日本語の文章です", width))


@given(
    st.text(st.sampled_from("ab \n日😀e\u0301\u200b\u200d☁\ufe0f🇳"), max_size=60),
    st.integers(2, 12),
)
@example("☁\ufe0f" * 6, 5)
@example("👩\u200d👩\u200d👧" * 3, 4)
def test_rows_cover_everything_but_line_breaks_and_are_never_too_wide(
    text: str, width: int
) -> None:
    found = wrapped_rows(text, width)
    shown: set[int] = set()
    at = 0
    for row in found:
        assert text[at : row.span.start] in ("", "\n")
        assert cell_len(row.span.of(text)) <= width
        shown.update(range(row.span.start, row.span.end))
        at = row.span.end
    assert at == len(text)
    assert shown == {place for place, character in enumerate(text) if character != "\n"}
    assert sum(row.line is not None for row in found) == text.count("\n") + 1
