"""Selecting a piece of a text by sentences and words; every step looks at what stands around it alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from qa.sentences import sentences
from qa.text import Span, trimmed

__all__ = ["Selection"]

#: A word with what belongs to it: "$4.5bn", "well-known", "11%".
_WORD = re.compile(r"[$€£¥+-]?\w+(?:[.,:'’/&@-]\w+)*%?")
#: What is longer is looked at in pieces, in characters, so that no key waits for a file that is one line.
LONGEST_PIECE = 20_000


@dataclass(frozen=True, slots=True)
class Selection:
    """The words from ``anchor`` to ``cursor``, whichever comes first, as in an editor."""

    text: str
    anchor: Span
    cursor: Span

    @classmethod
    def of(cls, text: str, span: Span) -> Selection:
        """``span`` as it is; steps go on from its first and last words."""
        return cls(text, span, span)

    @property
    def span(self) -> Span:
        """All that is selected."""
        return Span(
            min(self.anchor.start, self.cursor.start), max(self.anchor.end, self.cursor.end)
        )

    def sentence(self, step: int) -> Selection:
        """The whole sentence after or before; with ``step`` 0 the one in which the selection begins.

        At either end of the text nothing changes.
        """
        found = _next_sentence(self.text, self.span, step)
        return Selection.of(self.text, found) if found is not None else self

    def word(self, step: int) -> Selection:
        """One word: the next after the cursor, or before it; of a piece taken whole its first or last."""
        inside = list(_words(self.text, self.span)) if self.anchor == self.cursor else []
        if len(inside) > 1:
            return Selection.of(self.text, inside[0 if step > 0 else -1])
        found = _next_word(self.text, self.cursor, step)
        return Selection.of(self.text, found) if found is not None else self

    def extend(self, step: int) -> Selection:
        """Move the cursor by a word while the anchor stays: longer, or shorter towards the anchor."""
        anchor, cursor = self.anchor, self.cursor
        inside = list(_words(self.text, self.span)) if anchor == cursor else []
        if len(inside) > 1:  # a piece taken whole: from its first word to its end
            anchor, cursor = inside[0], Span(inside[-1].start, self.span.end)
        found = _next_word(self.text, cursor, step)
        return Selection(self.text, anchor, found) if found is not None else self

    def dragged(self, start: int, end: int) -> Selection:
        """What the mouse went over, from the character ``start`` to ``end``; a click is a word."""
        if start == end:
            for word in _words(self.text, _piece_around(self.text, start, "\n")):
                if word.start <= start < word.end:
                    return Selection.of(self.text, word)
        over = trimmed(self.text, Span(min(start, end), min(max(start, end) + 1, len(self.text))))
        return Selection.of(self.text, over) if over else self


def _piece_around(text: str, offset: int, break_: str) -> Span:
    """What stands between two of these breaks around ``offset``, or as much of it as is looked at."""
    before, end = text.rfind(break_, 0, offset), text.find(break_, offset)
    start = before + len(break_) if before != -1 else 0
    return Span(
        max(start, offset - LONGEST_PIECE),
        min(end if end != -1 else len(text), offset + LONGEST_PIECE),
    )


def _pieces_from(text: str, offset: int, step: int, break_: str) -> Iterator[Span]:
    """The piece around ``offset``, then those after it or before it."""
    piece = _piece_around(text, min(offset, len(text)), break_)
    while True:
        yield piece
        if step >= 0 and piece.end < len(text):
            at = piece.end + len(break_) * text.startswith(break_, piece.end)
            end = text.find(break_, at)
            piece = Span(at, min(end if end != -1 else len(text), at + LONGEST_PIECE))
        elif step < 0 and piece.start > 0:
            at = piece.start - len(break_) * text.endswith(break_, 0, piece.start)
            before = text.rfind(break_, 0, at)
            start = before + len(break_) if before != -1 else 0
            piece = Span(max(start, at - LONGEST_PIECE), at)
        else:
            return


def _next_sentence(text: str, span: Span, step: int) -> Span | None:
    # A sentence may go over several lines, but over no blank one.
    blank = "\n\n" if "\n\n" in text else "\r\n\r\n"
    for piece in _pieces_from(text, span.start, step, blank):
        found = [
            Span(piece.start + s.start, piece.start + s.end) for s in sentences(piece.of(text))
        ]
        for sentence in found if step >= 0 else reversed(found):
            if step > 0 and sentence.start > span.start:
                return sentence
            if step < 0 and sentence.end <= span.start:
                return sentence
            if step == 0 and sentence.end > span.start:
                return sentence
    return None


def _words(text: str, span: Span) -> Iterator[Span]:
    for match in _WORD.finditer(text, span.start, span.end):
        yield Span(match.start(), match.end())


def _next_word(text: str, span: Span, step: int) -> Span | None:
    for piece in _pieces_from(text, span.start if step < 0 else max(span.end - 1, 0), step, "\n"):
        words = list(_words(text, piece))
        for word in words if step > 0 else reversed(words):
            if (step > 0 and word.start >= span.end) or (step < 0 and word.end <= span.start):
                return word
    return None
