"""Electronic books (.epub): EPUB 2 and 3, the chapters in the order in which they are read."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from qa.errors import DocumentError
from qa.formats.archive import Archive, attribute, day_of, name_of
from qa.formats.encodings import declared_in_page, decoded
from qa.formats.extracted import Blocks, Extracted, Limits
from qa.formats.markup import add_page, page_element

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["epub"]

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"


def epub(data: bytes, limits: Limits) -> Extracted:
    """The text of all chapters under the paths of their headings, or marked "part 3" where there are none.

    Raises:
        DocumentError: it is no book, is damaged or protected against copying, or holds no text.
    """
    archive = Archive(data, limits)
    package_name = _package_name(archive)
    package = archive.element(package_name)
    folder = posixpath.dirname(package_name)
    protected = _protected(archive)
    blocks = Blocks(limits)
    chapters = _chapters(package, folder)
    if len(chapters) > limits.max_pages:
        raise DocumentError(
            f"it has {len(chapters):,} parts, more than max_pages ({limits.max_pages:,}) allows"
        )
    for number, chapter in enumerate(chapters, start=1):
        if chapter in protected:
            raise DocumentError("it is protected against copying, and cannot be read")
        markup = archive.read(chapter)
        text = decoded(markup, declared_in_page(markup))
        if not text.strip():
            continue
        blocks.mark(f"part {number}")
        add_page(page_element(text, limits), blocks, menus=False)
    found = {name_of(part): part.text for part in reversed(list(package.iter()))}
    return blocks.extracted(found.get("title"), day_of(found.get("date")))


def _package_name(archive: Archive) -> str:
    for part in archive.element(_CONTAINER).iter():
        if name_of(part) == "rootfile":
            return attribute(part, "full-path")
    raise DocumentError("it is damaged: its container names no book")


def _chapters(package: _Element, folder: str) -> list[str]:
    """The names of the chapters, each once, in the order of the spine."""
    files: dict[str, str] = {}
    spine: list[str] = []
    for part in package.iter():
        if name_of(part) == "item" and "html" in attribute(part, "media-type"):
            files[attribute(part, "id")] = posixpath.normpath(
                posixpath.join(folder, unquote(attribute(part, "href")))
            )
        elif name_of(part) == "itemref":
            spine.append(attribute(part, "idref"))
    return list(dict.fromkeys(files[id_] for id_ in spine if id_ in files))


def _protected(archive: Archive) -> set[str]:
    """The files that are encrypted; fonts often are, and need not be read."""
    if _ENCRYPTION not in archive.names:
        return set()
    return {
        unquote(attribute(part, "URI"))
        for part in archive.element(_ENCRYPTION).iter()
        if name_of(part) == "CipherReference"
    }
