"""One file becomes one :class:`Document`, or a reason why it cannot."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from qa.errors import DocumentError
from qa.formats.endings import format_of
from qa.formats.extracted import Mark, location_at
from qa.formats.extractor import Extractor
from qa.metadata import (
    LONGEST_DECLARED_TITLE,
    SIDECAR_SUFFIX,
    Metadata,
    infer_metadata,
    read_sidecar,
)
from qa.text import LineIndex
from qa.titles import clipped

__all__ = ["Document", "document_from", "read_bytes", "read_document"]


@dataclass(frozen=True)
class Document:
    """One file of the corpus, read whole."""

    file: str
    """Path relative to the corpus, with ``/`` on every system."""
    text: str
    """Every offset counts its characters: of plain text, Markdown and programs the decoded bytes, line
    breaks untouched; of other formats what was extracted."""
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    title: str
    date: date | None
    size: int
    """Of the file, in bytes."""
    marks: tuple[Mark, ...] = ()
    """From where on the text is of which place of the original."""
    declared: Metadata = field(default_factory=Metadata)
    """Title and date as the file itself declares them, which a sidecar may correct."""

    @cached_property
    def lines(self) -> LineIndex:
        """Line and column of any offset."""
        return LineIndex(self.text)

    @property
    def with_its_names(self) -> str:
        """Title, file and text: where it may say what it is about."""
        return f"{self.title}\n{self.file}\n{self.text}"

    def location(self, offset: int) -> str | None:
        """On which place of the original the character at ``offset`` stands: "page 3"."""
        return location_at(self.marks, offset)


def read_document(
    root: Path, file: str, max_bytes: int, extractor: Extractor | None = None
) -> Document:
    """Read ``root / file``; without an ``extractor``, with one of its own and the default limits.

    Raises:
        DocumentError: not a regular file, too large, of no format that is read, or without text.
    """
    path = root / file
    format_of(file)
    data = read_bytes(path, max_bytes)
    sidecar = path.with_name(path.name + SIDECAR_SUFFIX)
    corrections = read_sidecar(sidecar) if os.path.lexists(sidecar) else Metadata()
    return document_from(file, data, corrections, extractor)


def document_from(
    file: str,
    data: bytes,
    corrections: Metadata | None = None,
    extractor: Extractor | None = None,
) -> Document:
    """The document that ``data``, the bytes of a file of that name, stands for.

    Raises:
        DocumentError: the format is none that is read, or there are no words in the bytes.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    extracted = (extractor if extractor is not None else Extractor()).extract(file, data, sha256)
    if not extracted.text.strip():
        raise DocumentError("it is empty")
    declared = Metadata(extracted.title, extracted.date)
    inferred = infer_metadata(extracted.text)
    corrections = corrections if corrections is not None else Metadata()
    heading = inferred.title if format_of(file).has_heading else None
    titles = (corrections.title, declared.title, heading, Path(file).name)
    title = next(title for title in titles if title is not None)
    days = (corrections.date, declared.date, inferred.date)
    return Document(
        file=file,
        text=extracted.text,
        sha256=sha256,
        title=clipped(title, LONGEST_DECLARED_TITLE),
        date=next((day for day in days if day is not None), None),
        size=len(data),
        marks=extracted.marks,
        declared=declared,
    )


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file of at most ``max_bytes``; never waits on a pipe or a device.

    Raises:
        DocumentError: it is no such file, or cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise DocumentError(f"it cannot be opened: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DocumentError("it is not a regular file")
        if status.st_size > max_bytes:
            raise DocumentError(
                f"it is {status.st_size:,} bytes, more than max_file_bytes ({max_bytes:,}) allows"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read()
    except OSError as error:
        raise DocumentError(f"it cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
