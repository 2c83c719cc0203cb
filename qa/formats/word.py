"""Word documents (.docx): ISO/IEC 29500, WordprocessingML, of either namespace."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qa.errors import DocumentError
from qa.formats.archive import Archive, attribute, day_of, name_of
from qa.formats.extracted import Blocks, Extracted, Limits, in_one_line
from qa.formats.table_lines import TableLines, spanned
from qa.metadata import infer_metadata

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["word"]

_MAIN_PART = "word/document.xml"
_OUTLINE_LEVELS = frozenset("012345678")
#: What was deleted but is kept as a tracked change, and what repeats its neighbour for older programs.
_NOT_SHOWN = frozenset({"del", "moveFrom", "Fallback"})
_OFF = frozenset({"0", "false", "off"})


def word(data: bytes, limits: Limits) -> Extracted:
    """Paragraphs, table rows, text boxes and footnotes, under the paths of their headings.

    Tracked changes count as accepted.

    Raises:
        DocumentError: it is no such document, is protected or damaged, or holds no text.
    """
    archive = Archive(data, limits)
    if _MAIN_PART not in archive.names and "content.xml" in archive.names:
        raise DocumentError("it is no Word document but one of OpenDocument; rename it to .odt")
    main = _main_part(archive)
    folder = posixpath.dirname(main)
    levels = _heading_levels(archive, f"{folder}/styles.xml")
    blocks = Blocks(limits)
    body = next((part for part in archive.element(main) if name_of(part) == "body"), None)
    if body is None:
        raise DocumentError("it is damaged: it has no body")
    _add(body, blocks, levels)
    for notes in ("footnotes", "endnotes"):
        if f"{folder}/{notes}.xml" in archive.names:
            blocks.mark(notes)
            _add(archive.element(f"{folder}/{notes}.xml"), blocks, {})
    title, created = _properties(archive)
    text = blocks.extracted(title)
    # The day in the text is the document's; the file's may be that of its template.
    day = infer_metadata(text.text).date or day_of(created)
    return Extracted(text.text, text.marks, text.title, day)


def _main_part(archive: Archive) -> str:
    if "_rels/.rels" in archive.names:
        for relation in archive.element("_rels/.rels"):
            if attribute(relation, "Type").endswith("/officeDocument"):
                return attribute(relation, "Target").lstrip("/")
    return _MAIN_PART


def _heading_levels(archive: Archive, styles: str) -> dict[str, int]:
    """The level of each paragraph style that is one of a heading, by its id; 1 is the outermost."""
    if styles not in archive.names:
        return {}
    own: dict[str, int] = {}
    based_on: dict[str, str] = {}
    for style in archive.element(styles):
        id_ = attribute(style, "styleId")
        for part in style.iter("{*}name", "{*}outlineLvl", "{*}basedOn"):
            kind, value = name_of(part), attribute(part, "val")
            if kind == "name" and value.lower().startswith("heading "):
                own.setdefault(id_, _level(value[8:]))
            elif kind == "outlineLvl" and value in _OUTLINE_LEVELS:
                own[id_] = int(value) + 1
            elif kind == "basedOn":
                based_on[id_] = value
    levels = {}
    for id_ in {*own, *based_on}:
        at, seen = id_, set()
        while at not in own and at in based_on and at not in seen:
            seen.add(at)
            at = based_on[at]
        if at in own:
            levels[id_] = own[at]
    return levels


def _level(number: str) -> int:
    return int(number) if number in _OUTLINE_LEVELS - {"0"} else 9


def _add(parent: _Element, blocks: Blocks, levels: dict[str, int]) -> None:
    for part in parent:
        kind = name_of(part)
        if kind == "p":
            text, level = _text(part), levels.get(_style(part))
            if level is not None and text.strip():
                blocks.heading(level, text)
            else:
                blocks.add(text)
            for box in _boxes(part):
                _add(box, blocks, levels)
        elif kind == "tbl":
            _add_table(part, blocks)
        elif kind in ("footnote", "endnote"):
            if not attribute(part, "type"):  # the others are lines that separate
                _add(part, blocks, levels)
        elif kind not in _NOT_SHOWN:
            _add(part, blocks, levels)


def _add_table(table: _Element, blocks: Blocks) -> None:
    """Each row a line; a table within a cell is part of its row."""
    lines = TableLines(blocks)
    for row in _rows(table):
        cells = [*_cells(row)]
        header = _property(row, "trPr", "tblHeader")
        bold = [_is_bold(cell) for cell in cells]
        names = (header is not None and attribute(header, "val") not in _OFF) or (
            True in bold and False not in bold
        )
        texts = [""] * _count(_property(row, "trPr", "gridBefore"))
        for cell in cells:
            texts.append(in_one_line(_text(cell, within=True)))
            texts.extend([""] * (_count(_property(cell, "tcPr", "gridSpan")) - 1))
        lines.add(texts, names=names)


def _cells(row: _Element) -> Iterator[_Element]:
    for part in row:
        if name_of(part) == "tc":
            yield part
        elif name_of(part) not in _NOT_SHOWN:
            yield from _cells(part)


def _property(element: _Element, properties: str, name: str) -> _Element | None:
    """What a row or a cell says of itself, not of what it holds."""
    own = (part for part in element if name_of(part) == properties)
    return next((part for of in own for part in of if name_of(part) == name), None)


def _count(columns: _Element | None) -> int:
    """How many columns that is; 0 where nothing says it."""
    return spanned(attribute(columns, "val")) if columns is not None else 0


def _is_bold(cell: _Element) -> bool | None:
    """True if all its words are, as names of columns often are told from the rest; ``None`` without words."""
    runs = [part for part in cell.iter() if name_of(part) == "r" and _text(part).strip()]
    if not runs:
        return None
    return all(
        any(name_of(part) == "b" and attribute(part, "val") not in _OFF for part in run.iter())
        for run in runs
    )


def _rows(table: _Element) -> Iterator[_Element]:
    for part in table:
        if name_of(part) == "tr":
            yield part
        elif name_of(part) not in _NOT_SHOWN:
            yield from _rows(part)


def _text(element: _Element, *, within: bool = False) -> str:
    """The characters of a paragraph, without those of its text boxes; ``within``: of all in it."""
    return "".join(_characters(element, within))


def _characters(element: _Element, within: bool) -> Iterator[str]:
    for part in element:
        kind = name_of(part)
        if kind == "t":
            yield part.text or ""
        elif kind in ("tab", "ptab"):
            yield "\t"
        elif kind in ("br", "cr"):
            yield "\n"
        elif kind == "noBreakHyphen":
            yield "-"
        elif kind == "p" and within:
            yield from _characters(part, within)
            yield " "
        elif kind not in _NOT_SHOWN and (kind != "txbxContent" or within):
            yield from _characters(part, within)


def _boxes(paragraph: _Element) -> Iterator[_Element]:
    for part in paragraph:
        if name_of(part) == "txbxContent":
            yield part
        elif name_of(part) not in _NOT_SHOWN:
            yield from _boxes(part)


def _style(paragraph: _Element) -> str:
    for properties in paragraph:
        if name_of(properties) == "pPr":
            for part in properties:
                if name_of(part) == "pStyle":
                    return attribute(part, "val")
    return ""


def _properties(archive: Archive) -> tuple[str | None, str | None]:
    """Title and moment of creation, as the core properties have them."""
    if "docProps/core.xml" not in archive.names:
        return None, None
    found = {name_of(part): part.text for part in archive.element("docProps/core.xml")}
    return found.get("title"), found.get("created")
