"""PDF, page by page, lines joined to paragraphs by where they stand; read with PDFium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, takewhile
from statistics import median
from typing import TYPE_CHECKING

from qa.errors import DocumentError
from qa.formats.extracted import Blocks, Extracted, Limits
from qa.metadata import infer_metadata
from qa.titles import LONGEST_TITLE

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

__all__ = ["pdf"]

#: Where the mark of a PDF must stand (ISO 32000-1, annex H.3.4.1).
HEAD_BYTES = 1_024
#: Letters of a title are so much larger than most on its page.
LARGER_THAN_MOST = 1.25
#: What PDFium puts in the place of a hyphen that only breaks a word.
_SOFT_HYPHENS = "\x02\ufffe\xad"
_BULLET = re.compile(r"[•‣▪●◦*–—-]\s|\(?\d{1,3}[.)]\s|\(?[a-z]\)\s")
_SENTENCE_END = re.compile(r"""[.!?:;]["'”’»)\]]*$""")
_CREATED = re.compile(r"D:(\d{4})(\d{2})(\d{2})")
_NO_TITLE = re.compile(
    r"^(untitled.*|microsoft \w+ - .*|.*\.(docx?|odt|pdf|tex|indd|qxd|rtf|html?))$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page; lengths in points, counted from the page's lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    size: float
    """Of its letters; 0 where the place is not known."""


def pdf(data: bytes, limits: Limits) -> Extracted:
    """The text of each page, marked ``page 3``.

    Raises:
        DocumentError: it is no PDF, is protected or damaged, has too many pages, or is pictures only.
    """
    import pypdfium2

    if b"%PDF-" not in data[:HEAD_BYTES]:
        raise DocumentError(f"it is no PDF but {_looks_like(data)}")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise DocumentError("it is protected by a password; save it without one") from error
        raise DocumentError("it is damaged: PDFium cannot open it") from error
    try:
        if len(document) > limits.max_pages:
            raise DocumentError(
                f"it has {len(document):,} pages, more than max_pages ({limits.max_pages:,}) allows"
            )
        blocks, largest = Blocks(limits), None
        for number in range(len(document)):
            lines = _lines_of(document, number)
            largest = _largest(lines) if number == 0 else largest
            blocks.mark(f"page {number + 1}")
            for paragraph in _paragraphs(lines):
                blocks.add(paragraph)
        if not blocks:
            raise DocumentError("it holds no text, only pictures of it; run OCR on it first")
        title, created = _declared(document)
        text = blocks.extracted(title if title is not None else largest)
        day = infer_metadata(text.text).date or created
        return Extracted(text.text, text.marks, text.title, day)
    finally:
        document.close()


def _looks_like(data: bytes) -> str:
    head = data[:HEAD_BYTES].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "a web page; rename it to .html"
    if head.startswith(b"pk\x03\x04"):
        return "a zip archive, as of Word; give it the ending it had"
    return "something else; give it the ending that is right"


def _lines_of(document: PdfDocument, number: int) -> list[_Line]:
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"it is damaged: page {number + 1} cannot be read") from error
    try:
        text_page = page.get_textpage()
        try:
            return list(_lines(page, text_page))
        finally:
            text_page.close()
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"it is damaged: page {number + 1} cannot be read") from error
    finally:
        page.close()


def _lines(page: PdfPage, text_page: PdfTextPage) -> Iterator[_Line]:  # noqa: ARG001
    import pypdfium2.raw as pdfium

    text = text_page.get_text_range()
    # Where a character is two units of UTF-16, PDFium's numbers are not ours.
    known = len(text) == text_page.count_chars()
    for match in re.finditer(r"[^\r\n]+", text):
        line = match[0]
        if not line.strip():
            continue
        first = match.start() + len(line) - len(line.lstrip())
        last = match.start() + len(line.rstrip()) - 1
        if not known:
            yield _Line(line.strip(), 0.0, 0.0, 0.0, 0.0)
            continue
        while last > first and text[last] in _SOFT_HYPHENS:
            last -= 1
        left, bottom, _, _ = text_page.get_charbox(first, loose=True)
        _, _, right, _ = text_page.get_charbox(last, loose=True)
        size = pdfium.FPDFText_GetFontSize(text_page.raw, first)
        yield _Line(line.strip(), left, right, bottom, size)


def _largest(lines: list[_Line]) -> str | None:
    """What stands in the largest letters of a page, if these are larger than most: a title."""
    if not lines or not lines[0].size:
        return None
    size = max(line.size for line in lines)
    if size < LARGER_THAN_MOST * median(line.size for line in lines):
        return None
    first = next(place for place, line in enumerate(lines) if line.size == size)
    title = takewhile(lambda line: line.size == size, lines[first:])
    text = _readable(" ".join(line.text for line in title))
    return text if len(text) <= LONGEST_TITLE else None


def _paragraphs(lines: list[_Line]) -> Iterator[str]:
    """Lines put together, a word that was broken at a line's end made whole."""
    if not lines:
        return
    steps = [one.bottom - next_.bottom for one, next_ in pairwise(lines)]
    usual = median([step for step in steps if step > 0] or [0.0])
    edge = max(line.right for line in lines)
    width = edge - min(line.left for line in lines)
    text = lines[0].text
    for line, next_ in pairwise(lines):
        if _is_new_paragraph(line, next_, usual, edge, width):
            yield _readable(text)
            text = next_.text
        elif text[-1] in _SOFT_HYPHENS:
            text = text[:-1] + next_.text
        elif line.size and line.right < edge - 0.4 * width:
            text = f"{text}\n{next_.text}"  # more would have fitted: rows, addresses
        else:
            text = f"{text} {next_.text}"
    yield _readable(text)


def _is_new_paragraph(line: _Line, next_: _Line, usual: float, edge: float, width: float) -> bool:
    if not line.size or not next_.size:
        return False
    step = line.bottom - next_.bottom
    if step < 0 or step > 1.4 * usual or abs(line.size - next_.size) > 0.15 * line.size:
        return True  # another column, a gap, a heading
    if _BULLET.match(next_.text):
        return True
    ended = _SENTENCE_END.search(line.text) is not None
    short = line.right < edge - 0.15 * width
    indented = next_.left > line.left + 0.8 * line.size
    return ended and (short or indented)


def _readable(text: str) -> str:
    for hyphen in _SOFT_HYPHENS:
        text = text.replace(hyphen, "")
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))


def _declared(document: PdfDocument) -> tuple[str | None, date | None]:
    """Title and day of creation; a title that a program made of a file's name is none."""
    values = document.get_metadata_dict()
    title = values.get("Title", "").strip()
    found = _CREATED.match(values.get("CreationDate", ""))
    try:
        day = date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        day = None
    return (title if title and not _NO_TITLE.match(title) else None), day
