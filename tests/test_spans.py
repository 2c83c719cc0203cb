"""What the model's tokens are widened to, and what of a line may answer nothing."""

from __future__ import annotations

import pytest

from qa.spans import after_marker, whole_words
from qa.text import Span


def widened(text: str, span: str) -> str:
    start = text.index(span)
    return whole_words(text, Span(start, start + len(span)), Span(0, len(text))).of(text)


@pytest.mark.parametrize(
    ("text", "span", "whole"),
    [
        ("It has 1,644,518 people.", "1,644", "1,644,518"),
        ("Nitrate: 38.2 mg/l", "38", "38.2"),
        ("Nitrate: 38.2 mg/l", "2", "38.2"),
        ("It costs $4.5 in all.", "4", "$4.5"),
        ("It rose by 11% in a year.", "11", "11%"),
        ("the unworkable plan", "work", "unworkable"),
        ("In 1812, 14 men left.", "1812", "1812"),
        ("In 1812, 14 men left.", "14", "14"),
        ("The year was 1812.", "1812", "1812"),
        ("at 10:30 sharp", "30", "10:30"),
        ("well-known men", "known", "known"),
    ],
)
def test_a_span_holds_whole_words_and_numbers(text: str, span: str, whole: str) -> None:
    assert widened(text, span) == whole


def test_a_span_stays_in_its_sentence() -> None:
    text = "1,644,518"
    assert whole_words(text, Span(2, 5), Span(2, 7)) == Span(2, 7)


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("4.2. Receipts are needed.", "Receipts are needed."),
        ("4.2 Receipts are needed.", "Receipts are needed."),
        ("4.2 million people left.", "4.2 million people left."),
        ("1. Heat the oven.", "Heat the oven."),
        ("- 2 large onions", "2 large onions"),
        ("(b) the cellar", "the cellar"),
        ("b) the cellar", "the cellar"),
        ("A. Smith won the prize.", "A. Smith won the prize."),
        ("Q: Where is it?", "Where is it?"),
        ("## 3.1.0 of the program", "3.1.0 of the program"),
        ("324 schools teach it.", "324 schools teach it."),
        ("1.5 litres of stock", "1.5 litres of stock"),
        ("3.", "3."),
    ],
)
def test_what_numbers_a_line_answers_nothing(line: str, rest: str) -> None:
    assert after_marker(line, Span(0, len(line))).of(line) == rest
