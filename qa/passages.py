"""Cuts a document into sentence-aligned passages that fit the encoder."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from operator import attrgetter

from qa.layout import furniture
from qa.sections import NO_SECTION, Section
from qa.sentences import sentences_in, unwrapped_lines
from qa.text import Span

__all__ = ["Passage", "header_of", "split_passages"]

_WORD = re.compile(r"\S+")
#: A passage that ends before a section or a table has at least so large a share of the words of a full one.
SMALLEST_SHARE = 0.25
#: A header that would leave fewer tokens than this for the sentences is left out.
SMALLEST_ROOM = 32


#: A sentence or a part of one, its tokens and its words.
_Piece = tuple[Span, int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring sentences of one document."""

    span: Span
    sentences: tuple[Span, ...]
    prose: bool
    """False for furniture: menus and lists of headlines, which rank behind the article."""
    section: Section = NO_SECTION
    """What stands above it in the document and belongs to it."""


def header_of(title: str, day: date | None, section: Section = NO_SECTION) -> str:
    """The lines put before a document's passages when they are embedded or read, never when cited."""
    first = f"{title} ({day.isoformat()})\n" if day is not None else f"{title}\n"
    return first + section.lines


def split_passages(
    text: str,
    *,
    header: str,
    count_tokens: Callable[[str], int],
    max_tokens: int,
    max_words: int,
    section_at: Callable[[int], Section] = lambda offset: NO_SECTION,  # noqa: ARG005
    together: Sequence[Span] = (),
    menus: bool = True,
) -> list[Passage]:
    """Whole sentences gathered up to ``max_words`` and to ``max_tokens`` with the header in front.

    The header is ``header`` and what ``section_at`` says of the offset at which a passage begins.
    Neighbouring passages share one sentence, so that nothing is lost at a cut, but where a section or a
    table begins. What lies in one of the spans ``together``, in order of their starts, is not cut where it
    fits a passage of its own and the one before is no scrap. Prose and furniture never share a passage;
    without ``menus`` there is no furniture. A sentence that does not fit alone is cut at white space.
    ``count_tokens`` counts without the encoder's special tokens; ``max_tokens`` leaves them out too.
    """
    sections = _Room(section_at, count_tokens, max(max_tokens - count_tokens(header), 1))
    passages: list[Passage] = []
    for prose, block in _blocks(text, menus):
        pieces = [
            (piece, count_tokens(piece.of(text)), len(_WORD.findall(piece.of(text))))
            for sentence in block
            for piece in _fitting(text, sentence, count_tokens, sections)
        ]
        passages.extend(
            Passage(
                Span(group[0].start, group[-1].end), group, prose, sections.at(group[0].start)[0]
            )
            for group in _gathered(pieces, sections, max_words, together)
        )
    return passages


class _Room:
    """What is left for the sentences of a passage, by where it begins."""

    def __init__(
        self, section_at: Callable[[int], Section], count_tokens: Callable[[str], int], room: int
    ) -> None:
        self._section_at = section_at
        self._count_tokens = cache(count_tokens)
        self._room = room

    def at(self, offset: int) -> tuple[Section, int]:
        """The section of a passage that begins there, and the room for its sentences in tokens.

        A section that would push the passage out of what the encoder sees is left out.
        """
        section = self._section_at(offset)
        if section == NO_SECTION:
            return section, self._room
        left = self._room - self._count_tokens(section.lines)
        return (section, left) if left >= SMALLEST_ROOM else (NO_SECTION, self._room)


def _blocks(text: str, menus: bool) -> Iterator[tuple[bool, list[Span]]]:
    """Runs of sentences between the borders of prose and furniture, each with ``prose`` or not."""
    lines = unwrapped_lines(text)
    marks = furniture([line.of(text) for line in lines]) if menus else [False] * len(lines)
    for is_furniture, run in groupby(zip(marks, lines, strict=True), key=lambda pair: pair[0]):
        yield not is_furniture, [s for _, line in run for s in sentences_in(text, line)]


def _gathered(
    pieces: Sequence[_Piece], sections: _Room, max_words: int, together: Sequence[Span]
) -> Iterator[tuple[Span, ...]]:
    group: list[_Piece] = []
    fresh = 0  # how many of the group no earlier passage holds

    def fits(more: Sequence[_Piece], before: Sequence[_Piece] = ()) -> bool:
        every = [*before, *more]
        room = sections.at(every[0][0].start)[1]
        return (
            sum(tokens for _, tokens, _ in every) <= room
            and sum(words for _, _, words in every) <= max_words
        )

    blocks = _blocks_of(pieces, together)
    for place, piece in enumerate(pieces):
        is_scrap = not fresh or sum(w for _, _, w in group) < max_words * SMALLEST_SHARE
        begun = () if is_scrap else blocks.get(place, ())
        if any(not fits(block, group) and fits(block) for block in begun):
            yield tuple(span for span, _, _ in group)
            group, fresh = [], 0
        while group and not fits([piece], group):
            if fresh:
                yield tuple(span for span, _, _ in group)
                group, fresh = group[-1:] if len(group) > 1 else [], 0
            else:
                group = []
        group.append(piece)
        fresh += 1
    if fresh:
        yield tuple(span for span, _, _ in group)


def _blocks_of(
    pieces: Sequence[_Piece], together: Sequence[Span]
) -> dict[int, list[Sequence[_Piece]]]:
    """The pieces in each of the spans that begin among them, by the place of the first."""
    if not pieces:
        return {}
    starts = [span.start for span, _, _ in pieces]
    begun = slice(
        bisect_left(together, starts[0], key=attrgetter("start")),
        bisect_right(together, starts[-1], key=attrgetter("start")),
    )
    blocks: dict[int, list[Sequence[_Piece]]] = {}
    for span in together[begun]:
        first, end = bisect_left(starts, span.start), bisect_left(starts, span.end)
        if first < end:
            blocks.setdefault(first, []).append(pieces[first:end])
    return blocks


def _fitting(
    text: str, sentence: Span, count_tokens: Callable[[str], int], sections: _Room
) -> Iterator[Span]:
    """``sentence``, halved at white space until each piece fits the room where it begins."""
    if count_tokens(sentence.of(text)) <= sections.at(sentence.start)[1] or len(sentence) < 2:
        yield sentence
        return
    middle = (sentence.start + sentence.end) // 2
    breaks = [match.start() + sentence.start for match in re.finditer(r"\s", sentence.of(text))]
    cut = min(breaks, key=lambda offset: abs(offset - middle), default=middle)
    left_end, right_start = cut, cut
    while left_end > sentence.start and text[left_end - 1].isspace():
        left_end -= 1
    while right_start < sentence.end and text[right_start].isspace():
        right_start += 1
    if left_end <= sentence.start or right_start >= sentence.end:
        left_end = right_start = middle
    yield from _fitting(text, Span(sentence.start, left_end), count_tokens, sections)
    yield from _fitting(text, Span(right_start, sentence.end), count_tokens, sections)
