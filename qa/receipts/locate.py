"""Where a quote stands in a text that has changed since. Pure: texts in, spans out.

A quote is looked for in its sentence, never alone: a "1812" elsewhere, or one in a sentence that
now says "not in 1812", is another quote. White space and quotation marks may differ, since
re-wrapping and typographers change these and no word; of several equal sentences the one in the
same surroundings is meant.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from qa.receipts.records import Receipt
from qa.text import Span

__all__ = ["Folded", "Place", "locate", "locate_verbatim", "same_words"]

#: A sentence of at least this many characters is known by itself if it stands there once.
TELLING_SENTENCE = 40
#: A shorter one, or one of several, needs this many characters of its surroundings beside it.
TELLING_SURROUNDINGS = 12
#: So many equal sentences are compared; a file with more is made of nothing else.
MOST_PLACES = 10_000

_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_SINGLE_MARKS = "`´ʼ‘’‚‛‹›′＇"
_DOUBLE_MARKS = "“”„‟«»″＂"
_KINDS = [
    *((character, " ") for character in _SPACES),
    *((character, "'") for character in _SINGLE_MARKS),
    *((character, '"') for character in _DOUBLE_MARKS),
]
_ASCII_KINDS = [(character, kind) for character, kind in _KINDS if character.isascii()]
_RUN = re.compile("  +")


@dataclass(frozen=True)
class Folded:
    """A text with its runs of white space as one space and its quotation marks as one kind."""

    original: str
    text: str = field(init=False)
    _after_runs: list[int] = field(init=False, repr=False, compare=False)
    """Offsets in ``text`` right after the runs that were shortened."""
    _shifts: list[int] = field(init=False, repr=False, compare=False)
    """By how much the original is ahead from there on."""

    def __post_init__(self) -> None:
        text = self.original
        for character, kind in _ASCII_KINDS if text.isascii() else _KINDS:
            text = text.replace(character, kind)
        text = _with_one_mark(text)
        after_runs, shifts, shift = [], [], 0
        for run in _RUN.finditer(text):
            shift += len(run[0]) - 1
            after_runs.append(run.end() - shift)
            shifts.append(shift)
        object.__setattr__(self, "text", _RUN.sub(" ", text) if shift else text)
        object.__setattr__(self, "_after_runs", after_runs)
        object.__setattr__(self, "_shifts", shifts)

    def to_original(self, offset: int) -> int:
        """The offset in the original of the character at ``offset`` of the folded text."""
        runs = bisect_right(self._after_runs, offset)
        return offset + (self._shifts[runs - 1] if runs else 0)

    def to_folded(self, offset: int) -> int:
        """The offset in the folded text of the original's character at ``offset``."""
        low, high = 0, len(self._shifts)
        while low < high:  # the number of runs that end at or before the offset
            middle = (low + high) // 2
            if self._after_runs[middle] + self._shifts[middle] <= offset:
                low = middle + 1
            else:
                high = middle
        folded = offset - (self._shifts[low - 1] if low else 0)
        return min(folded, self._after_runs[low] - 1) if low < len(self._shifts) else folded


def _with_one_mark(text: str) -> str:
    """``text`` with ``"`` for ``'``, save after a digit: there they are feet and inches, never the same."""
    if "'" not in text:
        return text
    *pieces, last = text.split("'")
    marked = (piece + ("'" if piece[-1:].isdecimal() else '"') for piece in pieces)
    return "".join(marked) + last


@dataclass(frozen=True, slots=True)
class Place:
    """Where a receipt's quote and its sentence stand in a text now."""

    span: Span
    sentence: Span
    verbatim: bool
    """Character for character; otherwise white space or quotation marks differ."""
    equals: int = 1
    """How many places are equal to it in sentence and surroundings, itself among them."""


def same_words(one: str, other: str) -> bool:
    """True if two texts differ in white space and quotation marks at most."""
    return one == other or Folded(one.strip()).text == Folded(other.strip()).text


def locate_verbatim(text: str, receipt: Receipt) -> Place | None:
    """The place of ``receipt`` where its sentence stands once with all that was around it, verbatim.

    It is the one that :func:`locate` would choose, without folding ``text``.
    """
    prefix = receipt.prefix or ""
    whole = prefix + receipt.sentence_text + (receipt.suffix or "")
    at = text.find(whole)
    if at == -1 or text.find(whole, at + 1) != -1:
        return None
    return _shifted(receipt, at + len(prefix) - receipt.sentence.start)


def locate(text: Folded, receipt: Receipt) -> Place | None:
    """The place of ``receipt`` in ``text``, or ``None`` if its sentence is not there any more.

    With equal surroundings the place nearest to the old one is taken.
    """
    needle = _Needle(receipt)
    best: tuple[int, bool, int] = (-1, False, 0)
    chosen, count, equals = 0, 0, 0
    for start, verbatim in needle.places(text):
        count += 1
        score = needle.surroundings_at(text, start)
        rank = (score, verbatim, -abs(start - needle.old_start))
        equals = 1 if score > best[0] else equals + (score == best[0])
        if rank > best:
            best, chosen = rank, start
    if count == 0:
        return None
    telling = count == 1 and len(needle.core) >= TELLING_SENTENCE
    if not telling and best[0] < min(TELLING_SURROUNDINGS, needle.known):
        return None
    found = needle.placed(text, chosen, best[1], equals)
    return found if same_words(found.span.of(text.original), receipt.quote) else None


class _Needle:
    """A receipt's sentence without the white space at its ends, ready to be looked for."""

    def __init__(self, receipt: Receipt) -> None:
        sentence = receipt.sentence_text
        self._receipt = receipt
        self.core = sentence.strip()
        lead = len(sentence) - len(sentence.lstrip()) if self.core else 0
        self._lead = lead
        self._folded = Folded(self.core)
        before = Folded((receipt.prefix or "") + sentence[:lead]).text
        after = Folded(sentence[lead + len(self.core) :] + (receipt.suffix or "")).text
        self._before, self._after = before[::-1], after
        self.known = len(before.strip()) + len(after.strip())
        self.old_start = receipt.sentence.start + lead

    def places(self, text: Folded) -> Iterator[tuple[int, bool]]:
        """Where the core begins in the original text, and whether the whole sentence is verbatim."""
        verbatim = set()
        for at in _occurrences(text.original, self._receipt.sentence_text):
            verbatim.add(at + self._lead)
            yield at + self._lead, True
        if self.core:
            for at in _occurrences(text.text, self._folded.text):
                start = text.to_original(at)
                if start not in verbatim:
                    yield start, False

    def surroundings_at(self, text: Folded, start: int) -> int:
        """How many characters right before and after the place are those of the receipt."""
        at = text.to_folded(start)
        end = at + len(self._folded.text)
        before = text.text[max(at - len(self._before), 0) : at][::-1]
        after = text.text[end : end + len(self._after)]
        return _common(before, self._before) + _common(after, self._after)

    def placed(self, text: Folded, start: int, verbatim: bool, equals: int) -> Place:
        receipt = self._receipt
        if verbatim:
            return _shifted(receipt, start - self._lead - receipt.sentence.start, equals)
        at = text.to_folded(start)
        # The quote without the white space at its ends, as offsets of the core.
        quote = receipt.quote
        first = receipt.span.start - self.old_start + len(quote) - len(quote.lstrip())
        length = max(len(quote.strip()), 1)

        def span_of(begin: int, end: int) -> Span:
            return Span(
                text.to_original(at + self._folded.to_folded(begin)),
                text.to_original(at + self._folded.to_folded(end - 1)) + 1,
            )

        return Place(span_of(first, first + length), span_of(0, len(self.core)), False, equals)


def _shifted(receipt: Receipt, by: int, equals: int = 1) -> Place:
    span, sentence = (
        Span(span.start + by, span.end + by) for span in (receipt.span, receipt.sentence)
    )
    return Place(span, sentence, verbatim=True, equals=equals)


def _occurrences(text: str, needle: str) -> Iterator[int]:
    at = text.find(needle)
    for _ in range(MOST_PLACES):
        if at == -1:
            return
        yield at
        at = text.find(needle, at + 1)


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginnings."""
    if one == other:
        return len(one)
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
