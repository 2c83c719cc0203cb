"""What the FAISS indexes here have in common: how each begins on the disk, and the threads that search it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["INDEX_HEADER", "index_header", "one_thread"]

#: How faiss writes the beginning of any index: dimension, count, two numbers out of use, trained, metric.
INDEX_HEADER = struct.Struct("<iqqqBi")


def index_header(dimension: int, count: int) -> bytes:
    """The beginning of a trained index of inner products."""
    return INDEX_HEADER.pack(dimension, count, 1 << 20, 1 << 20, 1, 0)


@contextmanager
def one_thread() -> Iterator[None]:
    """Have what FAISS does inside be done by the calling thread alone, whose own setting this is.

    For a single question, waking others takes longer than they save; and what several compute together
    may be summed in another order each time.
    """
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
