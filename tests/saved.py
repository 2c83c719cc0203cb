"""Saved answers as ``qa batch`` writes them, made without an index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qa.render import as_data, as_json
from tests.fakes_reader import answer_from

__all__ = ["MILL", "Record", "saved", "without_surroundings", "write_answers"]

MILL = "First line.\r\nThe mill burned in 1812. It was rebuilt in 1812. Nobody – é😀 – knew.\r\n"
Record = dict[str, Any]


def saved(
    quote: str,
    text: str = MILL,
    file: str = "mill.txt",
    *,
    id_: str = "1",
    question: str = "When was it?",
    confidence: float = 0.875,
) -> Record:
    """The record that qa batch writes for an answer that is the first ``quote`` in ``text``."""
    answer = answer_from(text, quote, file=file, question=question, confidence=confidence)
    return dict(json.loads(as_json(as_data(answer, id_=id_, elapsed_ms=1))))


def without_surroundings(record: Record) -> Record:
    """``record`` as it was written before receipts kept what stands around a sentence."""
    record = json.loads(json.dumps(record))
    for citation in record["citations"]:
        del citation["sentence"]["prefix"], citation["sentence"]["suffix"]
    return record


def write_answers(path: Path, *records: Record | bytes) -> Path:
    """An answers file with these lines; bytes are taken as they are."""
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in records]
    path.write_bytes(b"".join(lines))
    return path
