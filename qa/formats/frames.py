"""What goes over the pipe to the process that reads files: JSON and bytes, each after its length."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from typing import IO, Any

from qa.formats.extracted import Extracted, Mark

__all__ = ["as_frame", "extracted_of", "frame_of", "read_frame", "write_frame"]

_LENGTH_BYTES = 8


def write_frame(pipe: IO[bytes], content: bytes) -> None:
    """Send ``content`` whole."""
    pipe.write(len(content).to_bytes(_LENGTH_BYTES, "big"))
    pipe.write(content)
    pipe.flush()


def read_frame(pipe: IO[bytes], most: int) -> bytes | None:
    """The next frame; ``None`` where the pipe has ended, in the middle of one too.

    Raises:
        ValueError: it is longer than ``most`` bytes.
    """
    head = pipe.read(_LENGTH_BYTES)
    if len(head) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    if length > most:
        raise ValueError(f"a frame of {length} bytes")
    content = pipe.read(length)
    return content if len(content) == length else None


def as_frame(outcome: Extracted | str) -> bytes:
    """What was extracted, or why nothing was."""
    if isinstance(outcome, str):
        return json.dumps({"refused": outcome}).encode()
    values = {
        "text": outcome.text,
        "marks": [(mark.start, mark.label) for mark in outcome.marks],
        "title": outcome.title,
        "date": outcome.date.isoformat() if outcome.date is not None else None,
    }
    return json.dumps(values, ensure_ascii=False).encode()


def frame_of(content: bytes) -> Extracted | str:
    """The outcome that :func:`as_frame` made ``content`` from.

    Raises:
        ValueError: it is none.
    """
    values = json.loads(content)
    try:
        return str(values["refused"]) if "refused" in values else extracted_of(values)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError("no outcome") from error


def extracted_of(values: dict[str, Any]) -> Extracted:
    """An extraction from its data, checked, since another process has made it."""
    text, title, day = values["text"], values["title"], values["date"]
    marks = tuple(Mark(int(start), str(label)) for start, label in values["marks"])
    in_order = all(one.start < other.start for one, other in pairwise(marks)) and all(
        0 <= mark.start <= len(text) for mark in marks
    )
    if not isinstance(text, str) or not isinstance(title, str | None) or not in_order:
        raise ValueError("no extraction")
    return Extracted(text, marks, title, date.fromisoformat(day) if day is not None else None)
