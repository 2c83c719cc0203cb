"""The FAISS index of a store's vectors, and the only code that imports faiss.

The FAISS files are derived: they carry the store's generation and their own digests, and whatever is
missing, old or damaged is built again from the store. Before faiss parses a file, its digest, its size and
every byte but the numbers themselves are those of an index that is written here: a file from elsewhere may
hold wrong vectors, and nothing else. Scores are inner products of unit vectors, that
is cosine similarities; higher is better.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import StoreError
from qa.files import read_regular_file, replace_file
from qa.models.encoder import Vectors
from qa.store import Store

__all__ = ["VectorIndex", "discard_vectors", "open_vectors", "save_vectors", "vectors_fit"]

DESCRIPTION_FILE = "faiss.json"
_KINDS = ("passages", "sentences")
#: Vectors read from the store at once, so that not all of them are in memory twice.
READ_AT_ONCE = 10_000
#: In bytes; what is written here has some hundred.
_LARGEST_DESCRIPTION = 100_000
#: How faiss writes the beginning of any index: dimension, count, two numbers out of use, trained, metric.
_HEADER = struct.Struct("<iqqqBi")


@dataclass(frozen=True)
class VectorIndex:
    """Nearest passages and nearest sentences of one generation of a store."""

    generation: int
    passages: Any
    sentences: Any
    rebuilt: bool = False
    """True if the FAISS files could not be used and the store was read instead."""

    def nearest_passages(self, query: Vectors, limit: int) -> list[tuple[int, float]]:
        """``(passage id, similarity)`` of the ``limit`` nearest, best first."""
        return _search(self.passages, query, limit)

    def nearest_sentences(self, query: Vectors, limit: int) -> list[tuple[int, float]]:
        """``(sentence id, similarity)`` of the ``limit`` nearest; none without sentence vectors."""
        return _search(self.sentences, query, limit)


def open_vectors(folder: Path, store: Store, generation: int) -> VectorIndex:
    """The index of ``store`` from the files in ``folder``, or from the store where those do not fit.

    Nothing is written; ``rebuilt`` says whether :func:`save_vectors` would mend something.
    """
    loaded = _load(folder, store, generation)
    return loaded if loaded is not None else _build(store, generation)


def vectors_fit(folder: Path, store: Store, generation: int) -> bool:
    """Whether the files in ``folder`` are whole and of this generation; FAISS is not even loaded."""
    return _files(folder, store, generation) is not None


def save_vectors(folder: Path, store: Store, generation: int) -> None:
    """Write the FAISS files of this generation, each whole or not at all; the description last.

    Files of an earlier generation are brought up to date; they come out as if they were built anew.

    Raises:
        StoreError: the disk is full or the folder read-only. The store is not touched by it.
    """
    import faiss

    index = _followed(folder, store, generation) or _build(store, generation)
    digests = {}
    try:
        for kind in _KINDS:
            data = faiss.serialize_index(getattr(index, kind)).data
            digests[kind] = hashlib.sha256(data).hexdigest()
            replace_file(_file(folder, kind), data)
        described = {"generation": generation, "sha256": digests}
        replace_file(folder / DESCRIPTION_FILE, json.dumps(described, indent=1).encode())
    except OSError as error:
        raise StoreError(
            f"The FAISS files in {folder} cannot be written ({error.strerror}); the index works "
            "without them, only slower to open. Free some space and run: qa index"
        ) from error


def discard_vectors(folder: Path) -> None:
    """Make the FAISS files in ``folder`` count for nothing; the store has what they held."""
    (folder / DESCRIPTION_FILE).unlink(missing_ok=True)


def _load(folder: Path, store: Store, generation: int) -> VectorIndex | None:
    files = _files(folder, store, generation)
    return _deserialized(files, generation) if files is not None else None


def _files(folder: Path, store: Store, generation: int) -> dict[str, bytes] | None:
    """The files' bytes, if they are whole, of this generation, and have the frame of our own."""
    try:
        described = json.loads(read_regular_file(folder / DESCRIPTION_FILE, _LARGEST_DESCRIPTION))
        if described["generation"] != generation:
            return None
        description = store.description()
        dimension = description.dimension if description is not None else 0
        found = {}
        for kind in _KINDS:
            # The store holds the same vectors and more.
            data = read_regular_file(_file(folder, kind), store.size() + _LARGEST_DESCRIPTION)
            if hashlib.sha256(data).hexdigest() != described["sha256"][kind]:
                return None
            if not _is_flat_index(data, dimension):
                return None
            found[kind] = data
    except (OSError, ValueError, KeyError, TypeError, RecursionError, struct.error):
        return None  # whatever is wrong with a derived file, the store has what it held
    return found


def _deserialized(files: dict[str, bytes], generation: int) -> VectorIndex | None:
    import faiss

    try:
        read = {
            kind: faiss.deserialize_index(np.frombuffer(files[kind], dtype=np.uint8))
            for kind in _KINDS
        }
    except RuntimeError:
        return None
    return VectorIndex(generation, read["passages"], read["sentences"])


def _followed(folder: Path, store: Store, generation: int) -> VectorIndex | None:
    """The index of an earlier generation with what came and went since, if there is one."""
    earlier = _generation_of(folder)
    if earlier is None or earlier >= generation:
        return None
    index = _load(folder, store, earlier)
    if index is None:
        return None
    came = store.documents_since(earlier)
    for kind in _KINDS:
        new = [id_ for document in came for id_, _ in store.spans_with_vectors(kind, document)]
        if not _follow(getattr(index, kind), set(store.ids(kind)), new, store, kind):
            return None
    return index


def _follow(index: Any, there: set[int], new: list[int], store: Store, kind: str) -> bool:
    """Take out of ``index`` what is gone, and put in what is new; false if that cannot be done in place.

    SQLite gives an id anew when its row was the last one, so a new row counts as gone first. New ids are
    larger than those that stay, and vectors lie in the order of their ids as if they were built anew.
    """
    import faiss

    held = faiss.vector_to_array(index.id_map)
    gone = np.array(sorted(set(held.tolist()) - (there - set(new))), dtype=np.int64)
    if len(gone):
        index.remove_ids(gone)
    if not new:
        return True
    if not index.ntotal or new[0] <= int(faiss.vector_to_array(index.id_map)[-1]):
        return False  # an index without vectors may have another dimension
    ids, vectors = store.vectors_from(kind, new[0])
    index.add_with_ids(np.ascontiguousarray(vectors), np.asarray(ids, dtype=np.int64))
    return True


def _generation_of(folder: Path) -> int | None:
    try:
        return int(
            json.loads(read_regular_file(folder / DESCRIPTION_FILE, _LARGEST_DESCRIPTION))[
                "generation"
            ]
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _is_flat_index(data: bytes, dimension: int) -> bool:
    """True if ``data`` is an ``IndexIDMap2`` over an ``IndexFlatIP`` to the last byte of its frame."""
    if len(data) < 4 + _HEADER.size:
        return False
    count = _HEADER.unpack_from(data, 4)[1]
    if not 0 <= count <= len(data):
        return False
    dimension = dimension if count else 1  # an empty index was made without any vector
    header = _HEADER.pack(dimension, count, 1 << 20, 1 << 20, 1, 0)
    before = b"IxM2" + header + b"IxFI" + header + struct.pack("<q", count * dimension)
    ids = len(before) + 4 * count * dimension
    return (
        data.startswith(before)
        and data[ids : ids + 8] == struct.pack("<q", count)
        and len(data) == ids + 8 + 8 * count
        and bool(np.isfinite(np.frombuffer(data, "<f4", count * dimension, len(before))).all())
    )


def _build(store: Store, generation: int) -> VectorIndex:
    return VectorIndex(
        generation,
        _index_of(store, "passages"),
        _index_of(store, "sentences"),
        rebuilt=True,
    )


def _index_of(store: Store, kind: str) -> Any:
    import faiss

    ids, vectors = store.vectors_from(kind, 0, READ_AT_ONCE)
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(max(vectors.shape[1], 1)))
    while ids:
        index.add_with_ids(np.ascontiguousarray(vectors), np.asarray(ids, dtype=np.int64))
        ids, vectors = store.vectors_from(kind, ids[-1] + 1, READ_AT_ONCE)
    return index


def _search(index: Any, query: Vectors, limit: int) -> list[tuple[int, float]]:
    limit = min(limit, int(index.ntotal))
    if limit <= 0:
        return []
    similarities, ids = index.search(np.ascontiguousarray(query[np.newaxis, :]), limit)
    # FAISS fills up with id -1 where it has nothing.
    return [
        (int(id_), float(similarity))
        for id_, similarity in zip(ids[0], similarities[0], strict=True)
        if id_ != -1
    ]


def _file(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.faiss"
