"""What a span model reads for a question, and the best span that it finds in each sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from qa.candidates import Candidate, Row, similarity_of
from qa.dates import PartialDate, dates_of
from qa.expectations import expected_type, typed_spans
from qa.models.reader import TokenScores
from qa.retrieval import Retrieval, RetrievedPassage
from qa.row_units import with_rows
from qa.spans import after_marker, best_of_windows, null_score, whole_words
from qa.terms import stem_set
from qa.text import Span
from qa.units import Sentence, Unit
from qa.written_rows import WrittenRow

__all__ = ["rows_of", "units_of", "with_best_span"]

#: A question in the text asks what is asked if so many of its words are those of the one asked.
SHARE_OF_THE_SAME = 0.6
#: Of a row, what such a question asks for stands in a cell with an amount.
_ASKS_FOR_AMOUNT = re.compile(r"\bhow (?:many|much|long|old)\b", re.IGNORECASE)
_DATE_OR_CODE = re.compile(r"\d{4}-\d\d-\d\d|[A-Za-z]+-?\d[\w-]*")


def units_of(retrieval: Retrieval) -> list[Unit]:
    """What there is to read, with what is known of the sentences before: passages best first, then rows.

    A sentence that two passages share is read in the better one. Where a document names the unit asked for,
    those that name other units only are not read.
    """
    found = retrieval.passages
    if any(passage.identified for passage in found):
        found = tuple(passage for passage in found if passage.identified is not False)
    top_fused = max((passage.fused for passage in retrieval.passages), default=1.0)
    months = _months(retrieval.question)
    asked = stem_set(retrieval.question)
    seen: set[tuple[int, Span]] = set()
    units: list[Unit] = []
    for passage in found:
        day = passage.date
        of_that_month = day is not None and any(month.fits(day) for month in months)
        held = []
        for sentence in passage.sentences:
            if (passage.document, sentence.span) in seen:
                continue
            seen.add((passage.document, sentence.span))
            if _asks_the_same(passage.slice(sentence.span), asked):
                continue
            similarity = similarity_of(sentence, passage)
            known = (
                passage.fused / top_fused,
                similarity,
                passage.lexical,
                float(of_that_month),
                passage.named,
            )
            held.append(Sentence(sentence.span, similarity, known))
        if held:
            units.append(Unit(passage, tuple(held)))
    return with_rows(retrieval, units)


def rows_of(unit: Unit, windows: Sequence[TokenScores], question: str) -> list[Row]:
    """The best span of each sentence of a unit, or of the whole row, with its features."""
    if unit.row is not None:
        return _rows_of_written(unit, unit.row, windows, question)
    rows: list[Row] = []
    for sentence in unit.sentences:
        whole = Candidate(
            unit.passage, sentence.span, sentence.span, 0.0, similarity=sentence.similarity
        )
        found = with_best_span(whole, windows)
        if found is not None:
            score, candidate = found
            rows.append((candidate, (score, candidate.margin, *sentence.known)))
    return rows


def _rows_of_written(
    unit: Unit, row: WrittenRow, windows: Sequence[TokenScores], question: str
) -> list[Row]:
    """The best span in any cell of the row; what the names of its columns say is no answer."""
    passage = unit.passage
    context, header = unit.context, len(unit.header)
    found = []
    for written, stands in _answering(passage, row, question):
        inside = Span(header + written.start, header + written.end)
        best = best_of_windows(windows, inside)
        if best is not None:
            found.append((best, inside, passage.span.start + stands.start - inside.start))
    if not found:
        return []
    found.sort(key=lambda each: -each[0][0])
    ((score, ahead, span), inside, moved), *others = found
    whole = whole_words(context, span, inside)
    answer = Span(whole.start + moved, whole.end + moved)
    # A cell may hold several sentences: the answer ends with the one in which it begins.
    begun = (s for s in unit.sentences if s.span.start <= answer.start < s.span.end)
    sentence = next(begun, None)
    if sentence is None:
        return []
    answer = Span(answer.start, min(answer.end, sentence.span.end))
    margin = score - null_score(windows)
    candidate = Candidate(
        passage,
        answer,
        sentence.span,
        0.0,
        margin=margin,
        similarity=sentence.similarity,
        ahead=min([ahead, *(score - other[0][0] for other in others)], default=inf),
        row=row,
    )
    return [(candidate, (score, margin, *sentence.known))]


def _answering(
    passage: RetrievedPassage, row: WrittenRow, question: str
) -> list[tuple[Span, Span]]:
    """The cells that may answer: not the one that says what the row is about, if the question says it too.

    How many it is stands in a cell with an amount that the question does not give; who or where it is, in
    none that repeats the question. All where none is left.
    """
    asked = stem_set(question)
    subject, *others = row.cells
    repeating = {c for c in row.cells if stem_set(c[1].of(passage.text)) & asked}
    left = [subject] * (subject not in repeating) + others
    if _ASKS_FOR_AMOUNT.search(question):
        amounts = [c for c in left if _holds_amount(c[1].of(passage.text), question)]
        if amounts:
            return amounts
    if expected_type(question) in ("person", "place", "number"):
        left = [c for c in left if c not in repeating]
    return left or list(row.cells)


def _holds_amount(cell: str, question: str) -> bool:
    """True of a number, in figures or words, that the question does not give; not of a date or a code."""
    return not _DATE_OR_CODE.fullmatch(cell) and bool(typed_spans(cell, "number", question))


def with_best_span(
    candidate: Candidate, windows: Sequence[TokenScores]
) -> tuple[float, Candidate] | None:
    """The logits of the best span in the candidate's sentence, and the candidate with that span.

    ``None`` if no token of its passage's ``windows`` lies in the sentence.
    """
    context = candidate.passage.header + candidate.passage.text
    at = candidate.passage.span.start - len(candidate.passage.header)
    inside = after_marker(context, candidate.sentence.counted_from(at))
    found = best_of_windows(windows, inside)
    if found is None:
        return None
    score, ahead, found_at = found
    span = whole_words(context, found_at, inside)
    return score, replace(
        candidate,
        span=Span(at + span.start, at + span.end),
        margin=score - null_score(windows),
        ahead=ahead,
    )


def _asks_the_same(sentence: str, asked: frozenset[str]) -> bool:
    """True of a question in the text, as a list of common ones holds them, that is nearly the one asked."""
    if not sentence.rstrip("\"'”’») ").endswith("?"):
        return False
    terms = stem_set(after_marker(sentence, Span(0, len(sentence))).of(sentence))
    return len(terms & asked) >= SHARE_OF_THE_SAME * len(terms)


def _months(question: str) -> list[PartialDate]:
    """The months and days of a year that a question names.

    A document of that month is the one meant in 95 of 100 cases (the 73 answerable questions that name the
    month of some document, among those written for the reader's training); a month without its year, or a
    year alone, says as often when something happened that a document of another time tells of.
    """
    return [day for day in dates_of(question) if day.years is not None and day.month is not None]
