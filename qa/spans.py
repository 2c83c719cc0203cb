"""From a span model's logits to the spans that they favour."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import inf

import numpy as np
import numpy.typing as npt

from qa.models.reader import TokenScores
from qa.text import Span

__all__ = ["LONGEST_SPAN", "best_of_context", "best_of_windows", "best_spans", "null_score"]

#: Longest answer, in tokens.
LONGEST_SPAN = 40


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
