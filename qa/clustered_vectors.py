"""The FAISS file of a large index: written from the store or from an earlier one, and mapped."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from qa.clustering import ClusteredFile, Sink, clustered_file, write_clustered
from qa.files import replacing
from qa.schema import Clusters
from qa.vector_files import VectorFile, vectors_in_order

__all__ = ["clustered_vectors", "read_clustered", "save_clustered"]


def read_clustered(file: VectorFile, clusters: Clusters) -> ClusteredFile | None:
    """A file where it lies, if it is whole, of this generation, and made with these clusters."""
    if not file.is_current:
        return None
    try:
        descriptor = os.open(file.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                return None
            # A file that is replaced meanwhile stays this one here.
            mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # one without a byte cannot be mapped
        return None
    return clustered_file(np.frombuffer(mapped, dtype=np.uint8), clusters)


def clustered_vectors(file: VectorFile, clusters: Clusters) -> ClusteredFile:
    """What the file should hold, in memory."""
    stream = BytesIO()
    _write(stream, BytesIO(), file, clusters)
    made = clustered_file(np.frombuffer(stream.getbuffer(), dtype=np.uint8), clusters)
    assert made is not None
    return made


def save_clustered(file: VectorFile, clusters: Clusters) -> str:
    """Write the file, following one of an earlier generation; its digest."""
    with TemporaryFile(dir=file.folder) as scratch, replacing(file.path) as stream:
        hashed = _Hashed(stream)
        _write(hashed, scratch, file, clusters)
    return hashed.digest.hexdigest()


def _write(stream: Sink, scratch: IO[bytes], file: VectorFile, clusters: Clusters) -> None:
    earlier = file.earlier()
    old = read_clustered(earlier, clusters) if earlier is not None else None
    if earlier is not None and old is not None:
        held = old.ids()
        there = np.array(file.store.ids(file.kind), dtype=np.int64)
        # SQLite gives an id anew when its row was the last one: a new row counts as gone first.
        new = np.array(file.came_since(earlier.generation), dtype=np.int64)
        stay = np.intersect1d(held, np.setdiff1d(there, new))
        if not len(new) or not len(stay) or new[0] > stay[-1]:
            added = vectors_in_order(file.store, file.kind, int(new[0])) if len(new) else ()
            write_clustered(stream, scratch, clusters, added, old, np.setdiff1d(held, stay))
            return
    write_clustered(stream, scratch, clusters, vectors_in_order(file.store, file.kind))


class _Hashed:
    """A stream that is hashed as it is written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._stream.write(data)
