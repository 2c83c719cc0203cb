"""Mails (.eml): who wrote to whom, what the message says, and the messages attached to it."""

from __future__ import annotations

import email
import email.policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from qa.errors import DocumentError
from qa.formats.encodings import decoded
from qa.formats.extracted import Blocks, Extracted, Limits, in_one_line
from qa.formats.markup import add_page, page_element

__all__ = ["mail"]

#: What the standard library's parser raises on headers that are broken, instead of taking note of a defect.
_STUMBLES = (MessageError, ValueError, LookupError, AttributeError, TypeError)
_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def mail(data: bytes, limits: Limits) -> Extracted:
    """The head's main lines, then the message as plain text, or as HTML where it has no other.

    Of other attachments the names alone are taken.

    Raises:
        DocumentError: it is no mail, is nested too deeply, or holds no text.
    """
    try:
        return _mail(data, limits)
    except _STUMBLES as error:
        raise DocumentError("it is damaged: its headers or parts cannot be told") from error


def _mail(data: bytes, limits: Limits) -> Extracted:
    message = email.message_from_bytes(data, _class=EmailMessage, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    if not any(_header(message, name) for name in ("From", "Date", "Subject", "Received")):
        raise DocumentError("it is no mail: it has none of a mail's headers")
    blocks = Blocks(limits)
    _add(message, blocks, limits, 0)
    try:
        day = parsedate_to_datetime(_header(message, "Date")).date()
    except (*_STUMBLES, OverflowError):
        day = None
    return blocks.extracted(_header(message, "Subject") or None, day)


def _add(message: EmailMessage, blocks: Blocks, limits: Limits, depth: int) -> None:
    if depth > limits.max_nesting:
        raise DocumentError(
            f"it is nested more than max_nesting ({limits.max_nesting}) levels deep"
        )
    subject = _header(message, "Subject")
    if depth:
        blocks.mark(f"attached message: {subject}"[:200] if subject else "attached message")
    heads = [(name, _header(message, name)) for name in _SHOWN]
    blocks.add("\n".join(f"{name}: {value}" for name, value in heads if value))
    attached: list[EmailMessage] = []
    names: list[str] = []
    plain, marked_up = _bodies(message, attached, names, limits)
    if plain.strip():
        blocks.add(plain)
    elif marked_up.strip():
        add_page(page_element(marked_up, limits), blocks, menus=True)
    if names:
        blocks.add("Attachments: " + ", ".join(names))
    for inner in attached:
        _add(inner, blocks, limits, depth + 1)


def _bodies(
    message: EmailMessage, attached: list[EmailMessage], names: list[str], limits: Limits
) -> tuple[str, str]:
    """The message's own text as plain text and as HTML; what is attached goes into the lists."""
    plain: list[str] = []
    marked_up: list[str] = []
    waiting = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > limits.max_nesting:
            raise DocumentError(
                f"it is nested more than max_nesting ({limits.max_nesting}) levels deep"
            )
        inner = part.get_payload() if part.is_multipart() else None
        name = part.get_filename()
        kind = part.get_content_type()
        if kind == "message/rfc822" and isinstance(inner, list):
            attached.extend(one for one in inner if isinstance(one, EmailMessage))
        elif isinstance(inner, list):
            waiting += [
                (one, depth + 1) for one in reversed(inner) if isinstance(one, EmailMessage)
            ]
        elif name:
            names.append(in_one_line(name))
        elif kind == "text/plain":
            plain.append(_flowed(part))
        elif kind == "text/html":
            marked_up.append(_text(part))
    return "\n\n".join(plain), "\n".join(marked_up)


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    return decoded(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


def _flowed(part: EmailMessage) -> str:
    """A plain text, lines that only were broken to be sent made whole again (RFC 3676)."""
    text = _text(part).replace("\r\n", "\n")
    if part.get_param("format") != "flowed":
        return text
    gap = "" if part.get_param("delsp") == "yes" else " "
    whole: list[str] = []
    open_ = False
    for line in text.split("\n"):
        line = line.removeprefix(" ")  # "space-stuffed"
        if open_ and not line.startswith(">"):
            whole[-1] += line.rstrip(" ")
        else:
            whole.append(line.rstrip(" "))
        open_ = line.endswith(" ") and line != "-- "
        if open_:
            whole[-1] += gap
    return "\n".join(whole)


def _header(message: EmailMessage, name: str) -> str:
    """A header's text in one line; empty if there is none, or none that can be understood."""
    try:
        return in_one_line(str(message.get(name, "")))
    except _STUMBLES:
        return ""
