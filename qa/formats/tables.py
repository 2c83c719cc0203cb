"""Tables as text (.csv, .tsv): each row a line that says which column each value is of."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qa.errors import DocumentError
from qa.formats.encodings import decoded
from qa.formats.extracted import Blocks, Extracted, Limits, in_one_line

__all__ = ["comma_separated", "tab_separated"]

#: So much of a file is looked at to tell what separates its values, in characters.
SAMPLE = 8_000
#: A longer value is none, but a file that is no table, in characters.
LONGEST_VALUE = 1_000_000
_END = "end"
#: Over a long run of quotation marks the standard library's patterns take for ever.
_QUOTES = re.compile(r"([\"'])\1{2,}")


@dataclass(frozen=True, slots=True)
class _Format:
    """How rows are divided into values; a quotation mark inside a quoted one is doubled."""

    delimiter: str = ","
    quotechar: str | None = '"'
    skipinitialspace: bool = False
    is_quoted: bool = True

    def rows(self, text: str) -> Iterator[list[str]]:
        return csv.reader(
            io.StringIO(text, newline=""),
            delimiter=self.delimiter,
            quotechar=self.quotechar,
            skipinitialspace=self.skipinitialspace,
            quoting=csv.QUOTE_MINIMAL if self.is_quoted else csv.QUOTE_NONE,
        )


def comma_separated(data: bytes, limits: Limits) -> Extracted:
    """A row as ``Year: 2020, Tons: 450``; what separates the values is told from the first rows.

    Raises:
        DocumentError: it is no table, or holds nothing.
    """
    text = decoded(data)
    try:
        sniffed = csv.Sniffer().sniff(_QUOTES.sub(r"\1\1", text[:SAMPLE]), delimiters=",;\t|")
    except csv.Error:  # one column, or rows too different to tell
        return _table(text, _Format(), limits)
    # Of what is sniffed these alone are to be trusted: that a quotation mark inside a value is not doubled
    # (RFC 4180, 2.7) is inferred from there being none in some places.
    return _table(
        text, _Format(sniffed.delimiter, sniffed.quotechar, sniffed.skipinitialspace), limits
    )


def tab_separated(data: bytes, limits: Limits) -> Extracted:
    """As :func:`comma_separated`, with tabs."""
    return _table(decoded(data), _Format("\t"), limits)


def _table(text: str, format_: _Format, limits: Limits) -> Extracted:
    blocks = Blocks(limits)
    csv.field_size_limit(LONGEST_VALUE)
    try:
        if not _quotes_end(text, format_):
            format_ = replace(format_, is_quoted=False)
        rows = _rows(text, format_)
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


def _rows(text: str, format_: _Format) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, numbered from 1 as a spreadsheet does."""
    for number, row in enumerate(format_.rows(text), start=1):
        values = [in_one_line(value) for value in row]
        if any(values):
            yield number, values


def _quotes_end(text: str, format_: _Format) -> bool:
    """False if a quotation mark that nothing closes would make one value of all that follows."""
    try:
        return deque(format_.rows(f"{text}\n{_END}"), maxlen=1) == deque([[_END]])
    except csv.Error:  # what follows is longer than any value
        return False


def _are_names(row: list[str]) -> bool:
    """True if a first row reads as the names of the columns: each there, each once, none a number."""
    return len(set(row)) == len(row) and all(
        value and not value[0].isdigit() and len(value) <= 60 for value in row
    )


def _in_words(row: list[str], names: list[str]) -> str:
    pairs = itertools.zip_longest(row, names[: len(row)])
    return ", ".join(f"{name}: {value}" if name else value for value, name in pairs if value)
