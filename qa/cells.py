"""Which cell of a table a question asks for, by the names of its column and of its row.

A reader of running text sees "£390 | £240 | £275" and takes one of three. What a person does is no reading
but a look: down the column that the question names, along the row that it names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa.expectations import expected_type
from qa.table_rows import Table, TableRow, tables
from qa.terms import stem_set, times_in
from qa.text import Span

__all__ = ["cell_asked_for"]

#: What stands in a cell that holds nothing.
_NOTHING = frozenset(("", "-", "–", "—", "n/a", "?"))


def cell_asked_for(
    question: str, text: str, near: Span, weights: Mapping[str, float], columns: str = ""
) -> Span | None:
    """The cell that is meant, of the table of ``text`` in which ``near`` lies.

    It is in the one column whose name shares most with the question, and in the one row whose other cells
    hold most of the rest of it, a term counting by its weight. ``None`` where two are as near, or none is.
    What the row of ``near`` holds names no column: "the key of the main gate" is no "Main crop". In a
    timetable it is the one in the column of the time that the question gives, in another row that it names.
    ``columns`` is the line of names of the table within which the text begins.
    """
    table = next((table for table in tables(text, columns) if table.holds(near)), None)
    if table is None:
        return None
    across = _across(question, text, table)
    if across is not None:
        return across
    asked = stem_set(question)
    names, rows = table.names, table.rows
    there = [cell.of(text) for row in rows if row.line.overlaps(near) for cell in row.cells]
    naming = asked - stem_set(" ".join(there))
    column = _only_best([float(len(stem_set(name) & naming)) for name in names])
    if column is None:
        return None
    left = asked - stem_set(names[column])
    held = [_terms(text, row, column) & left for row in rows]
    row = _only_best([sum(weights.get(term, 1.0) for term in terms) for terms in held])
    if row is None:
        return None
    read = next((h for h, r in zip(held, rows, strict=True) if r.line.overlaps(near)), held[row])
    cell = rows[row].cells[column]
    # Read in a row that holds what this one does not, the answer is not here.
    return cell if read <= held[row] and _can_answer(question, cell.of(text)) else None


def _across(question: str, text: str, table: Table) -> Span | None:
    """The cell in the column of a time that the question gives, and in another row that it names.

    "When is the 15:18 at the pier?" asks for what stands in the row of the pier below or above "15:18".
    """
    given_times = times_in(question)
    places = [
        (number, column)
        for number, row in enumerate(table.rows if given_times else ())
        for column, cell in enumerate(row.cells)
        if column and cell.of(text).lstrip("0") in given_times
    ]
    if len(places) != 1:
        return None
    ((given, column),) = places
    subjects = [stem_set(row.cells[0].of(text)) for row in table.rows]
    asked = stem_set(question) - subjects[given]
    row = _only_best([float(len(subject & asked)) for subject in subjects])
    if row is None or row == given or not times_in(table.rows[row].cells[column].of(text)):
        return None
    return table.rows[row].cells[column]


def _terms(text: str, row: TableRow, column: int) -> frozenset[str]:
    """What the cells of the row beside that column hold."""
    return stem_set(" ".join(cell.of(text) for n, cell in enumerate(row.cells) if n != column))


def _can_answer(question: str, cell: str) -> bool:
    """True if the cell holds something, a number where one is asked for and words where somebody is."""
    if cell.casefold() in _NOTHING:
        return False
    kind = expected_type(question)
    if kind == "number":
        return any(character.isdigit() for character in cell)
    return kind not in ("person", "place", "reason") or any(c.isalpha() for c in cell)


def _only_best(scores: Sequence[float]) -> int | None:
    """The place of the highest score, if there is one that no other equals."""
    best = max(scores, default=0.0)
    return scores.index(best) if best > 0.0 and scores.count(best) == 1 else None
