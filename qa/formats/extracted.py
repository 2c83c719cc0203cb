"""What is taken from a file: its text, and from which character on which place of the original it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

from qa.errors import DocumentError
from qa.settings import Settings

__all__ = [
    "PATH_SEPARATOR",
    "Blocks",
    "Extracted",
    "Headings",
    "Limits",
    "Mark",
    "in_one_line",
    "location_at",
]

#: Between the headings of a path.
PATH_SEPARATOR = " › "
#: A heading is shown cut from this many characters on; a path that is longer loses its first headings.
LONGEST_HEADING = 80
LONGEST_PATH = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """From ``start`` up to the next mark the text is of the place ``label`` of the original."""

    start: int
    label: str
    """As a person looks it up: "page 3", "Trade › Exports"; empty where there is no such place."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a file, in which all offsets count."""

    text: str
    marks: tuple[Mark, ...] = ()
    """In order, each start once."""
    title: str | None = None
    """As the file itself declares it."""
    date: date | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take; the settings of these names say what each is for."""

    max_extraction_seconds: int
    max_extraction_memory: int
    max_text_characters: int
    max_unpacked_bytes: int
    max_unpacked_ratio: int
    max_pages: int
    max_nesting: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that are set."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


def location_at(marks: Sequence[Mark], offset: int) -> str | None:
    """The place of the original that the character at ``offset`` is of, if there is one to name."""
    at = bisect_right(marks, offset, key=lambda mark: mark.start) - 1
    return (marks[at].label or None) if at >= 0 else None


def in_one_line(text: str) -> str:
    """``text`` with each run of white space as one space."""
    return " ".join(text.split())


class Headings:
    """The headings that stand over a place, outermost first."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, level: int, heading: str) -> str:
        """The path down to a heading of ``level``, 1 being the outermost."""
        heading = in_one_line(heading)
        if len(heading) > LONGEST_HEADING:
            heading = heading[: LONGEST_HEADING - 1].rstrip() + "…"
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, heading))
        names = [name for _, name in self._open]
        while len(PATH_SEPARATOR.join(names)) > LONGEST_PATH and len(names) > 1:
            del names[0]
        return PATH_SEPARATOR.join(names)


class Blocks:
    """Gathers the paragraphs of a document, a blank line between two, and the marks on them."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.max_text_characters
        self._pieces: list[str] = []
        self._marks: list[Mark] = []
        self._headings = Headings()
        self._length = 0
        self._pending: str | None = None

    def __bool__(self) -> bool:
        """True once there is any text."""
        return bool(self._pieces)

    def mark(self, label: str) -> None:
        """What follows is of the place ``label``."""
        self._pending = label

    def heading(self, level: int, text: str) -> None:
        """A heading, itself of the place that it opens."""
        text = in_one_line(text)
        if text:
            self.mark(self._headings.enter(level, text))
            self.add(text)

    def add(self, block: str, *, separator: str = "\n\n") -> None:
        """A paragraph, or some lines; nothing if there are no words in it.

        Raises:
            DocumentError: the text has become too long.
        """
        block = _storable(block).strip("\n").rstrip()
        if not block.strip():
            return
        if self._pieces:
            self._pieces.append(separator)
            self._length += len(separator)
        if self._pending is not None:
            self._marks.append(Mark(self._length, self._pending))
            self._pending = None
        self._pieces.append(block)
        self._length += len(block)
        if self._length > self._most:
            raise DocumentError(
                f"its text is longer than max_text_characters ({self._most:,}) allows"
            )

    def extracted(self, title: str | None = None, day: date | None = None) -> Extracted:
        """All of it.

        Raises:
            DocumentError: there is no text.
        """
        if not self._pieces:
            raise DocumentError("it holds no text")
        title = in_one_line(_storable(title)) if title is not None else None
        return Extracted("".join(self._pieces), tuple(self._marks), title or None, day)


def _storable(text: str) -> str:
    """``text`` without what no file of text can hold: halves of characters, and the character 0."""
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode() if _has_halves(text) else text


def _has_halves(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
