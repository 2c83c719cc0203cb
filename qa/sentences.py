"""Sentences, and the lines that they stand in as they were before an editor wrapped them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from qa.text import Span, lines, start_with_blanks, trimmed

__all__ = ["LONGEST_SENTENCE", "sentences", "sentences_in", "unwrapped_lines"]

#: A sentence longer than this many characters is cut at white space, so that a file without
#: punctuation (a log, a dump on one line) still has sentences that a person can read.
LONGEST_SENTENCE = 1_000

_DAY_AND_MONTH = re.compile(
    r"\b\d{1,2} (?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)\.\s*\Z", re.IGNORECASE
)
_BEFORE_DIGITS = re.compile(
    r"\b(?:approx|art|cf|figs?|max|min|nos?|pp|sect|tel|thurs?|tues?|vols?)\.\s*\Z", re.IGNORECASE
)
_BEFORE_NAME = re.compile(
    r"\b(?:Capt|Cf|Col|Gen|Gov|Hon|Lt|Maj|Messrs|Prof|Rep|Rev|Sen|Sgt|vs)\.\s*\Z"
)
#: What a heading or a clause begins with.
_LINE_NUMBER = re.compile(r"(?:#+\s*)?(?:\d{1,3}\.)+\d{0,3}|[A-Za-z]\.")
#: Where a sentence may end although the next one begins with a number: after a whole word.
_BEFORE_NUMBER = re.compile(r"(?<![\w.])([^\W\d_]{4,})[.!?][\"'”’»)]*\s+(?=\d)")
#: And where it ends with a number that has a point or a comma inside, or with a sign.
_AFTER_NUMBER = re.compile(r"(?:\d[.,:]\d+|%|°[CF]?)[.!?][\"'”’»)]*\s+(?=[\"'“‘(]?[A-Z])")
_REFERENCE = re.compile(
    r"\b(?:art|article|chapter|clause|fig|figure|no|sect|section|table|vol|volume)s?\.?\s[\d.]+\Z",
    re.IGNORECASE,
)
_BEFORE_NUMBER_ABBREVIATED = frozenset(
    "approx arts chap circa para paras figs nums sect sept tech thur thurs tues vols".split()
)

#: A line that is wrapped has at least so many characters, and at most so many.
_NARROWEST, _WIDEST = 35, 160
_BREAK = re.compile(r"[\r\n]")
#: One line break, and the white space around it.
_SOFT_BREAK = re.compile(r"[ ]*(?:\r\n|\r|\n)[ ]*")
#: What stands before each line of a mail that is quoted in another.
_QUOTED = re.compile(r"(?:>[ ]?)*")
#: What no line of prose holds: tables, columns and rules, code.
_NO_PROSE = re.compile(
    r"[|\t]| {3}|[-=_*~.]{4}|[{}<\\]| [=:!+-]?=+ (?!-?\d+[.,]\d)|=$|[=-]>|\w\((?!s\))|\w_\w"
)
#: What a line ends with that does not go on: a sentence, what introduces a list.
_ENDED = re.compile(r"[.!?:;…(\[][\"'”’»)\]*_]*$")
#: What a line ends with that surely goes on, though the next one begins with what looks like a number.
_OPEN = re.compile(r"\b(?:and|at|by|for|from|in|of|on|or|than|the|to|until|with)$")
_NUMBERED = re.compile(r"(\d{1,3})\.(?:\s|$)")
#: What a line begins with that goes on none: a point of a list, a heading, a label.
_BEGUN = re.compile(
    r"[-*•–—+#]|(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)](?:\s|$)|\(\w{1,3}\)"
    r"|(?:[A-Z][\w ./&'’-]{0,30}|[a-z_-]+):(?:\s|$)"
)
_WORD = re.compile(r"(?<!\S)[\"'“‘(]*[^\W\d_]+(?:['’-][^\W\d_]+)*[\"'”’),;:*_]*(?!\S)")
#: A line of fewer is a label or an item of a list, and one of which they are a smaller share no prose.
_FEWEST_WORDS, _LEAST_SHARE = 4, 0.6
#: How full a line is in a paragraph that was wrapped: people do so less evenly than editors.
_LEAST_FULL, _MOST_FULL = 0.75, 1.1


def sentences(text: str) -> list[Span]:
    """Split ``text`` into sentences, in order, without overlap.

    A line break ends one, but where it only wraps a line (:func:`unwrapped_lines`). Every character that is
    not white space lies in exactly one sentence. Speech is split inside its quotation marks, since one of its
    sentences is usually what answers a question. The boundaries are syntok's (MIT,
    https://github.com/fnl/syntok), but for those before a number; the offsets are ours.
    """
    return [s for line in unwrapped_lines(text) for s in sentences_in(text, line)]


def sentences_in(text: str, line: Span) -> Iterator[Span]:
    """The sentences of one of the :func:`unwrapped_lines`."""
    for sentence in _sentences_of_line(text, line):
        yield from _cut_to_length(text, sentence)


def _sentences_of_line(text: str, line: Span) -> Iterator[Span]:
    from syntok.segmenter import segment
    from syntok.tokenizer import Tokenizer

    tokenizer = Tokenizer(replace_not_contraction=False)
    # To syntok a line break is no white space like any other.
    tokens = tokenizer.tokenize(_BREAK.sub(" ", line.of(text)))
    # A sentence runs up to the next one's first token, so that nothing can fall between two.
    starts = [line.start + tokens[0].offset for tokens in segment(tokens) if tokens]
    starts = sorted(
        {
            line.start,
            *(s for s in starts if s < line.end and not _inside_sentence(text, line, s)),
            *_ends_at_a_number(text, line),
        }
    )
    for start, end in zip(starts, [*starts[1:], line.end], strict=True):
        sentence = trimmed(text, Span(start, end))
        if sentence:
            yield sentence


def _ends_at_a_number(text: str, line: Span) -> Iterator[int]:
    """Where sentences begin that syntok never divides: "is taught. 324 schools", "costs £7.90. We cannot"."""
    for match in _BEFORE_NUMBER.finditer(text, line.start, line.end):
        if match[1].casefold() not in _BEFORE_NUMBER_ABBREVIATED:
            yield match.end()
    for match in _AFTER_NUMBER.finditer(text, line.start, line.end):
        before = text[max(line.start, match.start() - 24) : match.end()].strip()
        if not _LINE_NUMBER.fullmatch(text[line.start : match.end()].strip()) and (
            not _REFERENCE.search(before)
        ):
            yield match.end()


def _inside_sentence(text: str, line: Span, start: int) -> bool:
    """True if syntok has taken for an end what abbreviates a word, or numbers a line or a paragraph."""
    before = text[max(line.start, start - 16) : start]
    if text[start].isdigit() and (_DAY_AND_MONTH.search(before) or _BEFORE_DIGITS.search(before)):
        return True
    return bool(
        _BEFORE_NAME.search(before) or _LINE_NUMBER.fullmatch(text[line.start : start].strip())
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


def unwrapped_lines(text: str) -> list[Span]:
    """The lines of ``text`` that hold anything, those that were wrapped to a width joined again.

    A line that ends within a sentence goes on in the next one if that begins with a small letter. In a
    paragraph in which one does, so does one before a name or a number, if it is about full; in a text in
    which one does, if the first word of the next would not have fitted on it. Headings, lists, tables and
    code stay lines.
    """
    single = list(lines(text))
    pairs = list(pairwise(single))
    may = [_may_go_on(text, *pair) for pair in pairs]
    small = [
        goes and (_first(text, other).islower() or _is_broken_number(text, line, other))
        for goes, (line, other) in zip(may, pairs, strict=True)
    ]
    widest = max(
        (_width(text, line) for line, goes in zip(single, small, strict=False) if goes), default=0
    )
    goes_on: list[bool] = []
    for paragraph in _paragraphs(text, pairs):
        places = range(len(goes_on), len(goes_on) + len(paragraph))
        own = max((_width(text, pairs[place][0]) for place in places if small[place]), default=0)
        width, share = (own, _LEAST_FULL) if own else (widest, 1.0)
        goes_on += [
            small[place]
            or (may[place] and width > 0 and _is_full(text, *pairs[place], width, share))
            for place in places
        ]
    joined = single[:1]
    for goes, line in zip(goes_on, single[1:], strict=True):
        if goes:
            joined[-1] = Span(joined[-1].start, line.end)
        else:
            joined.append(line)
    return joined


def _paragraphs(
    text: str, pairs: Sequence[tuple[Span, Span]]
) -> Iterator[Sequence[tuple[Span, Span]]]:
    """Runs of neighbouring lines, each up to the pair that a blank line divides."""
    first = 0
    for place, (line, following) in enumerate(pairs, start=1):
        if place == len(pairs) or not _SOFT_BREAK.fullmatch(text, line.end, following.start):
            yield pairs[first:place]
            first = place


def _may_go_on(text: str, line: Span, following: Span) -> bool:
    """True if neither line says by itself that the second begins anew."""
    if not _NARROWEST <= len(line) <= _WIDEST or len(following) > _WIDEST:
        return False
    quoted = _QUOTED.match(text, line.start, line.end)
    also_quoted = _QUOTED.match(text, following.start, following.end)
    assert quoted is not None
    assert also_quoted is not None
    if quoted[0].strip() != also_quoted[0].strip() or not _SOFT_BREAK.fullmatch(
        text, line.end, following.start
    ):
        return False
    this, that = text[quoted.end() : line.end], text[also_quoted.end() : following.end]
    return bool(
        that.strip("> ")
        and not _ENDED.search(this)
        and not this.startswith("#")
        and (not _BEGUN.match(that) or _is_broken_number(text, line, following))
        and not _NO_PROSE.search(this)
        and not _NO_PROSE.search(that)
        and len(_WORD.findall(this)) >= max(_FEWEST_WORDS, _LEAST_SHARE * len(this.split()))
    )


def _is_broken_number(text: str, line: Span, following: Span) -> bool:
    """True where "from 10 to" goes on with "14. In July", which looks like a point of a list."""
    number = _NUMBERED.match(following.of(text))
    if number is None or not _OPEN.search(line.of(text)) or number[1] == "1":
        return False
    after = _NUMBERED.match(text[following.end : following.end + 80].lstrip())
    return after is None or int(after[1]) != int(number[1]) + 1


def _first(text: str, line: Span) -> str:
    """The first character of a line, after the marks of a quoted mail."""
    return text[line.start : line.end].lstrip("> ")[:1]


def _width(text: str, line: Span) -> int:
    """Of a line with the blanks before it, in characters."""
    return line.end - start_with_blanks(text, line.start)


def _is_full(text: str, line: Span, following: Span, width: int, share: float) -> bool:
    """True if with the first word of the following line this one would fill so much of ``width``, or more."""
    word = following.of(text).lstrip("> ").split(maxsplit=1)[0]
    own = _width(text, line)
    return own <= _MOST_FULL * width and own + 1 + len(word) > share * width
