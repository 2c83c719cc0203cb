"""OpenDocument texts (.odt): ISO/IEC 26300."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qa.errors import DocumentError
from qa.formats.archive import Archive, attribute, day_of, name_of
from qa.formats.extracted import Blocks, Extracted, Limits, in_one_line
from qa.formats.table_lines import MOST_COLUMNS, TableLines, spanned
from qa.metadata import infer_metadata

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["opendocument"]

#: Comments, deleted text that is kept as a tracked change, and lists of contents, which repeat headings.
_NOT_SHOWN = frozenset(
    {"annotation", "tracked-changes", "table-of-content", "forms", "sequence-decls"}
)
#: More spaces in a row than this are a mistake or an attack.
MOST_SPACES = 100


def opendocument(data: bytes, limits: Limits) -> Extracted:
    """Paragraphs, table rows and notes, under the paths of their headings.

    Raises:
        DocumentError: it is no such document, is protected or damaged, or holds no text.
    """
    archive = Archive(data, limits)
    if "META-INF/manifest.xml" in archive.names:
        manifest = archive.element("META-INF/manifest.xml")
        if any(name_of(part) == "encryption-data" for part in manifest.iter()):
            raise DocumentError("it is protected by a password; save it without one")
    blocks = Blocks(limits)
    _add(archive.element("content.xml"), blocks)
    title, created = _properties(archive)
    text = blocks.extracted(title)
    day = infer_metadata(text.text).date or day_of(created)
    return Extracted(text.text, text.marks, text.title, day)


def _add(parent: _Element, blocks: Blocks) -> None:
    for part in parent:
        kind = name_of(part)
        if kind == "h":
            level = attribute(part, "outline-level")
            blocks.heading(int(level) if level.isdecimal() and len(level) < 3 else 1, _text(part))
        elif kind == "p":
            blocks.add(_text(part))
            for note in _notes(part):
                _add(note, blocks)
        elif kind == "table":
            _add_table(part, blocks)
        elif kind not in _NOT_SHOWN:
            _add(part, blocks)


def _add_table(table: _Element, blocks: Blocks) -> None:
    lines = TableLines(blocks)
    for row in table.iter():
        if name_of(row) == "table-row":
            above = row.getparent()
            names = above is not None and name_of(above) == "table-header-rows"
            cells = []
            for cell in row:
                times = max(1, spanned(attribute(cell, "number-columns-repeated")))
                cells += [in_one_line(_text(cell, within=True))] * times
            lines.add(cells[:MOST_COLUMNS], names=names)


def _text(element: _Element, *, within: bool = False) -> str:
    return "".join(_characters(element, within))


def _characters(element: _Element, within: bool) -> Iterator[str]:
    """The characters of a paragraph; white space counts as in HTML (part 3, 6.1.2)."""
    yield _collapsed(element.text)
    for part in element:
        kind = name_of(part)
        if kind == "s":
            count = attribute(part, "c")
            yield " " * min(int(count) if count.isdecimal() and len(count) < 9 else 1, MOST_SPACES)
        elif kind == "tab":
            yield "\t"
        elif kind == "line-break":
            yield "\n"
        elif kind in ("p", "h", "list", "list-item", "table", "table-row", "table-cell"):
            if within:
                yield from _characters(part, within)
                yield " "
        elif kind not in _NOT_SHOWN and kind not in ("note", "text-box"):
            yield from _characters(part, within)
        yield _collapsed(part.tail)


def _notes(paragraph: _Element) -> Iterator[_Element]:
    """The bodies of footnotes, and the text boxes, that hang on a paragraph."""
    for part in paragraph:
        kind = name_of(part)
        if kind == "note":
            yield from (body for body in part if name_of(body) == "note-body")
        elif kind == "text-box":
            yield part
        elif kind not in _NOT_SHOWN:
            yield from _notes(part)


def _collapsed(text: str | None) -> str:
    if not text:
        return ""
    words = " ".join(text.split())
    before, after = " " * text[0].isspace(), " " * text[-1].isspace()
    return f"{before}{words}{after}" if words else " "


def _properties(archive: Archive) -> tuple[str | None, str | None]:
    if "meta.xml" not in archive.names:
        return None, None
    found = {name_of(part): part.text for part in archive.element("meta.xml").iter()}
    return found.get("title"), found.get("date") or found.get("creation-date")
