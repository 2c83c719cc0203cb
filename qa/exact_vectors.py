"""Vectors that are all compared with a question: FAISS's flat index, in memory."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import numpy as np

from qa.faiss_index import INDEX_HEADER, index_header, one_thread
from qa.files import read_regular_file, replace_file
from qa.models.encoder import Vectors
from qa.store import Store
from qa.vector_files import VectorFile, vectors_in_order

__all__ = ["exact_vectors", "nearest_exact", "read_exact", "save_exact", "sound_exact"]

#: In bytes, of a file without any vector; with them the store holds the same and more.
_LARGEST_FRAME = 100_000


def exact_vectors(store: Store, kind: str) -> Any:
    """The index of all vectors of a kind that the store holds."""
    import faiss

    index = None
    for ids, vectors in vectors_in_order(store, kind):
        if index is None:
            index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(np.ascontiguousarray(vectors), ids)
    return index if index is not None else faiss.IndexIDMap2(faiss.IndexFlatIP(1))


def nearest_exact(index: Any, query: Vectors, limit: int) -> list[tuple[int, float]]:
    """``(id, similarity)`` of the ``limit`` nearest, best first."""
    limit = min(limit, int(index.ntotal))
    if limit <= 0:
        return []
    with one_thread():
        similarities, ids = index.search(np.ascontiguousarray(query[np.newaxis, :]), limit)
    # FAISS fills up with id -1 where it has nothing.
    return [
        (int(id_), float(similarity))
        for id_, similarity in zip(ids[0], similarities[0], strict=True)
        if id_ != -1
    ]


def sound_exact(file: VectorFile) -> bytes | None:
    """A file's bytes, if it is whole, of this generation, and has the frame of our own."""
    if not file.is_current:
        return None
    description = file.store.description()
    dimension = description.dimension if description is not None else 0
    try:
        data = read_regular_file(file.path, file.store.size() + _LARGEST_FRAME)
        fits = hashlib.sha256(data).hexdigest() == file.sha256
        return data if fits and _is_flat_index(data, dimension) else None
    except (OSError, ValueError, struct.error):
        return None  # whatever is wrong with a derived file, the store has what it held


def read_exact(file: VectorFile) -> Any:
    """The index that lies in a file, or ``None`` if that is not sound."""
    data = sound_exact(file)
    if data is None:
        return None
    import faiss

    try:
        return faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
    except RuntimeError:
        return None


def save_exact(file: VectorFile) -> str:
    """Write the file, following one of an earlier generation; its digest."""
    import faiss

    index = _followed(file)
    index = index if index is not None else exact_vectors(file.store, file.kind)
    data = faiss.serialize_index(index).data
    replace_file(file.path, data)
    return hashlib.sha256(data).hexdigest()


def _followed(file: VectorFile) -> Any:
    """The index of an earlier generation with what came and went since, if there is one."""
    earlier = file.earlier()
    index = read_exact(earlier) if earlier is not None else None
    if earlier is None or index is None:
        return None
    new = file.came_since(earlier.generation)
    there = set(file.store.ids(file.kind))
    return index if _follow(index, there, new, file.store, file.kind) else None


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
    for ids, vectors in vectors_in_order(store, kind, new[0]):
        index.add_with_ids(np.ascontiguousarray(vectors), ids)
    return True


def _is_flat_index(data: bytes, dimension: int) -> bool:
    """True if ``data`` is an ``IndexIDMap2`` over an ``IndexFlatIP`` to the last byte of its frame."""
    if len(data) < 4 + INDEX_HEADER.size:
        return False
    count = INDEX_HEADER.unpack_from(data, 4)[1]
    if not 0 <= count <= len(data):
        return False
    dimension = dimension if count else 1  # an empty index was made without any vector
    header = index_header(dimension, count)
    before = b"IxM2" + header + b"IxFI" + header + struct.pack("<q", count * dimension)
    ids = len(before) + 4 * count * dimension
    return (
        data.startswith(before)
        and data[ids : ids + 8] == struct.pack("<q", count)
        and len(data) == ids + 8 + 8 * count
        and bool(np.isfinite(np.frombuffer(data, "<f4", count * dimension, len(before))).all())
    )
