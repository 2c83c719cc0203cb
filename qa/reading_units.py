"""What a span model reads at once for a question: passages, and rows of their tables written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from qa.candidates import Candidate, Row, similarity_of
from qa.dates import PartialDate, dates_of
from qa.expectations import expected_type
from qa.models.reader import TokenScores
from qa.retrieval import Retrieval, RetrievedPassage, matched_share
from qa.spans import after_marker, best_of_windows, null_score, whole_words
from qa.terms import stem_set
from qa.text import Span
from qa.written_rows import WrittenRow, written_rows

__all__ = ["Unit", "rows_of", "units_of", "with_best_span"]

#: A question in the text asks what is asked if so many of its words are those of the one asked.
SHARE_OF_THE_SAME = 0.6
#: So many rows of tables are written out for a question: those that hold most of it.
MOST_WRITTEN_ROWS = 12
_WORD = re.compile(r"\w+(?:[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence before it is read."""

    span: Span
    similarity: float
    known: tuple[float, ...]
    """Its features but those that reading gives (:data:`qa.reading.SPAN_FEATURES`)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A passage with those of its sentences that no other unit holds, or a row of a table in it."""

    passage: RetrievedPassage
    sentences: tuple[Sentence, ...]
    row: WrittenRow | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Tells it from the other units of a question."""
        return self.passage.id, self.row.line.start if self.row is not None else -1

    @property
    def header(self) -> str:
        """What is read before the passage or the row."""
        columns = self.passage.section.columns
        without = self.row is not None and columns
        return self.passage.header.removesuffix(f"{columns}\n") if without else self.passage.header

    @property
    def context(self) -> str:
        """What is read."""
        return self.header + (self.row.text if self.row is not None else self.passage.text)


def units_of(retrieval: Retrieval) -> list[Unit]:
    """What there is to read, with what is known of the sentences before: passages best first, then rows.

    A sentence that two passages share is read in the better one.
    """
    top_fused = max((passage.fused for passage in retrieval.passages), default=1.0)
    months = _months(retrieval.question)
    asked = stem_set(retrieval.question)
    seen: set[tuple[int, Span]] = set()
    units: list[Unit] = []
    for passage in retrieval.passages:
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
    return _with_rows(retrieval, units)


def _with_rows(retrieval: Retrieval, units: Sequence[Unit]) -> list[Unit]:
    """The units, the rows of tables that hold most of the question written out and not read in them."""
    rows = [row for unit in units for row in _rows_in(unit, retrieval)]
    if not rows:
        return list(units)
    chosen = sorted(rows, key=_promise, reverse=True)[:MOST_WRITTEN_ROWS]
    written = {(row.passage.id, sentence.span) for row in chosen for sentence in row.sentences}
    left = (
        replace(
            unit,
            sentences=tuple(s for s in unit.sentences if (unit.passage.id, s.span) not in written),
        )
        for unit in units
    )
    return [*(unit for unit in left if unit.sentences), *chosen]


def _promise(row: Unit) -> float:
    """How much of the question a row holds, and how near it is to it."""
    _, similarity, lexical, *_ = row.sentences[0].known
    return lexical + similarity


def _rows_in(unit: Unit, retrieval: Retrieval) -> Iterator[Unit]:
    """The rows of tables in a passage that may answer, each with its sentences.

    A row without the numbers of the question is about something else: plot 20 is not plot 57.
    """
    passage = unit.passage
    numbers = _numbers(retrieval.question)
    for row in written_rows(passage.text, passage.section.columns):
        line = row.line.counted_from(-passage.span.start)
        sentences = tuple(s for s in unit.sentences if line.covers(s.span))
        written = Unit(passage, sentences, row)
        if sentences and numbers <= _numbers(written.context):
            lexical = matched_share(row.text, retrieval.term_weights)
            yield replace(written, sentences=tuple(_holding(s, lexical) for s in sentences))


def _holding(sentence: Sentence, lexical: float) -> Sentence:
    """The sentence of a row that holds so much of the question, the names of its columns with it."""
    fused, similarity, _, *others = sentence.known
    return replace(sentence, known=(fused, similarity, lexical, *others))


def _numbers(text: str) -> set[str]:
    found = _WORD.findall(text.casefold())
    return {word for word in found if any(character.isdigit() for character in word)}


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
    )
    return [(candidate, (score, margin, *sentence.known))]


def _answering(
    passage: RetrievedPassage, row: WrittenRow, question: str
) -> list[tuple[Span, Span]]:
    """The cells that may answer: not the one that says what the row is about, if the question says it too.

    Who, where or how much it is stands in no cell either that repeats the question. All where none is left.
    """
    asked = stem_set(question)
    is_of_a_kind = expected_type(question) in ("person", "place", "number")
    left = [
        cell
        for place, cell in enumerate(row.cells)
        if not ((is_of_a_kind or not place) and stem_set(cell[1].of(passage.text)) & asked)
    ]
    return left or list(row.cells)


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
