"""From a span model's logits to the spans that they favour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import inf

import numpy as np
import numpy.typing as npt

from qa.models.reader import TokenScores
from qa.text import Span

__all__ = [
    "LONGEST_SPAN",
    "after_marker",
    "best_of_context",
    "best_of_windows",
    "best_spans",
    "null_score",
    "whole_words",
]

#: Longest answer, in tokens.
LONGEST_SPAN = 40
#: What numbers or marks a line before its words: a bullet, a heading's signs, "1.", "4.2", "(b)", "Q:".
_MARKER = re.compile(
    r"(?:[-*•–+]\s+|#{1,6}\s+|\d{1,3}[.)]\s+|[A-Za-z]\)\s+|(?:\d{1,3}\.){1,4}\d{0,3}\s+(?=[A-Z])"
    r"|\(\w{1,3}\)\s+|[QA]:\s+)+"
)
_IN_NUMBER = frozenset(".,:")
_BEFORE_NUMBER, _AFTER_NUMBER = frozenset("$€£¥"), frozenset("%€£°")


def best_of_context(windows: Sequence[TokenScores]) -> tuple[float, Span] | None:
    """The best span of a whole context and how far its logits lie above the context's null score.

    ``None`` if the context has no token.
    """
    whole = Span(
        0, max((int(tokens.offsets[:, 1].max(initial=0)) for tokens in windows), default=0)
    )
    best = best_of_windows(windows, whole)
    if best is None:
        return None
    score, _, span = best
    return score - null_score(windows), span


def best_of_windows(
    windows: Sequence[TokenScores], inside: Span
) -> tuple[float, float, Span] | None:
    """The best span inside ``inside``: its logits, how far they are ahead of the next span's, and itself.

    ``None`` if no token of any window lies inside.
    """
    spans: dict[Span, float] = {}
    for tokens in windows:
        for score, span in best_spans(tokens, inside, LONGEST_SPAN):
            spans[span] = max(score, spans.get(span, score))
    if not spans:
        return None
    (span, score), *others = sorted(
        spans.items(), key=lambda item: (item[1], item[0]), reverse=True
    )
    return score, score - others[0][1] if others else inf, span


def after_marker(text: str, sentence: Span) -> Span:
    """The sentence without what numbers or marks its line, which answers nothing; whole if it is no more."""
    marker = _MARKER.match(text, sentence.start, sentence.end)
    return Span(marker.end(), sentence.end) if marker and marker.end() < sentence.end else sentence


def whole_words(text: str, span: Span, inside: Span) -> Span:
    """``span`` without half a word or half a number at either end: the model's tokens are smaller.

    "1,644" of "1,644,518" says another thing, and a sign of money or of a share belongs to its number.
    """
    start, end = span.start, span.end
    while start > inside.start and _go_together(text, start, inside):
        start -= 1
    while end < inside.end and _go_together(text, end, inside):
        end += 1
    if start > inside.start and text[start].isdigit() and text[start - 1] in _BEFORE_NUMBER:
        start -= 1
    if end < inside.end and text[end - 1].isdigit() and text[end] in _AFTER_NUMBER:
        end += 1
    return Span(start, end)


def _go_together(text: str, place: int, inside: Span) -> bool:
    """True if the characters on either side of ``place`` are of one word or number."""
    before, after = text[place - 1], text[place]
    if before.isalnum() and after.isalnum():
        return True
    if after in _IN_NUMBER:
        return before.isdigit() and place + 1 < inside.end and text[place + 1].isdigit()
    return (
        before in _IN_NUMBER
        and after.isdigit()
        and place > inside.start + 1
        and text[place - 2].isdigit()
    )


def null_score(windows: Sequence[TokenScores]) -> float:
    """That a context holds no answer: the lowest of its windows' (Devlin et al. 2019, section 4.3)."""
    return min((tokens.null for tokens in windows), default=0.0)


def best_spans(
    tokens: TokenScores, inside: Span, longest: int, count: int = 2
) -> list[tuple[float, Span]]:
    """The ``count`` spans inside ``inside`` with the highest start plus end logit, best first.

    They have at most ``longest`` tokens and count characters of the context; there is none if no token of
    the window lies inside.
    """
    starts, ends = tokens.offsets[:, 0], tokens.offsets[:, 1]
    within = np.flatnonzero((starts >= inside.start) & (ends <= inside.end) & (ends > starts))
    firsts, lasts = _spans_of(len(within), longest)
    scores = tokens.start[within][firsts] + tokens.end[within][lasts]
    found: list[tuple[float, Span]] = []
    for _ in range(min(count, len(scores))):
        place = int(np.argmax(scores))
        first, last = within[firsts[place]], within[lasts[place]]
        found.append((float(scores[place]), Span(int(starts[first]), int(ends[last]))))
        scores[place] = -np.inf
    return found


@lru_cache(maxsize=128)
def _spans_of(tokens: int, longest: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First and last token of each span of at most ``longest`` of so many tokens."""
    band = np.tri(tokens, tokens, longest - 1, dtype=bool) & ~np.tri(tokens, tokens, -1, dtype=bool)
    firsts, lasts = np.nonzero(band)
    return firsts, lasts
