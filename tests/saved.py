"""Saved answers as ``qa batch`` writes them, made without an index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qa.render import as_data, as_json
from tests.fakes_reader import answer_from

__all__ = [
    "FERRY",
    "MILL",
    "Record",
    "answers",
    "ferry",
    "mill",
    "saved",
    "without_surroundings",
    "write",
    "write_answers",
]

MILL = "First line.\r\nThe mill burned in 1812. It was rebuilt in 1812. Nobody – é😀 – knew.\r\n"
FERRY = "The ferry sank in 1812. Nobody was hurt. It lies there still.\n"
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


def mill(**changes: Any) -> Record:
    """An answer from the file ``mill.txt``, which holds ``MILL``."""
    return saved("1812", **changes)


def ferry(**changes: Any) -> Record:
    """An answer from the file ``ferry.txt``, which holds ``FERRY``."""
    return saved("sank in 1812", FERRY, "ferry.txt", **changes)


def write(file: str, text: str) -> None:
    """Write a file of the corpus ``seeds`` in the working folder."""
    path = Path("seeds") / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())


def answers(*records: Record | bytes, name: str = "answers.jsonl") -> Path:
    """A file of answers in the working folder."""
    return write_answers(Path(name), *records)
