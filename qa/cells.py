"""Tables in a text: which cell a question asks for, by the names of its column and of its row.

A reader of running text sees "£390 | £240 | £275" and takes one of three. What a person does is no reading
but a look: down the column that the question names, along the row that it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from qa.expectations import expected_type
from qa.terms import stem_set
from qa.text import Span, lines, trimmed

__all__ = ["cell_asked_for"]

_RULE = re.compile(r"[\s|:+=-]*-[\s|:+=-]*")
_GAP = re.compile(r" {2,}|\t+")
#: As some type it, a sentence is followed by two spaces: no column begins there.
_AFTER_SENTENCE = re.compile(r"[.!?:;] {2}\S")
#: In columns that gaps alone divide a cell is short, in words, and there are two rows below the names.
MOST_WORDS, FEWEST_ROWS = 6, {"bars": 2, "named": 2, "gaps": 3}
#: A row of a .csv as it is read: "Year: 2020, Tons: 450".
_NAMED = re.compile(r"(?P<name>[^:,|]{1,60}): (?P<value>.*?)(?=, [^:,|]{1,60}: |$)")
#: What begins a value and no name of a column; a year may be one.
_VALUE = re.compile(r"[$€£¥+-]?\d(?!\d{3}$)")
#: What stands in a cell that holds nothing.
_NOTHING = frozenset(("", "-", "–", "—", "n/a", "?"))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a table; spans count in the whole text."""

    line: Span
    kind: str
    cells: tuple[Span, ...]
    names: tuple[str, ...] = ()
    """Of the columns, where the row says them itself."""


def cell_asked_for(
    question: str, text: str, near: Span, weights: Mapping[str, float]
) -> Span | None:
    """The cell that is meant, of the table of ``text`` in which ``near`` lies.

    It is in the one column whose name shares most with the question, and in the one row whose other cells
    hold most of the rest of it, a term counting by its weight. ``None`` where two are as near, or none is.
    """
    holding = (t for t in _tables(text) if any(row.line.overlaps(near) for row in t))
    table = next(holding, None)
    if table is None:
        return None
    asked = stem_set(question)
    names, rows = _header(text, table)
    column = _only_best([float(len(stem_set(name) & asked)) for name in names])
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


def _terms(text: str, row: _Row, column: int) -> frozenset[str]:
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


def _header(text: str, table: Sequence[_Row]) -> tuple[Sequence[str], Sequence[_Row]]:
    """The names of the columns, and the rows below."""
    first, *rest = table
    if first.names:
        return first.names, table
    names = [cell.of(text) for cell in first.cells]
    return (names, rest) if _are_names(names) else ((), rest)


def _are_names(cells: Sequence[str]) -> bool:
    """False of a row like the others, as where a passage begins within a table."""
    named = [cell for cell in cells if cell]
    return len(set(named)) == len(named) >= len(cells) - 1 and not any(
        _VALUE.match(cell) for cell in named
    )


def _tables(text: str) -> Iterator[list[_Row]]:
    """Neighbouring lines with as many cells of the same kind; where they name them, by the same names."""
    rows = [_row(text, line) for line in lines(text) if not _RULE.fullmatch(line.of(text))]
    for (kind, _, _), group in groupby(rows, key=lambda row: (row.kind, len(row.cells), row.names)):
        table = list(group)
        if kind and len(table) >= FEWEST_ROWS[kind]:
            yield table


def _row(text: str, line: Span) -> _Row:
    words = line.of(text)
    if words.count("|") > 1 or " | " in words:
        bare = Span(line.start + words.startswith("|"), line.end - words.endswith("|"))
        return _Row(line, "bars", _cells(text, bare, re.compile(r"\|")))
    named = list(_NAMED.finditer(words))
    if len(named) > 1 and named[0].start() == 0:
        cells = tuple(
            Span(line.start + m.start("value"), line.start + m.end("value")) for m in named
        )
        return _Row(line, "named", cells, tuple(m["name"].strip(", ") for m in named))
    if _GAP.search(words) and not _AFTER_SENTENCE.search(words):
        cells = _cells(text, line, _GAP)
        if all(len(cell.of(text).split()) <= MOST_WORDS for cell in cells):
            return _Row(line, "gaps", cells)
    return _Row(line, "", ())


def _cells(text: str, line: Span, divider: re.Pattern[str]) -> tuple[Span, ...]:
    found = list(divider.finditer(text, line.start, line.end))
    starts = [line.start, *(match.end() for match in found)]
    ends = [*(match.start() for match in found), line.end]
    return tuple(trimmed(text, Span(start, end)) for start, end in zip(starts, ends, strict=True))
