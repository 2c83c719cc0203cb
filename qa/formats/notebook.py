"""Jupyter notebooks (.ipynb): what their cells say, hold and have printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from qa.errors import DocumentError
from qa.formats.extracted import Blocks, Extracted, Headings, Limits
from qa.formats.plain import markdown_marks

__all__ = ["notebook"]


def notebook(data: bytes, limits: Limits) -> Extracted:
    """Each cell's source and printed output, marked ``cell 4, Trade › Exports``; formats 3 and 4.

    The format: https://nbformat.readthedocs.io/en/latest/format_description.html

    Raises:
        DocumentError: it is no notebook, or holds nothing.
    """
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError) as error:
        raise DocumentError("it is no notebook: not JSON, or cut off") from error
    except RecursionError as error:
        raise DocumentError("it is nested too deeply for a notebook") from error
    blocks, headings = Blocks(limits), Headings()
    path = ""
    for number, cell in enumerate(_cells(content), start=1):
        source = _text(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "heading":  # format 3
            source = f"{'#' * _level(cell)} {source}"
        sections = markdown_marks(source, headings) if cell.get("cell_type") != "code" else ()
        edges = [0, *(mark.start for mark in sections), len(source)]
        for label, (start, end) in zip(
            (path, *(mark.label for mark in sections)), pairwise(edges), strict=True
        ):
            path = label
            if start < end:
                blocks.mark(f"cell {number}, {path}" if path else f"cell {number}")
                blocks.add(source[start:end])
        for output in _outputs(cell):
            blocks.add(output)
    return blocks.extracted(_title(content))


def _cells(content: Any) -> Iterator[dict[str, Any]]:
    holders = [content]
    if isinstance(content, dict) and isinstance(content.get("worksheets"), list):
        holders = content["worksheets"]  # format 3
    for holder in holders:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        if not isinstance(cells, list):
            raise DocumentError("it is no notebook: it has no cells")
        yield from (cell for cell in cells if isinstance(cell, dict))


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    """What a cell has printed, as plain text."""
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict):
            data = output.get("data")
            shown = data.get("text/plain") if isinstance(data, dict) else None
            yield _text(output.get("text", shown))


def _text(value: Any) -> str:
    """A text of the format: a string, or a list of its lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _level(cell: dict[str, Any]) -> int:
    level = cell.get("level")
    return min(max(level, 1), 6) if isinstance(level, int) else 1


def _title(content: Any) -> str | None:
    metadata = content.get("metadata") if isinstance(content, dict) else None
    title = metadata.get("title") if isinstance(metadata, dict) else None
    return title if isinstance(title, str) else None
