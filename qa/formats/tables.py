"""Tables as text (.csv, .tsv): each row a line that says which column each value is of."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator

from qa.errors import DocumentError
from qa.formats.encodings import decoded
from qa.formats.extracted import Blocks, Extracted, Limits, in_one_line

__all__ = ["comma_separated", "tab_separated"]

#: So much of a file is looked at to tell what separates its values, in characters.
SAMPLE = 8_000


def comma_separated(data: bytes, limits: Limits) -> Extracted:
    """A row as ``Year: 2020, Tons: 450``; what separates the values is told from the first rows.

    Raises:
        DocumentError: it is no table, or holds nothing.
    """
    text = decoded(data)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:SAMPLE], delimiters=",;\t|")
    except csv.Error:  # one column, or rows too different to tell
        dialect = csv.excel
    return _table(text, dialect, limits)


def tab_separated(data: bytes, limits: Limits) -> Extracted:
    """As :func:`comma_separated`, with tabs."""
    return _table(decoded(data), csv.excel_tab, limits)


def _table(text: str, dialect: type[csv.Dialect], limits: Limits) -> Extracted:
    blocks = Blocks(limits)
    try:
        rows = _rows(text, dialect)
        first = next(rows, None)
        if first is not None:
            names = first[1] if _are_names(first[1]) else None
            for number, row in rows if names else itertools.chain([first], rows):
                blocks.mark(f"row {number}")
                blocks.add(_in_words(row, names or []), separator="\n")
            if not blocks:  # nothing but names
                blocks.mark("row 1")
                blocks.add(", ".join(first[1]))
    except csv.Error as error:
        raise DocumentError(f"it is no table that can be read ({error})") from error
    return blocks.extracted()


def _rows(text: str, dialect: type[csv.Dialect]) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, numbered from 1 as a spreadsheet does."""
    for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), dialect), start=1):
        values = [in_one_line(value) for value in row]
        if any(values):
            yield number, values


def _are_names(row: list[str]) -> bool:
    """True if a first row reads as the names of the columns: each there, each once, none a number."""
    return len(set(row)) == len(row) and all(
        value and not value[0].isdigit() and len(value) <= 60 for value in row
    )


def _in_words(row: list[str], names: list[str]) -> str:
    pairs = itertools.zip_longest(row, names[: len(row)])
    return ", ".join(f"{name}: {value}" if name else value for value, name in pairs if value)
