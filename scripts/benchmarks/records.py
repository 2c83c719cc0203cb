"""Measurements as JSON lines: each is written as it is taken, so that a run that was cut off goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.places import ROOT

__all__ = ["Record", "Records", "code_digest"]

#: ``{"code": ..., "measure": ..., ...}``: which program was measured, which row of the table, what came out.
Record = dict[str, Any]


class Records:
    """The measurements of one state of the program in a file that may hold those of others too."""

    def __init__(self, path: Path, code: str) -> None:
        """``code`` tells the state of the program, sizes of the run included."""
        self._path = path
        self._code = code
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        # What a kill cut short is no measurement.
        whole = [line for line in lines if line.endswith("}")]
        if whole != lines:
            path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
        self._records = [row for row in map(json.loads, whole) if row["code"] == code]

    def of(self, measure: str, **key: Any) -> list[Record]:
        """All measurements of a row that have these values, in the order they were taken."""
        return [row for row in self._records if _matches(row, {"measure": measure, **key})]

    def once(self, take: Callable[[], Record], measure: str, **key: Any) -> Record:
        """The measurement of a row with this key, taken now if there is none yet."""
        found = self.of(measure, **key)
        if found:
            return found[0]
        record = {"code": self._code, "measure": measure, **key, **take()}
        with self._path.open("a", encoding="utf-8") as file:
            print(json.dumps(record, ensure_ascii=False), file=file, flush=True)
        self._records.append(record)
        return record

    def forget(self, measure: str) -> None:
        """Take a row's measurements of this state of the program out, so that they are taken anew."""
        gone = {"code": self._code, "measure": measure}
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        kept = [line for line in lines if not _matches(json.loads(line), gone)]
        self._path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        self._records = [row for row in self._records if row["measure"] != measure]


def _matches(row: Record, key: Record) -> bool:
    return all(row.get(name) == value for name, value in key.items())


def code_digest() -> str:
    """Tells the program's files as they are now from any others."""
    digest = hashlib.sha256()
    for path in _program():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _program() -> Iterator[Path]:
    for path in sorted((ROOT / "qa").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
