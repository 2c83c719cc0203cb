"""Answer verification: is the best candidate an answer, when it is read beside what could answer instead?

The sentences of the best candidates, each with its neighbours, are put into one context, whichever documents
they come from. A model reads it that was trained to tell which of them answers, and that none does: rivals
side by side as in RECONSIDER (Iyer et al., NAACL 2021), a second look at what was read as in Read + Verify
(Hu et al., AAAI 2019). It does not choose the answer; it says how sure that one is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from qa.candidates import Candidate, same_place
from qa.models.reader import SpanModel
from qa.retrieval import RetrievedPassage
from qa.spans import best_of_windows, null_score
from qa.text import Span

__all__ = [
    "Excerpt",
    "best_of_running_text",
    "context_of",
    "excerpts_of",
    "rivals",
    "verified",
]

#: So many candidates are read together, the best one among them.
TOGETHER = 3
#: In log-odds; what is further behind the best candidate is no rival of it.
FAR_BEHIND = 4.0
#: Sentences that are read before and after that of a candidate.
AROUND = 1


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Neighbouring sentences of a passage, with candidates in it."""

    document: int
    header: str
    text: str
    candidates: tuple[tuple[int, Span], ...]
    """Each by its number, with the place of its sentence in ``text``."""


def verified(question: str, candidates: Sequence[Candidate], model: SpanModel) -> Candidate:
    """The best of ``candidates``, which are in order, with its margin beside its rivals.

    It is the mean over two orders of what is read, as what comes first is read differently. A row of a table
    is left as it is: the verifier learned from running text.
    """
    best = candidates[0]
    if best.row is not None:
        return best
    excerpts = excerpts_of(rivals(candidates))
    orders = [excerpts, excerpts[::-1]] if len(excerpts) > 1 else [excerpts]
    contexts = [context_of(order) for order in orders]
    margins = []
    for (_, places), windows in zip(
        contexts, model.score(question, [text for text, _ in contexts]), strict=True
    ):
        found = best_of_windows(windows, places[0])
        if found is not None:
            margins.append(found[0] - null_score(windows))
    return replace(best, verified=sum(margins) / len(margins)) if margins else best


def rivals(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best candidate and those near it in running text, each in another sentence."""
    near = takewhile(lambda each: candidates[0].score - each.score <= FAR_BEHIND, candidates)
    return best_of_running_text(near, TOGETHER)


def best_of_running_text(candidates: Iterable[Candidate], most: int) -> list[Candidate]:
    """The first ``most`` that stand in no row of a table, each in another sentence."""
    found: list[Candidate] = []
    for candidate in candidates:
        if len(found) == most:
            break
        if candidate.row is None and not any(same_place(candidate, other) for other in found):
            found.append(candidate)
    return found


def excerpts_of(candidates: Sequence[Candidate]) -> list[Excerpt]:
    """What is read of each candidate, in their order; what touches in one passage is one excerpt."""
    ranges: list[_Range] = []
    for number, candidate in enumerate(candidates):
        own = _range_of(number, candidate)
        touched = next((n for n, other in enumerate(ranges) if other.touches(own)), None)
        if touched is None:
            ranges.append(own)
        else:
            ranges[touched] = ranges[touched].with_(own)
    return [each.excerpt(candidates) for each in ranges]


def context_of(excerpts: Sequence[Excerpt]) -> tuple[str, dict[int, Span]]:
    """The excerpts as one text, and where in it each candidate's sentence stands, by its number."""
    text, above = "", None
    places: dict[int, Span] = {}
    for excerpt in excerpts:
        if text:
            text = text.rstrip() + "\n"
        if (excerpt.document, excerpt.header) != above:
            text += excerpt.header
            above = excerpt.document, excerpt.header
        places |= {n: place.counted_from(-len(text)) for n, place in excerpt.candidates}
        text += excerpt.text
    return text, places


@dataclass(frozen=True, slots=True)
class _Range:
    """Sentences of a passage in which candidates were found, from ``first`` to ``last``."""

    passage: RetrievedPassage
    first: int
    last: int
    numbers: tuple[int, ...]

    def touches(self, other: _Range) -> bool:
        return (
            self.passage.id == other.passage.id
            and self.first <= other.last + 1
            and other.first <= self.last + 1
        )

    def with_(self, other: _Range) -> _Range:
        first, last = min(self.first, other.first), max(self.last, other.last)
        return replace(self, first=first, last=last, numbers=self.numbers + other.numbers)

    def excerpt(self, candidates: Sequence[Candidate]) -> Excerpt:
        passage = self.passage
        spans = [sentence.span for sentence in passage.sentences[self.first : self.last + 1]]
        read = Span(spans[0].start, spans[-1].end)
        places = tuple((n, candidates[n].sentence.counted_from(read.start)) for n in self.numbers)
        return Excerpt(passage.document, passage.header, passage.slice(read), places)


def _range_of(number: int, candidate: Candidate) -> _Range:
    sentences = candidate.passage.sentences
    at = next(n for n, held in enumerate(sentences) if held.span == candidate.sentence)
    first, last = max(0, at - AROUND), min(len(sentences) - 1, at + AROUND)
    return _Range(candidate.passage, first, last, (number,))
