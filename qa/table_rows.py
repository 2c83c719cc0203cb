"""Tables in a text: neighbouring lines whose cells stand under one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest

from qa.table_columns import GAP, begun_at, divided_at, underlined_columns
from qa.text import Span, lines, start_with_blanks, trimmed

__all__ = ["OF_RULES", "Table", "TableRow", "caption_of", "tables"]

#: What a line that divides rows, or underlines their names, is made of.
OF_RULES = " \t|:+=-"
#: As some type it, a sentence is followed by two spaces: where no other gap is, no column begins.
_COLUMN_GAP = re.compile(r"(?<![.!?:;]) {2,}|(?<=[.!?:;]) {3,}|\t")
#: In columns that gaps alone divide a cell is short, in words, and there are two rows below the names.
MOST_WORDS = 6
FEWEST_ROWS = {"bars": 2, "named": 2, "gaps": 3, "labelled": 3, "dotted": 3}
#: So many columns may be told by the places of their names alone.
FEWEST_PLACES = 3
#: Names that leave out the first column's are indented by so many blanks.
INDENTED = 4
#: A table whose rows name their cells has at most so many columns.
MOST_NAMES = 60
#: A longer line is no row, in characters.
LONGEST_ROW = 2_000
#: A longer line over a table is no caption, in words, and is not looked for beyond so many characters.
LONGEST_CAPTION, LONGEST_CAPTION_CHARACTERS = 12, 400
#: A row of a .csv as it is read: "Year: 2020, Tons: 450".
_NAMED = re.compile(r"(?P<name>[^:,|]{1,60}): (?P<value>.*?)(?=, [^:,|]{1,60}: |$)")
#: A line of a list of prices: "- Double mount: £17". So large a share of the lines gives a figure.
_LABELLED = re.compile(r"(?:[-*•] )?(?P<label>[^:|]{2,60}): (?P<value>[^|]{1,60})")
SHARE_OF_FIGURES = 0.6
#: A line of a list whose dots lead to the value: "Coffee, green ...... 4 %".
_DOTTED = re.compile(
    r"(?P<label>[^.|].{1,59}?) ?(?:\.{4,}|(?: \.){4,}) ?(?P<value>[^.|][^|]{0,59})"
)
#: Lines of lists, by their kind: a label and its value, and no names of columns over them.
_OF_LISTS = {"labelled": _LABELLED, "dotted": _DOTTED}
#: What begins a value and no name of a column; a year may be one.
_VALUE = re.compile(r"[$€£¥+-]?\d(?!\d{3}$)")
_FIGURE = re.compile(r"[$€£¥+-]?\d")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A line of a table; spans count in the whole text."""

    line: Span
    kind: str
    cells: tuple[Span, ...]
    names: tuple[str, ...] = ()
    """Of the columns, where the row says them itself."""
    ruled: bool = False
    """True if a line that underlines it follows."""

    @property
    def form(self) -> tuple[str, int, tuple[str, ...]]:
        """What the rows of one table share; those that name their cells leave out what is empty."""
        if self.kind == "named" and len(set(self.names)) == len(self.names):
            return self.kind, 0, self.names[:1]
        return self.kind, len(self.cells), self.names


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table, and the names of its columns."""

    names: tuple[str, ...]
    """Empty where nothing says them."""
    rows: tuple[TableRow, ...]
    header: Span | None = None
    """The line of the names, if there is one in the text, with the blanks before it."""
    ruled: bool = False
    """True if a line that underlines the names says that they are names."""

    def holds(self, near: Span) -> bool:
        """True if ``near`` shares a character with a row or with the names."""
        heads = [self.header] if self.header is not None else []
        return any(line.overlaps(near) for line in (*heads, *(row.line for row in self.rows)))

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.header.start if self.header is not None else self.rows[0].line.start


def tables(text: str, columns: str = "") -> Iterator[Table]:
    """Neighbouring lines with as many cells of the same kind; where they name them, with the same first name.

    ``columns`` is the line of names of the table within which the text begins.
    """
    rows = _rows(text)
    above = _names_above(columns, rows[0]) if columns and rows else ()
    for table in _groups(rows):
        kind = table[0].kind
        begins_within = bool(above) and table[0] is rows[0]
        if (
            kind
            and len(table) + begins_within >= FEWEST_ROWS[kind]
            and (kind != "labelled" or _are_figures(text, table))
        ):
            yield _table(text, table, above if begins_within else ())


def caption_of(text: str, table: Table) -> Span | None:
    """The line over a table, if it is short and no sentence."""
    start = max(0, table.start - LONGEST_CAPTION_CHARACTERS)
    over = [*lines(text[start : table.start])]
    line = next((line for line in reversed(over) if line.of(text[start:]).strip(OF_RULES)), None)
    if line is None:
        return None
    caption = line.counted_from(-start)
    words = caption.of(text)
    is_caption = len(words.split()) <= LONGEST_CAPTION and not words.endswith((".", "!", "?"))
    return caption if is_caption else None


def _table(text: str, rows: Sequence[TableRow], above: tuple[str, ...]) -> Table:
    first, *others = rows
    if first.names:
        names = _all_names(rows)
        if any(row.names != names for row in rows):
            rows = [_with_all_cells(row, names) for row in rows]
        return Table(names, tuple(rows))
    if above or first.kind in _OF_LISTS:
        return Table(above, tuple(rows))
    names = tuple(cell.of(text) for cell in first.cells)
    if not others or not _are_names(names) or not (first.ruled or _over_figures(text, rows)):
        return Table((), tuple(rows))
    line = Span(start_with_blanks(text, first.line.start), first.line.end)
    return Table(names, tuple(others), line, first.ruled)


def _all_names(rows: Sequence[TableRow]) -> tuple[str, ...]:
    if len(set(rows[0].names)) < len(rows[0].names):  # rows of one form: all name their cells so
        return rows[0].names
    return tuple(dict.fromkeys(name for row in rows for name in row.names))


def _with_all_cells(row: TableRow, names: tuple[str, ...]) -> TableRow:
    """The row with a cell for each of the names, empty where it leaves it out."""
    held = dict(zip(row.names, row.cells, strict=True))
    nothing = Span(row.line.end, row.line.end)
    return replace(row, cells=tuple(held.get(name, nothing) for name in names), names=names)


def _are_names(cells: Sequence[str]) -> bool:
    """False of a row like the others, as where a text begins within a table."""
    named = [cell for cell in cells if cell]
    return len(set(named)) == len(named) >= len(cells) - 1 and not any(
        _VALUE.match(cell) for cell in named
    )


def _over_figures(text: str, rows: Sequence[TableRow]) -> bool:
    """True if below a word or a year in the first row most cells of some column are figures."""
    first, *others = rows
    for column, name in enumerate(first.cells):
        figures = sum(_FIGURE.match(row.cells[column].of(text)) is not None for row in others)
        if not _VALUE.match(name.of(text)) and 2 * figures > len(others):
            return True
    return False


def _groups(rows: Sequence[TableRow]) -> Iterator[list[TableRow]]:
    """Neighbours of one form; of a log, whose rows share hardly any names, those with all the same."""
    for (kind, *_), group in groupby(rows, key=lambda row: row.form):
        table = list(group)
        names: set[str] = set()
        for row in table if kind == "named" else ():
            names.update(row.names)
            if len(names) > MOST_NAMES:
                yield from (list(same) for _, same in groupby(table, key=lambda row: row.names))
                break
        else:
            yield table


def _are_figures(text: str, rows: Sequence[TableRow]) -> bool:
    """True if most of the lines say how much, and are no talk: "Anna: Good morning"."""
    figures = sum(_FIGURE.match(row.cells[1].of(text)) is not None for row in rows)
    return figures >= SHARE_OF_FIGURES * len(rows)


def _names_above(columns: str, row: TableRow) -> tuple[str, ...]:
    """The names of the columns, if that line is divided as ``row`` is."""
    line = trimmed(columns, Span(0, len(columns)))
    header = _aligned(columns, _row(columns, line), row)
    is_like = header.kind and header.form == row.form
    return tuple(cell.of(columns) for cell in header.cells) if is_like else ()


def _rows(text: str) -> list[TableRow]:
    """All lines but those that divide rows; one that is no row has no kind."""
    rows: list[TableRow] = []
    underlined: tuple[int, ...] = ()
    full: TableRow | None = None  # the last one without an empty cell
    end = 0
    for line in lines(text):
        words, underlines = line.of(text), underlined_columns(text, line)
        if text.count("\n", end, line.start) > 1:  # a blank line ends a table, as a sentence does
            underlined, full = (), None
        end = line.end
        if underlines or ("-" in words and not words.strip(OF_RULES)):
            underlined = underlines
            if rows:
                rows.append(replace(_divided(text, rows.pop(), underlined), ruled=True))
            continue
        row = _row(text, line)
        if underlined:
            row = _divided(text, row, underlined)
        elif full is not None:
            row = _with_empty_cells(text, row, full)
        if row.kind != "gaps":
            underlined, full = (), None
        elif len(row.cells) >= FEWEST_PLACES and all(row.cells):
            full = row
        rows.append(row)
    return [_aligned(text, *pair) for pair in zip_longest(rows, rows[1:])]


def _divided(text: str, row: TableRow, underlined: tuple[int, ...]) -> TableRow:
    """The row with its cells in these columns, unless it goes across them."""
    cells = divided_at(text, row.line, underlined, 1) if underlined else ()
    return replace(row, kind="gaps", cells=cells, names=()) if cells else row


def _with_empty_cells(text: str, row: TableRow, full: TableRow) -> TableRow:
    """The row with a cell for each of a fuller one above, if its own stand below some of those."""
    if row.kind != "gaps" or not 1 < len(row.cells) < len(full.cells):
        return row
    cells = divided_at(text, row.line, begun_at(text, full.line, full.cells), 2)
    return replace(row, cells=cells) if sum(map(bool, cells)) == len(row.cells) else row


def _aligned(text: str, row: TableRow, below: TableRow | None) -> TableRow:
    """The row with an empty first cell, if it is indented as names are that leave out the first column's."""
    start = row.line.start
    indented = start - start_with_blanks(text, start) >= INDENTED
    if below is None or not indented or row.kind not in ("gaps", "") or below.kind != "gaps":
        return row
    cells = row.cells or (row.line,)
    if len(cells) != len(below.cells) - 1:
        return row
    return TableRow(row.line, "gaps", (Span(start, start), *cells), ruled=row.ruled)


def _row(text: str, line: Span) -> TableRow:
    if len(line) > LONGEST_ROW:
        return TableRow(line, "", ())
    words = line.of(text)
    if words.count("|") > 1 or " | " in words:
        bare = Span(line.start + words.startswith("|"), line.end - words.endswith("|"))
        return TableRow(line, "bars", _cells(text, bare, re.compile(r"\|")))
    # Looked for anywhere it would take long in prose, which holds no more than one colon.
    named = list(_NAMED.finditer(words)) if words.count(": ") > 1 and _NAMED.match(words) else []
    if len(named) > 1:
        cells = tuple(
            Span(line.start + m.start("value"), line.start + m.end("value")) for m in named
        )
        return TableRow(line, "named", cells, tuple(m["name"].strip(", ") for m in named))
    for kind, pattern in _OF_LISTS.items():
        listed = pattern.fullmatch(words)
        if listed is not None:
            spans = (Span(*listed.span(group)) for group in ("label", "value"))
            cells = tuple(trimmed(text, span.counted_from(-line.start)) for span in spans)
            return TableRow(line, kind, cells)
    if _COLUMN_GAP.search(words):
        cells = _cells(text, line, GAP)
        if all(len(cell.of(text).split()) <= MOST_WORDS for cell in cells):
            return TableRow(line, "gaps", cells)
    return TableRow(line, "", ())


def _cells(text: str, line: Span, divider: re.Pattern[str]) -> tuple[Span, ...]:
    found = list(divider.finditer(text, line.start, line.end))
    starts = [line.start, *(match.end() for match in found)]
    ends = [*(match.start() for match in found), line.end]
    return tuple(trimmed(text, Span(start, end)) for start, end in zip(starts, ends, strict=True))
