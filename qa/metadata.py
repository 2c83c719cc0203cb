"""A document's title and date, read from its first lines or from a sidecar file beside it.

Neither is ever quoted: they tell documents apart in lists, citations and embeddings.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from qa.dates import MONTH_NAME, MONTHS
from qa.errors import DocumentError
from qa.files import read_regular_file
from qa.layout import is_prose
from qa.sentences import unwrapped_lines
from qa.text import lines
from qa.titles import title_of

__all__ = [
    "LARGEST_SIDECAR",
    "LONGEST_DECLARED_TITLE",
    "SIDECAR_SUFFIX",
    "Metadata",
    "infer_metadata",
    "read_sidecar",
]

#: ``report.txt`` is corrected by ``report.txt.meta.toml`` with ``title = "..."``, ``date = 2024-03-06``.
SIDECAR_SUFFIX = ".meta.toml"
#: A title that is declared, by the file or its sidecar, is taken as it is up to so many characters: it stands
#: in front of every passage that is embedded and read.
LONGEST_DECLARED_TITLE = 300
#: How far into a document its title and date are looked for, in non-blank lines.
HEAD_LINES = 100
#: A sidecar is two lines; what is larger than this, in bytes, is something else.
LARGEST_SIDECAR = 100_000

_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})\b",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH_NAME},?\s+(?P<year>\d{{4}})\b",
        rf"\b{MONTH_NAME}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})\b",
    )
)
_LABELLED = re.compile(r"^(?:title|date)\s*:\s*\S", re.IGNORECASE)
#: A line with one of these gives the day of something else.
_ANOTHER_DAY = re.compile(r"\b(?:born|birth|died|expires?|valid|until|deadline)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known about a document beside its text; ``None`` where nothing is."""

    title: str | None = None
    date: date | None = None


def infer_metadata(text: str) -> Metadata:
    """Title and date as the first lines of ``text`` give them.

    The date is the first whole date (day, month and year) on a line that is not prose: a date inside a
    sentence is something told, not the date of the telling.
    """
    first = list(islice(lines(text), HEAD_LINES))
    spans = unwrapped_lines(text[: first[-1].end]) if first else []
    head = [" ".join(span.of(text).split()) for span in spans]
    return Metadata(title=title_of(text, first, spans), date=_date(head))


def read_sidecar(path: Path) -> Metadata:
    """The corrections in a sidecar file; never waits on a pipe or a device.

    Raises:
        DocumentError: it is no such file or not TOML, or its values are not a string and a date.
    """
    try:
        values = tomllib.loads(read_regular_file(path, LARGEST_SIDECAR).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason: object = error.strerror if isinstance(error, OSError) else error
        if isinstance(error, RecursionError):
            reason = "it is nested too deeply"
        raise DocumentError(f"its sidecar {path.name} cannot be read: {reason}") from error
    title, day = values.get("title"), values.get("date")
    if isinstance(day, str):
        day = _first_date(day)
    if isinstance(day, datetime):
        day = day.date()
    if (
        not set(values) <= {"title", "date"}
        or not isinstance(title, str | None)
        or (not isinstance(day, date) and values.get("date") is not None)
    ):
        raise DocumentError(
            f'its sidecar {path.name} must hold title = "..." and date = YYYY-MM-DD, nothing else'
        )
    return Metadata(title=" ".join(title.split()) if title is not None else None, date=day)


def _date(head: Sequence[str]) -> date | None:
    for line in head:
        if (not is_prose(line) or _LABELLED.match(line)) and not _ANOTHER_DAY.search(line):
            found = _first_date(line)
            if found is not None:
                return found
    return None


def _first_date(line: str) -> date | None:
    matches = [match for pattern in _DATES for match in pattern.finditer(line)]
    for match in sorted(matches, key=lambda match: match.start()):
        parts = match.groupdict()
        named = parts.get("month")
        month = MONTHS.index(named[:3].lower()) + 1 if named else int(parts["number"])
        try:
            return date(int(parts["year"]), month, int(parts["day"]))
        except ValueError:
            continue
    return None
