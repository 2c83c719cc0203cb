"""Files whose text is what offsets count in: plain text, programs, Markdown."""

from __future__ import annotations

import re

from qa.formats.encodings import declared_in_page, declared_in_python, decoded
from qa.formats.extracted import Extracted, Headings, Limits, Mark
from qa.text import lines, start_with_blanks

__all__ = ["markdown", "markdown_marks", "plain", "program"]

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
_CLOSING = re.compile(r"(?<![ \t])[ \t]+#+$")
_FENCE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})(.*)")
#: What is indented by more columns is code (CommonMark 0.31, 4.4).
_MOST_INDENTED = 3
_TAB = 4


def plain(data: bytes, limits: Limits) -> Extracted:  # noqa: ARG001 - its size is its limit
    """The text as it is.

    Raises:
        DocumentError: as :func:`qa.formats.encodings.decoded`.
    """
    return Extracted(decoded(data))


def program(data: bytes, limits: Limits) -> Extracted:  # noqa: ARG001
    """The text as it is, in the encoding that its first lines may name."""
    return Extracted(decoded(data, declared_in_python(data) or declared_in_page(data)))


def markdown(data: bytes, limits: Limits) -> Extracted:  # noqa: ARG001
    """The text as it is, marked with the paths of its headings."""
    text = decoded(data)
    return Extracted(text, markdown_marks(text))


def markdown_marks(text: str, headings: Headings | None = None) -> tuple[Mark, ...]:
    """Where the sections of a Markdown text begin, after their headings (CommonMark 0.31, 4.2).

    A line that begins with ``#`` in a block of code, fenced or indented, is none. ``headings`` are those that
    stand over the whole text, and take in its own.
    """
    marks: list[Mark] = []
    headings = headings if headings is not None else Headings()
    fence = ""
    for span in lines(text):
        line = span.of(text)
        if _indentation(text, span.start) > _MOST_INDENTED:
            continue
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and found[1].startswith(fence) and not found[2]:
            fence = ""
        elif not fence and line.startswith("#"):
            heading = _HEADING.match(line)
            name = _CLOSING.sub("", heading[2]).strip("# \t") if heading else ""
            if heading and name:
                marks.append(Mark(span.start, headings.enter(len(heading[1]), name)))
    return tuple(marks)


def _indentation(text: str, start: int) -> int:
    """The columns of blanks before ``start`` in its line."""
    return len(text[start_with_blanks(text, start) : start].expandtabs(_TAB))
