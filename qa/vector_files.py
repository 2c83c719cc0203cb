"""The FAISS files that lie with a store: where they are, and what they say of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qa.files import read_regular_file
from qa.models.encoder import Vectors
from qa.store import Store

__all__ = ["DESCRIPTION_FILE", "KINDS", "VectorFile", "files_of", "vectors_in_order"]

DESCRIPTION_FILE = "faiss.json"
KINDS = ("passages", "sentences")
#: In bytes; what is written here has some hundred.
_LARGEST_DESCRIPTION = 100_000
#: Vectors read from the store at once, so that not all of them are in memory twice.
_AT_ONCE = 8_192


@dataclass(frozen=True)
class VectorFile:
    """One file as one generation of a store needs it."""

    folder: Path
    kind: str
    store: Store
    generation: int
    written: int | None
    """The generation of the file that lies there, if any does."""
    sha256: str
    """That file's digest."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / f"{self.kind}.faiss"

    @property
    def is_current(self) -> bool:
        """Whether what lies there says that it is of this generation."""
        return self.written == self.generation

    def earlier(self) -> VectorFile | None:
        """What lies there, if it is of an earlier generation."""
        if self.written is None or self.written >= self.generation:
            return None
        return replace(self, generation=self.written)

    def came_since(self, generation: int) -> list[int]:
        """Ids of the vectors of documents that came after that generation, in order."""
        came = self.store.documents_since(generation)
        return [
            id_
            for document in came
            for id_, _ in self.store.spans_with_vectors(self.kind, document)
        ]


def files_of(folder: Path, store: Store, generation: int) -> list[VectorFile]:
    """The files in ``folder`` as this generation of ``store`` needs them."""
    written, digests = _described(folder)
    return [
        VectorFile(folder, kind, store, generation, written, digests.get(kind, ""))
        for kind in KINDS
    ]


def vectors_in_order(
    store: Store, kind: str, first: int = 0
) -> Iterator[tuple[npt.NDArray[np.int64], Vectors]]:
    """Ids and vectors from id ``first`` on, some at a time."""
    ids, vectors = store.vectors_from(kind, first, _AT_ONCE)
    while ids:
        yield np.array(ids, dtype=np.int64), vectors
        ids, vectors = store.vectors_from(kind, ids[-1] + 1, _AT_ONCE)


def _described(folder: Path) -> tuple[int | None, Mapping[str, str]]:
    try:
        read = json.loads(read_regular_file(folder / DESCRIPTION_FILE, _LARGEST_DESCRIPTION))
        return int(read["generation"]), {kind: str(read["sha256"][kind]) for kind in KINDS}
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None, {}  # whatever is wrong with a derived file, the store has what it held
