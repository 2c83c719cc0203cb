"""One file becomes one :class:`Document`, or a reason why it cannot."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from qa.errors import DocumentError
from qa.metadata import SIDECAR_SUFFIX, Metadata, infer_metadata, read_sidecar
from qa.text import LineIndex

__all__ = ["Document", "decoded", "document_from", "read_bytes", "read_document"]

#: Endings that are read as plain text. Anything else is named and skipped.
TEXT_SUFFIXES = frozenset({"", ".log", ".markdown", ".md", ".rst", ".text", ".txt"})

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


@dataclass(frozen=True)
class Document:
    """One file of the corpus, read whole."""

    file: str
    """Path relative to the corpus, with ``/`` on every system."""
    text: str
    """The decoded text, line breaks untouched; every offset counts its characters."""
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    title: str
    date: date | None
    size: int
    """Of the file, in bytes."""

    @cached_property
    def lines(self) -> LineIndex:
        """Line and column of any offset."""
        return LineIndex(self.text)


def read_document(root: Path, file: str, max_bytes: int) -> Document:
    """Read ``root / file``.

    Raises:
        DocumentError: not a regular file, too large, of no format that is read, or not text.
    """
    path = root / file
    if path.suffix.lower() not in TEXT_SUFFIXES:
        raise DocumentError(f"{path.suffix} files are not read; save it as plain text (.txt)")
    data = read_bytes(path, max_bytes)
    sidecar = path.with_name(path.name + SIDECAR_SUFFIX)
    corrections = read_sidecar(sidecar) if sidecar.is_file() else Metadata()
    return document_from(file, data, corrections)


def document_from(file: str, data: bytes, corrections: Metadata | None = None) -> Document:
    """The document that ``data``, the bytes of a text file, stands for.

    Raises:
        DocumentError: the bytes are not text, or there are no words in them.
    """
    text = decoded(data)
    if not text.strip():
        raise DocumentError("it is empty")
    inferred = infer_metadata(text)
    corrections = corrections if corrections is not None else Metadata()
    title = corrections.title if corrections.title is not None else inferred.title
    return Document(
        file=file,
        text=text,
        sha256=hashlib.sha256(data).hexdigest(),
        title=title if title is not None else Path(file).name,
        date=corrections.date if corrections.date is not None else inferred.date,
        size=len(data),
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


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with a byte order mark, which is not part of the text.

    Raises:
        DocumentError: binary data, or text in another encoding.
    """
    encoding = "utf-8"
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], name
            break
    if encoding == "utf-8" and b"\0" in data:
        raise DocumentError("it is binary, not text")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"it is not {encoding.upper()} text (byte {error.start}); save it as UTF-8"
        ) from error
    if "\0" in text:
        raise DocumentError("it is binary, not text")
    return text
