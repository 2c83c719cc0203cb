"""Spans, lines and sentences: everything that counts characters.

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
    "one_line",
    "sentences",
    "surroundings",
    "trimmed",
]

#: A sentence longer than this many characters is cut at white space, so that a file without
#: punctuation (a log, a dump on one line) still has sentences that a person can read.
LONGEST_SENTENCE = 1_000

#: So much of the text before and after a sentence tells it from its equals.
SURROUNDING_CHARACTERS = 64

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
# What ends a line of prose: the breaks above and the rarer separators of Unicode.
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_DAY_AND_MONTH = re.compile(
    r"\b\d{1,2} (?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)\.\s*\Z", re.IGNORECASE
)
#: Where a sentence may end although the next one begins with a number: after a whole word.
_BEFORE_NUMBER = re.compile(r"(?<![\w.])([^\W\d_]{4,})[.!?][\"'”’»)]*\s+(?=\d)")
_BEFORE_NUMBER_ABBREVIATED = frozenset(
    "approx arts chap circa para paras figs nums sect sept tech vols".split()
)
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


def sentences(text: str) -> list[Span]:
    """Split ``text`` into sentences, in order, without overlap; a line break always ends one.

    Every character that is not white space lies in exactly one sentence. Speech is split inside its
    quotation marks, since one of its sentences is usually what answers a question. The boundaries
    are syntok's (MIT, https://github.com/fnl/syntok), but for those before a number; the offsets are
    ours.
    """
    found: list[Span] = []
    for line in lines(text):
        for sentence in _sentences_of_line(text, line):
            found.extend(_cut_to_length(text, sentence))
    return found


def _sentences_of_line(text: str, line: Span) -> Iterator[Span]:
    from syntok.segmenter import segment
    from syntok.tokenizer import Tokenizer

    tokenizer = Tokenizer(replace_not_contraction=False)
    tokens = tokenizer.tokenize(line.of(text))
    # A sentence runs up to the next one's first token, so that nothing can fall between two.
    starts = [line.start + tokens[0].offset for tokens in segment(tokens) if tokens]
    starts = sorted(
        {
            line.start,
            *(s for s in starts if s < line.end and not _inside_dateline(text, line.start, s)),
            *_numbers_that_begin_a_sentence(text, line),
        }
    )
    for start, end in zip(starts, [*starts[1:], line.end], strict=True):
        sentence = trimmed(text, Span(start, end))
        if sentence:
            yield sentence


def _numbers_that_begin_a_sentence(text: str, line: Span) -> Iterator[int]:
    """Syntok never ends a sentence before a number: "are taught in Russian. 324 schools also teach"."""
    for match in _BEFORE_NUMBER.finditer(text, line.start, line.end):
        if match[1].casefold() not in _BEFORE_NUMBER_ABBREVIATED:
            yield match.end()


def _inside_dateline(text: str, begin: int, start: int) -> bool:
    """True if ``start`` stands between an abbreviated month and the time of day: 20 Jul. 12:35."""
    return (
        text[start].isdigit()
        and _DAY_AND_MONTH.search(text[max(begin, start - 12) : start]) is not None
    )


def _cut_to_length(text: str, sentence: Span) -> Iterator[Span]:
    start = sentence.start
    while sentence.end - start > LONGEST_SENTENCE:
        cut = start + LONGEST_SENTENCE
        while cut > start + LONGEST_SENTENCE // 2 and not text[cut].isspace():
            cut -= 1
        if not text[cut].isspace():
            cut = start + LONGEST_SENTENCE
        piece = trimmed(text, Span(start, cut))
        if piece:
            yield piece
        start = cut
    rest = trimmed(text, Span(start, sentence.end))
    if rest:
        yield rest


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
