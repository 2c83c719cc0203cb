"""Spans and lines: everything that counts characters.

The law of the project lives here: text is only ever a slice of its document,
``text[span.start:span.end] == quote``, and an offset is recorded when text is cut, never found
again by searching.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = [
    "LineIndex",
    "Span",
    "counted",
    "displayable",
    "lines",
    "one_line",
    "start_with_blanks",
    "surroundings",
    "trimmed",
]

#: So much of the text before and after a sentence tells it from its equals.
SURROUNDING_CHARACTERS = 64

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
# What ends a line of prose: the breaks above and the rarer separators of Unicode.
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_BIDIRECTIONAL_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of characters, ``start <= end``, counted from 0 in a document's text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}..{self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """The characters of ``text`` that this span covers."""
        return text[self.start : self.end]

    def counted_from(self, start: int) -> Span:
        """The same characters, counted from the offset ``start``: a quote's span in its sentence."""
        return Span(self.start - start, self.end - start)

    def covers(self, other: Span) -> bool:
        """True if ``other`` lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """True if the two share at least one character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class LineIndex:
    """Turns offsets of one text into line and column, both counted from 1 as editors do."""

    text: str
    _starts: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]
        object.__setattr__(self, "_starts", starts)

    @property
    def count(self) -> int:
        """How many lines the text has; an empty text has one."""
        return len(self._starts)

    def position(self, offset: int) -> tuple[int, int]:
        """``(line, column)`` of the character at ``offset``."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def start_of(self, line: int) -> int:
        """Offset of the first character of ``line`` (from 1)."""
        return self._starts[line - 1]


def lines(text: str) -> Iterator[Span]:
    """Spans of the lines that hold more than white space, without that white space at their ends."""
    for match in _LINE.finditer(text):
        span = trimmed(text, Span(match.start(), match.end()))
        if span:
            yield span


def start_with_blanks(text: str, start: int) -> int:
    """Where the blanks begin that stand before ``start`` in its line."""
    while start and text[start - 1] in " \t":
        start -= 1
    return start


def trimmed(text: str, span: Span) -> Span:
    """``span`` without white space at either end; of length 0 if there is nothing else."""
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def surroundings(text: str, span: Span) -> tuple[str, str]:
    """The characters of ``text`` right before and right after ``span``, up to 64 of each.

    They are the ``prefix`` and ``suffix`` of a text quote selector (W3C Web Annotation Data Model,
    4.2.4): with them a quote is told from its equals when the text has changed.
    """
    before = text[max(span.start - SURROUNDING_CHARACTERS, 0) : span.start]
    return before, text[span.end : span.end + SURROUNDING_CHARACTERS]


def displayable(text: str) -> str:
    """``text`` made safe for a terminal, character for character, so that offsets still count.

    Control characters (terminal escapes among them) and bidirectional overrides, which can make a
    line read as what it is not, become ``\N{REPLACEMENT CHARACTER}``; tabs and line breaks stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    if character == "\r":
        return " "
    if character in _BIDIRECTIONAL_CONTROLS or unicodedata.category(character) in ("Cc", "Cs"):
        return "\N{REPLACEMENT CHARACTER}"
    return " " if character.isspace() else character


def counted(count: int, noun: str) -> str:
    """``1 file`` or ``2,000 files``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str) -> str:
    """``text`` made displayable, in one line, character for character."""
    return displayable(text).replace("\n", " ").replace("\t", " ")
