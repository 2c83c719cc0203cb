"""Bytes as text: byte order mark, what the file declares, UTF-8, and then what its bytes look like."""

from __future__ import annotations

import codecs
import re

from qa.errors import DocumentError

__all__ = ["declared_in_page", "declared_in_python", "decoded"]

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before those of UTF-16, with which they begin.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Encodings of before Unicode in which files are still found; a detector that may choose from all takes
#: "café" for Urdu.
_LEGACY = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949", "iso2022_jp"),
)
#: So much of a file is looked at to tell its encoding, in bytes.
SAMPLE = 64_000
#: Fewer bytes beyond ASCII tell the detector nothing, and the most common encoding is taken.
FEWEST_TELLING = 8

_PYTHON_DECLARATION = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)
_PAGE_DECLARATION = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([-\w.:]+)"""
    rb"""|<meta[^>]{0,500}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([-\w.:]+)""",
    re.IGNORECASE,
)


def decoded(data: bytes, declared: str | None = None) -> str:
    """The text of a file, line breaks untouched, without its byte order mark.

    ``declared`` is the encoding that the file itself names. Where neither that nor UTF-8 fits, the
    encoding is told by the bytes; what it is taken for depends on the bytes alone.

    Raises:
        DocumentError: binary data, or text of no encoding that is known.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding)
    if b"\0" in data:
        raise DocumentError("it is binary, not text")
    for name in (declared, "utf-8"):
        text = _attempted(data, name) if name is not None else None
        if text is not None:
            return text
    return _detected(data)


def declared_in_python(data: bytes) -> str | None:
    """The encoding that the first two lines of a program name, after PEP 263."""
    found = _PYTHON_DECLARATION.search(b"\n".join(data[:1_000].split(b"\n")[:2]))
    return found[1].decode("ascii", "replace") if found else None


def declared_in_page(data: bytes) -> str | None:
    """The encoding that a page's XML declaration or ``<meta>`` names in the first 1,024 bytes."""
    found = _PAGE_DECLARATION.search(data[:1_024])
    return (found[1] or found[2]).decode("ascii", "replace") if found else None


def _strictly(data: bytes, name: str) -> str:
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"it is not {name.upper()} text (byte {error.start}), as its byte order mark says; "
            "save it as UTF-8"
        ) from error
    if "\0" in text:
        raise DocumentError("it is binary, not text")
    return text


def _attempted(data: bytes, name: str) -> str | None:
    """``data`` in the encoding of that name; ``None`` if there is none, or it does not fit."""
    # What declares ISO 8859-1 is Windows-1252 nearly always (WHATWG Encoding Standard, 4.2).
    name = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "us-ascii": "utf-8"}.get(
        name.lower(), name
    )
    try:
        if not codecs.lookup(name)._is_text_encoding:
            return None
        text = data.decode(name)
    except (LookupError, UnicodeError, ValueError):
        return None
    return None if "\0" in text else text


def _detected(data: bytes) -> str:
    from charset_normalizer import from_bytes

    if sum(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in data[:SAMPLE]):
        raise DocumentError("it is binary, not text")
    telling = sum(byte > 127 for byte in data[:SAMPLE])
    candidates = ["cp1252"]
    if telling >= FEWEST_TELLING:
        cut = data[:SAMPLE]
        cut = cut[: cut.rfind(b"\n") + 1] or cut  # no character is cut in two there
        found = from_bytes(cut, cp_isolation=list(_LEGACY), preemptive_behaviour=False).best()
        if found is not None:
            candidates.insert(0, found.encoding)
    for name in candidates:
        text = _attempted(data, name)
        if text is not None:
            return text
    raise DocumentError("its encoding cannot be told; save it as UTF-8")
