"""A file of saved answers with what has moved brought up to date; all else byte for byte as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from qa.errors import InputFileError
from qa.files import replacing
from qa.receipts.check import CheckedAnswer, Finding, Status

__all__ = ["Fixer", "fixed_record", "fixing"]


class Fixer:
    """Copies an answers file, replacing the lines whose citations stand elsewhere now."""

    def __init__(self, answers: IO[bytes], out: IO[bytes]) -> None:
        self._answers, self._out = answers, out
        self._copied = 0
        self.citations = 0
        """How many were brought up to date."""

    def take(self, checked: CheckedAnswer) -> None:
        """Write up to the end of this answer; answers come in the order of their file."""
        moved = sum(_stands_elsewhere(finding) for finding in checked.findings)
        if not moved:
            return
        at = checked.answer.at
        self._copy_until(at.start)
        raw = self._answers.read(len(at))
        self._copied = at.end
        line = _encoded(fixed_record(checked))
        self._out.write(line + raw[len(raw.rstrip(b"\r\n")) :])
        self.citations += moved

    def finish(self) -> None:
        """Copy what is left."""
        self._copy_until(None)

    def _copy_until(self, end: int | None) -> None:
        self._answers.seek(self._copied)
        left = end - self._copied if end is not None else None
        while left is None or left > 0:
            piece = self._answers.read(1 << 20 if left is None else min(left, 1 << 20))
            if not piece:
                return
            self._out.write(piece)
            left = None if left is None else left - len(piece)


@contextmanager
def fixing(answers: Path, out: Path) -> Iterator[Fixer]:
    """A fixer of ``answers`` whose result becomes ``out`` at the end, whole.

    An earlier ``out`` is kept beside it, with ``.bak`` after its name.

    Raises:
        InputFileError: ``answers`` cannot be read or ``out`` cannot be written.
    """
    try:
        with answers.open("rb") as source, replacing(out, keep_earlier=True) as target:
            fixer = Fixer(source, target)
            yield fixer
            fixer.finish()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputFileError(
            f"{answers} cannot be brought up to date in {out} ({error.strerror}); "
            "nothing was written. Name another file with -o."
        ) from error


def fixed_record(checked: CheckedAnswer) -> dict[str, Any]:
    """The answer's record with each citation that was found elsewhere as its document has it now.

    The passage becomes the sentence: what else was in it nobody has looked at again.
    """
    record = dict(checked.answer.record)
    citations = [
        _fixed(citation, finding) if _stands_elsewhere(finding) else citation
        for citation, finding in zip(record["citations"], checked.findings, strict=True)
    ]
    record["citations"] = citations
    record["answer"] = citations[0]["quote"]
    return record


def _stands_elsewhere(finding: Finding) -> bool:
    return finding.status.found and finding.status is not Status.OK


def _fixed(citation: dict[str, Any], finding: Finding) -> dict[str, Any]:
    now = finding.now
    assert now is not None
    assert now.position is not None
    return citation | {
        "file": now.file,
        "sha256": now.sha256,
        "start": now.span.start,
        "end": now.span.end,
        "quote": now.quote,
        "line": now.position[0],
        "column": now.position[1],
        "location": now.location,
        "sentence": {
            "start": now.sentence.start,
            "end": now.sentence.end,
            "text": now.sentence_text,
            "prefix": now.prefix,
            "suffix": now.suffix,
        },
        "passage": {"start": now.sentence.start, "end": now.sentence.end},
    }


def _encoded(record: dict[str, Any]) -> bytes:
    try:
        return json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a character, which JSON can spell and UTF-8 cannot
        return json.dumps(record).encode()
