"""Zip archives of XML (.docx, .odt, .epub): unpacked and parsed only within bounds."""

from __future__ import annotations

import zipfile
import zlib
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

from qa.errors import DocumentError
from qa.formats.extracted import Limits

if TYPE_CHECKING:
    from lxml import etree

__all__ = [
    "Archive",
    "attribute",
    "day_of",
    "element_of",
    "name_of",
    "refuse_excess",
    "require_shallow",
]

#: Less than this, in bytes, may be packed as tightly as it likes.
FREE_OF_RATIO = 1_000_000
MOST_MEMBERS = 20_000
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Archive:
    """The members of a zip archive whose directory promises no more than the limits allow."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Read the directory; a member's bytes are unpacked when they are asked for.

        Raises:
            DocumentError: it is no archive, is damaged, or would unpack to too much.
        """
        if data.startswith(_OLD_OFFICE):
            raise DocumentError(
                "it is protected by a password, or of before 2007; save it anew without a password"
            )
        self._limits = limits
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise DocumentError("it is damaged: not a whole zip archive") from error
        members = self._zip.infolist()
        if len(members) > MOST_MEMBERS:
            raise DocumentError(f"it packs more than {MOST_MEMBERS:,} files")
        total = sum(member.file_size for member in members)
        if total > limits.max_unpacked_bytes:
            raise DocumentError(
                f"it unpacks to {total:,} bytes, more than max_unpacked_bytes "
                f"({limits.max_unpacked_bytes:,}) allows"
            )
        for member in members:
            if member.file_size > FREE_OF_RATIO and (
                member.file_size > max(member.compress_size, 1) * limits.max_unpacked_ratio
            ):
                raise DocumentError(
                    "it unpacks to more than max_unpacked_ratio "
                    f"({limits.max_unpacked_ratio:,}) times its size"
                )

    @property
    def names(self) -> frozenset[str]:
        """What it holds."""
        return frozenset(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """The bytes of a member; never more than the directory promised.

        Raises:
            DocumentError: there is none of that name, or it is damaged or encrypted.
        """
        try:
            return self._zip.read(name)
        except KeyError as error:
            raise DocumentError(f"it is damaged: it holds no {name}") from error
        except RuntimeError as error:  # encrypted, or packed in a way that is not known
            raise DocumentError("it is protected by a password; save it without one") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
            raise DocumentError(f"it is damaged: {name} cannot be unpacked") from error

    def element(self, name: str) -> etree._Element:
        """A member as XML.

        Raises:
            DocumentError: as :meth:`read` and :func:`element_of`.
        """
        return element_of(self.read(name), name, self._limits)


def element_of(data: bytes, name: str, limits: Limits) -> etree._Element:
    """The root of an XML document; entities are not followed.

    Raises:
        DocumentError: it is no XML, declares entities, or is nested too deeply.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if any("ntity" in str(entry.message) for entry in parser.error_log):
            raise DocumentError("it declares entities, which are not followed") from error
        refuse_excess(parser.error_log, limits)
        raise DocumentError(f"it is damaged: {name} is no XML") from error
    table = root.getroottree().docinfo.internalDTD
    if table is not None and any(True for _ in table.iterentities()):
        raise DocumentError("it declares entities, which are not followed")
    require_shallow(root, limits)
    return root


def refuse_excess(log: etree._ListErrorLog, limits: Limits) -> None:
    """Refuse what libxml2 has cut off because it was too much for it.

    Raises:
        DocumentError: its log says so.
    """
    for entry in log:
        if "depth" in str(entry.message):
            raise DocumentError(_too_deep(limits))
        if entry.type_name == "ERR_RESOURCE_LIMIT" or "huge" in str(entry.message).lower():
            raise DocumentError("one of its parts is longer than the 10 MB that libxml2 reads")


def require_shallow(root: etree._Element, limits: Limits) -> None:
    """Refuse a tree of more levels than ``max_nesting``; libxml2 itself builds 256 at most.

    Raises:
        DocumentError: it has more.
    """
    from lxml import etree

    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > limits.max_nesting:
            raise DocumentError(_too_deep(limits))


def _too_deep(limits: Limits) -> str:
    return f"it is nested more than max_nesting ({limits.max_nesting}) levels deep"


def name_of(element: etree._Element) -> str:
    """The name of an element without its namespace; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: etree._Element, name: str) -> str:
    """The value of an attribute of that name, whatever its namespace; empty if there is none."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return ""


def day_of(text: str | None) -> date | None:
    """The day of an ISO 8601 moment; ``None`` if it is none."""
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None
