"""Tables among what is read: rows written out one by one, and which lines answer nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from qa.identifiers import Identifier, identifiers
from qa.retrieval import Retrieval, RetrievedPassage, matched_share
from qa.table_rows import OF_RULES, Table, tables
from qa.terms import numbered_words, times_in
from qa.text import Span
from qa.units import Sentence, Unit
from qa.written_rows import written_rows

__all__ = ["with_rows"]

#: So many rows of tables are written out for a question: those that hold most of it.
MOST_WRITTEN_ROWS = 12


def with_rows(retrieval: Retrieval, units: Sequence[Unit]) -> list[Unit]:
    """The units, the rows of tables that hold most of the question written out and not read in them."""
    found = [list(tables(u.passage.text, u.passage.section.columns)) for u in units]
    if not any(found):
        return list(units)
    called = identifiers(retrieval.question)
    numbers = numbered_words(retrieval.question)
    rows = [
        row
        for unit, held in zip(units, found, strict=True)
        for row in _rows_in(unit, held, numbers, called, retrieval.term_weights)
    ]
    chosen = sorted(rows, key=_promise, reverse=True)[:MOST_WRITTEN_ROWS]
    apart = {(row.passage.id, sentence.span) for row in chosen for sentence in row.sentences}
    others = _of_other_things(times_in(retrieval.question), called, units, found)
    left: list[Unit] = []
    for unit, held, lines in zip(units, found, others, strict=True):
        heads = [table.header for table in held if table.header is not None and table.ruled]
        kept = tuple(
            sentence
            for sentence in unit.sentences
            if (unit.passage.id, sentence.span) not in apart
            and _may_answer(unit.passage, sentence.span, (*heads, *lines))
        )
        left += [replace(unit, sentences=kept)] if kept else []
    return [*left, *chosen]


def _may_answer(passage: RetrievedPassage, sentence: Span, lines: Sequence[Span]) -> bool:
    """False in one of these lines of the passage, and of a rule between rows."""
    inside = sentence.counted_from(passage.span.start)
    is_rule = not inside.of(passage.text).strip(OF_RULES)
    return not is_rule and not any(line.covers(inside) for line in lines)


def _of_other_things(
    asked: Set[str],
    called: Sequence[Identifier],
    units: Sequence[Unit],
    found: Sequence[Sequence[Table]],
) -> list[list[Span]]:
    """For each unit the lines of the rows in its tables that are about another thing than the question.

    The question gives the times ``asked``, and identifies things as ``called``. A row about E1 says nothing
    about E4 where its table has a row that does, nor a timetable without the 15:18 where another has it.
    """
    times = [
        [
            times_in(Span(table.start, table.rows[-1].line.end).of(unit.passage.text))
            if asked
            else frozenset()
            for table in held
        ]
        for unit, held in zip(units, found, strict=True)
    ]
    is_timed = any(asked & held for tables_times in times for held in tables_times)
    others: list[list[Span]] = []
    for unit, held, times_held in zip(units, found, times, strict=True):
        lines = [line for table in held for line in _about_another(unit, table, called)]
        for table, its_times in zip(held, times_held, strict=True):
            if is_timed and its_times and not its_times & asked:
                lines += [row.line for row in table.rows]
        others.append(lines)
    return others


def _about_another(unit: Unit, table: Table, called: Sequence[Identifier]) -> Iterator[Span]:
    """The lines that name others than these and none of these, if some row names one.

    They are rows, or sentences around the table: "Loom 210 is run by Ada" says nothing about loom 204.
    """
    text = unit.passage.text
    rows = [row.line for row in table.rows]
    about = [line for line in rows if any(i.is_named_in(line.of(text)) for i in called)]
    if about:
        at = unit.passage.span.start
        sentences = (sentence.span.counted_from(at) for sentence in unit.sentences)
        others = [*rows, *(s for s in sentences if not any(s.overlaps(row) for row in rows))]
        for line in others:
            if line not in about and any(i.is_passed_over_in(line.of(text)) for i in called):
                yield line


def _promise(row: Unit) -> float:
    """How much of the question a row holds, and how near it is to it."""
    _, similarity, lexical, *_ = row.sentences[0].known
    return lexical + similarity


def _rows_in(
    unit: Unit,
    found: Sequence[Table],
    numbers: Set[str],
    called: Sequence[Identifier],
    term_weights: Mapping[str, float],
) -> Iterator[Unit]:
    """The rows of tables in a passage that may answer, each with its sentences.

    A row without the ``numbers`` of the question is about something else: plot 20 is not plot 57.
    """
    passage = unit.passage
    for row in written_rows(passage.text, found):
        line = row.line.counted_from(-passage.span.start)
        sentences = tuple(s for s in unit.sentences if line.covers(s.span))
        written = Unit(passage, sentences, row)
        if sentences and numbers <= numbered_words(written.context):
            lexical = matched_share(row.text, term_weights)
            identifies = any(identifier.is_named_in(row.text) for identifier in called)
            held = tuple(_holding(s, lexical, identifies) for s in sentences)
            yield replace(written, sentences=held)


def _holding(sentence: Sentence, lexical: float, identifies: bool) -> Sentence:
    """The sentence of a row that holds so much of the question, the names of its columns with it.

    A row of what the question calls by its number counts as holding one name more.
    """
    fused, similarity, _, month, named = sentence.known
    return replace(sentence, known=(fused, similarity, lexical, month, named + identifies))
