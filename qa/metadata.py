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
from qa.layout import furniture, is_prose
from qa.sentences import unwrapped_lines
from qa.text import lines

__all__ = [
    "LARGEST_SIDECAR",
    "LONGEST_DECLARED_TITLE",
    "LONGEST_TITLE",
    "SIDECAR_SUFFIX",
    "Metadata",
    "clipped",
    "infer_metadata",
    "read_sidecar",
]

#: ``report.txt`` is corrected by ``report.txt.meta.toml`` with ``title = "..."``, ``date = 2024-03-06``.
SIDECAR_SUFFIX = ".meta.toml"
#: How far into a document its title and date are looked for, in non-blank lines.
HEAD_LINES = 100
LONGEST_TITLE = 120
#: A line of so many words at the head of a list is its title, and no point of a menu.
LONGER_THAN_A_MENU = 4
#: A title that is declared, by the file or its sidecar, is taken as it is up to so many characters: it stands
#: in front of every passage that is embedded and read.
LONGEST_DECLARED_TITLE = 300
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
# A line that gives a day or a time of day is a dateline, even without a year.
_UNNAMED_MONTH = MONTH_NAME.replace("?P<month>", "?:")
_DATELINE = re.compile(
    rf"\b\d{{1,2}}\s+{_UNNAMED_MONTH}|\b{_UNNAMED_MONTH}\s+\d{{1,2}}\b"
    r"|\b\d{1,2}:\d{2}\b|\b\d{4}-\d{2}-\d{2}\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"^(title|date)\s*:\s*(\S.*)$", re.IGNORECASE)
_MARKDOWN_HEADING = re.compile(r"^#{1,2}\s+(\S.*)$")
_WORD = re.compile(r"\w+")
_BLANK_LINE = re.compile(r"\n[ \t]*\r?\n|\r[ \t]*\r")
_NUMBERED = re.compile(r"(?:\d{1,3}|[ivxIVX]{1,4}|[A-Za-z])[.)]\s")
#: A line with one of these gives the day of something else.
_ANOTHER_DAY = re.compile(r"\b(?:born|birth|died|expires?|valid|until|deadline)\b", re.IGNORECASE)
_OPENING_QUOTES = frozenset("\"'“‘«„")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known about a document beside its text; ``None`` where nothing is."""

    title: str | None = None
    date: date | None = None


def clipped(title: str, longest: int = LONGEST_TITLE) -> str:
    """``title`` in one line, cut between words, with ``…`` for what is left out, if it is longer."""
    title = " ".join(title.split())
    if len(title) <= longest:
        return title
    return title[: longest - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def infer_metadata(text: str) -> Metadata:
    """Title and date as the first lines of ``text`` give them.

    The title is a labelled line, a Markdown heading, a first line that stands apart, or the short line over
    the first prose; failing these, the beginning of that prose. The date is the first whole date (day, month
    and year) on a line that is not prose: a date inside a sentence is something told, not the date
    of the telling.
    """
    first = list(islice(lines(text), HEAD_LINES))
    spans = unwrapped_lines(text[: first[-1].end]) if first else []
    head = [" ".join(span.of(text).split()) for span in spans]
    apart = len(spans) > 1 and _BLANK_LINE.search(text, spans[0].end, spans[1].start) is not None
    return Metadata(title=_title(head, apart) or None, date=_date(head))


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


def _title(head: Sequence[str], first_stands_apart: bool) -> str | None:
    for line in head[:10]:
        labelled = _LABELLED.match(line)
        if labelled and labelled[1].lower() == "title" and labelled[2].strip("\"'"):
            return clipped(labelled[2].strip("\"'"))
        heading = _MARKDOWN_HEADING.match(line)
        if heading:
            return clipped(heading[1].rstrip("#"))
    if _is_title_line(head, first_stands_apart):
        return clipped(head[0])
    over = _line_over_first_prose(head)
    if over is not None:
        return clipped(over)
    opening = next((line for line in head if is_prose(line)), head[0] if head else None)
    return None if opening is None else clipped(opening)


def _is_title_line(head: Sequence[str], stands_apart: bool) -> bool:
    """True if the first line is no sentence and no menu, and stands apart, over a date, or over no menu."""
    if not head or not _can_be_title(head[0]) or head[0][-1] in ".!;":
        return False
    is_furniture = furniture(head)
    if is_furniture[0]:
        return len(_WORD.findall(head[0])) >= LONGER_THAN_A_MENU
    over_date = len(head) > 1 and _DATELINE.search(head[1]) is not None
    return stands_apart or over_date or not any(is_furniture)


def _line_over_first_prose(head: Sequence[str]) -> str | None:
    is_furniture = furniture(head)
    for position, line in enumerate(head):
        if not is_prose(line) or is_furniture[position]:
            continue
        above = head[max(0, position - 3) : position]
        return next((candidate for candidate in reversed(above) if _can_be_title(candidate)), None)
    return None


def _can_be_title(line: str) -> bool:
    words = _WORD.findall(line)
    letters = sum(character.isalpha() for character in line)
    if not (line[0].isalnum() or line[0] in _OPENING_QUOTES):
        return False  # a bullet, a separator, the © of a picture's credit
    if line[-1] in ":," or _NUMBERED.match(line):
        return False  # what introduces a list or addresses a person, the heading of a section
    return 2 <= len(words) <= 25 and letters > len(line) / 2 and not _DATELINE.search(line)


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
