"""The span reader: of each sentence of the retrieved passages the best span, by a model that reads them.

What the model says of a span is weighed with what vectors and words say about its sentence, with weights
learned from questions about other texts (``scripts/fit_readers.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from math import inf

import numpy as np

from qa.candidates import Candidate, Row, ranked, said, same_place
from qa.cells import cell_asked_for
from qa.headings import asked_of_heading
from qa.models.reader import SpanModel, TokenScores
from qa.reading_units import rows_of, units_of, with_best_span
from qa.reordering import over_orders
from qa.retrieval import Retrieval
from qa.text import Span
from qa.units import Unit
from qa.verifying import verified

__all__ = ["READ_FEATURES", "SPAN_FEATURES", "SpanReader", "span_rows"]

#: What the span reader knows of a sentence: the best span's raw logits, those above the null score of its
#: passage, the fused score of the passage, the similarity of the sentence, the share of the question's idf in
#: the passage, whether its document is of the month that the question names, and the share of the question's
#: names that its document holds, with one more for a row of what it calls by a number. What the sentence
#: reader knows besides raises the score on unrelated paragraphs and lowers it on documents that tell similar
#: things, so these seven are all.
SPAN_FEATURES = (
    "span",
    "margin",
    "passage_fused",
    "similarity",
    "lexical",
    "of_that_month",
    "named",
)
#: So many of them, the first, are known only when a passage has been read.
READ_FEATURES = 2

#: A lead no larger than this, in logits of spans or in scores of candidates, may be owed to half precision:
#: over 600 questions on Wikipedia scores differed by 0.06 at most.
NEAR = 0.1
#: Passages that are read together before it is asked whether the others can still come first: as many as two
#: batches of the embedded model hold.
AT_ONCE = 4
#: A longer cell of a table is no answer as a whole, if the reader has found one in it; in words.
LONGEST_CELL = 6


class SpanReader:
    """Weighs the best span of each sentence: its logits, its passage's rank, the sentence's similarity.

    Passages are read in the order of what is known before: how high their sentences could come. Where that is
    below the best candidate so far, reading ends. With a ``draft``, a quicker model that nearly agrees, that
    one reads first. Where it leaves another answer near, ``model`` reads again what decides: the passages of
    the best candidate and of its first rival, until both stand. The answer is then that of ``model``, and its
    confidence nearly so.

    At the end the passage of the best candidate is read with its sentences in other orders too, and its span
    and margin are those of the average; its sentence stays. Rows of tables are read one by one, written out
    as sentences; where the best candidate stands in one, the question's words for column and row decide
    between the cells. How sure the answer is rests on a last look at the best candidates side by side
    (:mod:`qa.verifying`).
    """

    def __init__(
        self,
        model: SpanModel,
        weights: Mapping[str, float],
        draft: SpanModel | None = None,
        most: float = inf,
        verifier: SpanModel | None = None,
    ) -> None:
        """``most`` is what logits can add to a score; without it every passage is read.

        Without a ``verifier`` nothing is verified.
        """
        self._model = model
        self._draft = draft
        self._first = draft if draft is not None else model
        self._weights = [weights[name] for name in SPAN_FEATURES]
        self._most = most
        self._verifier = verifier

    def read(self, retrieval: Retrieval) -> list[Candidate]:
        readings, candidates = self._ranked(retrieval)
        if not candidates:
            return []
        best, *others = candidates
        if self._verifier is not None:
            best = verified(retrieval.question, candidates, self._verifier)
        looked_up = _in_its_cell(best, retrieval) or _in_its_heading(best, retrieval)
        if looked_up is not None:
            return [looked_up, *(other for other in others if not same_place(other, looked_up))]
        if best.row is not None:
            return [best, *others]
        settled = self._settled(retrieval.question, best, readings[_key_of(best)])
        return [settled, *others]

    def candidates(self, retrieval: Retrieval) -> list[Candidate]:
        """The best span of each sentence that was read, best first: before any closer look at the best."""
        return self._ranked(retrieval)[1]

    def _ranked(self, retrieval: Retrieval) -> tuple[_Readings, list[Candidate]]:
        """What was read, and its candidates, best first."""
        unread = {unit.key: unit for unit in units_of(retrieval)}
        readings = self._likeliest(retrieval, [*unread.values()])
        read_again: set[_Key] = set()
        while True:
            candidates = ranked(_rows_of(readings), self._weights)
            best = _deciding(candidates)
            if self._draft is None or (not read_again and not _is_near(best)):
                return readings, candidates
            left = {_key_of(c) for c in best} - read_again
            if not left:
                return readings, candidates
            readings |= _read(retrieval, [unread[key] for key in sorted(left)], self._model)
            read_again |= left

    def _settled(self, question: str, best: Candidate, reading: _Reading) -> Candidate:
        """The candidate with its span and margin as they are over several orders of its passage."""
        if len(best.passage.sentences) < 2:
            return best
        settled = _in_orders(question, best, reading.windows, self._first)
        if self._draft is None or settled.ahead >= NEAR:
            return settled
        context = best.passage.header + best.passage.text
        return _in_orders(question, best, self._model.score(question, [context])[0], self._model)

    def _likeliest(self, retrieval: Retrieval, unread: Sequence[Unit]) -> _Readings:
        """What was read of all that may hold the best candidate."""
        if self._most == inf:
            return _read(retrieval, unread, self._first)
        known = self._weights[READ_FEATURES:]
        highest = [
            self._most + max(float(np.dot(known, sentence.known)) for sentence in unit.sentences)
            for unit in unread
        ]
        order = sorted(range(len(unread)), key=lambda place: -highest[place])
        readings: _Readings = {}
        best = -inf
        for start in range(0, len(order), AT_ONCE):
            now = [unread[p] for p in order[start : start + AT_ONCE] if highest[p] > best]
            if not now:
                break
            found = _read(retrieval, now, self._first)
            readings |= found
            first = ranked(_rows_of(found), self._weights)[:1]
            best = max([best, *(candidate.score for candidate in first)])
        return readings


def _in_orders(
    question: str, candidate: Candidate, plain: Sequence[TokenScores], model: SpanModel
) -> Candidate:
    passage = candidate.passage
    sentences = [s.span.counted_from(passage.span.start) for s in passage.sentences]
    windows = over_orders(plain, model, question, passage.header, passage.text, sentences)
    found = with_best_span(candidate, windows)
    return found[1] if found is not None else candidate


def _in_its_cell(best: Candidate, retrieval: Retrieval) -> Candidate | None:
    """The candidate in the cell that is asked for, if it stands in a table that tells which.

    That the answer is in this table was read, and how sure that is; in which row and column is looked up.
    """
    passage = best.passage
    at = passage.span.start
    near = best.sentence.counted_from(at)
    cell = cell_asked_for(
        retrieval.question, passage.text, near, retrieval.term_weights, passage.section.columns
    )
    if cell is None:
        return None
    span = cell.counted_from(-at)
    if span.covers(best.span) and len(cell.of(passage.text).split()) > LONGEST_CELL:
        return best
    return _moved(best, span)


def _in_its_heading(best: Candidate, retrieval: Retrieval) -> Candidate | None:
    """The candidate in the heading over its sentence, if that says what is asked and the other does not."""
    passage = best.passage
    at = passage.span.start
    sentences = [held.span.counted_from(at) for held in passage.sentences]
    found = asked_of_heading(
        retrieval.question,
        passage.text,
        best.sentence.counted_from(at),
        sentences,
        retrieval.term_weights,
    )
    return _moved(best, found.counted_from(-at)) if found is not None else None


def _moved(best: Candidate, span: Span) -> Candidate | None:
    """The candidate at another span of its passage, which was looked up there, if one sentence holds it."""
    holding = [held.span for held in best.passage.sentences if held.span.covers(span)]
    return replace(best, span=span, sentence=holding[0], ahead=inf) if holding else None


def _deciding(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that the answer and its confidence rest on: the best, and the best that says something else."""
    best = candidates[:1]
    rivals = (c for c in candidates[1:] if not same_place(c, best[0]) and said(c) != said(best[0]))
    return [*best, *islice(rivals, 1)]


def _is_near(deciding: Sequence[Candidate]) -> bool:
    """True if the best candidate leads so little that another one, or another span, may be better."""
    if not deciding:
        return False
    best, *rivals = deciding
    return best.ahead < NEAR or any(best.score - rival.score < NEAR for rival in rivals)


def span_rows(retrieval: Retrieval, model: SpanModel) -> list[Row]:
    """The best span of each sentence, unscored, with its numbers in the order of :data:`SPAN_FEATURES`.

    A sentence that two passages share is read in the better one.
    """
    return list(_rows_of(_read(retrieval, units_of(retrieval), model)))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A unit that has been read."""

    unit: Unit
    windows: list[TokenScores]
    rows: list[Row]


_Key = tuple[int, str]
_Readings = dict[_Key, _Reading]


def _rows_of(readings: Mapping[_Key, _Reading]) -> Iterator[Row]:
    return chain.from_iterable(reading.rows for reading in readings.values())


def _key_of(candidate: Candidate) -> _Key:
    """Of the unit in which a candidate was found."""
    return Unit(candidate.passage, (), candidate.row).key


def _read(retrieval: Retrieval, unread: Sequence[Unit], model: SpanModel) -> _Readings:
    """What the model says of these units, by their keys."""
    scored = model.score(retrieval.question, [unit.context for unit in unread])
    return {
        unit.key: _Reading(unit, windows, rows_of(unit, windows, retrieval.question))
        for unit, windows in zip(unread, scored, strict=True)
    }
