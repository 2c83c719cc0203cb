"""A large index's vectors in clusters, a byte a dimension: FAISS's inverted file with scalar quantisation.

A question is compared with the vectors of the nearest clusters alone (Sivic and Zisserman, 2003), of which
each dimension is kept as one of 256 steps of what its cluster's centroid leaves over. The centroids are
rows of the store, so that a file is a function of the store: one that was followed through updates and one
that is built anew are the same bytes. A file is mapped and not read: a search touches its clusters' pages.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log2
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from qa.faiss_index import index_header, one_thread
from qa.models.encoder import Vectors
from qa.schema import Clusters

__all__ = [
    "ClusteredFile",
    "ClusteredIndex",
    "Sink",
    "cluster_count",
    "clustered_file",
    "compute_clusters",
    "sample_size",
    "write_clustered",
]

Bytes = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int64]

#: Vectors that a centroid is computed from; more make clusters no better.
_SAMPLE = 64
#: Rounded up to so many, so that a vector's nearest centroid does not hang on who is asked for beside it:
#: products of matrices of other shapes may be summed in another order.
_ROWS = 4_096


@dataclass(frozen=True)
class ClusteredFile:
    """A file's bytes, whose frame has been looked at, and where its clusters begin."""

    data: Bytes
    dimension: int
    sizes: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    def cluster(self, number: int) -> tuple[Ids, Bytes]:
        """Ids and codes of one cluster, by id; codes have shape (n, dimension)."""
        size, start = int(self.sizes[number]), int(self.starts[number])
        middle = start + size * self.dimension
        codes = self.data[start:middle].reshape(size, self.dimension)
        return self.data[middle : middle + 8 * size].view("<i8"), codes

    def ids(self) -> Ids:
        """Of all vectors, cluster by cluster."""
        return np.concatenate([self.cluster(number)[0] for number in range(len(self.sizes))])


class ClusteredIndex:
    """Searches a clustered file where it lies, without reading it whole."""

    def __init__(self, file: ClusteredFile, searched: int) -> None:
        self._file = file  # its bytes must outlive the index, which points into them
        self._index = _deserialized(file.data)
        self._index.nprobe = searched

    def nearest(self, query: Vectors, limit: int) -> list[int]:
        """Ids of about the ``limit`` nearest, in no exact order."""
        _, ids = self._index.search(np.ascontiguousarray(query[np.newaxis, :]), limit)
        return [int(id_) for id_ in ids[0] if id_ != -1]


def cluster_count(vectors: int) -> int:
    """The power of two next to the square root: as many centroids to compare with as vectors of a cluster."""
    return int(2 ** round(log2(max(vectors, 1)) / 2))


def sample_size(vectors: int) -> int:
    """How many vectors clusters are computed from."""
    return min(vectors, _SAMPLE * cluster_count(vectors))


def compute_clusters(sample: Vectors, vectors: int, generation: int) -> Clusters:
    """Clusters for so many vectors, from a sample of them; the same every time."""
    import faiss

    dimension = sample.shape[1]
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension),
        dimension,
        cluster_count(vectors),
        faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
        True,
    )
    index.cp.spherical = True
    index.cp.min_points_per_centroid = 1
    with one_thread():
        index.train(np.ascontiguousarray(sample))
    centroids = index.quantizer.reconstruct_n(0, index.nlist)
    ranges = faiss.vector_to_array(index.sq.trained).reshape(2, dimension)
    return Clusters(vectors, generation, centroids, ranges)


def clustered_file(data: Bytes, clusters: Clusters) -> ClusteredFile | None:
    """``data`` as a file made with ``clusters``, if every byte but codes and ids is that of one."""
    count = len(clusters.centroids)
    before = _frame(clusters, np.zeros(count, dtype=np.int64))
    if len(data) < len(before):
        return None
    sizes = np.frombuffer(data[len(before) - 8 * count : len(before)].tobytes(), dtype="<i8")
    if sizes.min() < 0 or sizes.max() > len(data):
        return None
    dimension = clusters.centroids.shape[1]
    lengths = sizes * (dimension + 8)
    if data[: len(before)].tobytes() != _frame(clusters, sizes):
        return None
    if len(before) + int(lengths.sum()) != len(data):
        return None
    starts = len(before) + np.cumsum(lengths) - lengths
    return ClusteredFile(data, dimension, sizes, starts)


class Sink(Protocol):
    """What a file is written to."""

    def write(self, data: bytes, /) -> int:
        """Take some bytes."""


def write_clustered(
    stream: Sink,
    scratch: IO[bytes],
    clusters: Clusters,
    new: Iterable[tuple[Ids, Vectors]],
    old: ClusteredFile | None = None,
    gone: Ids | None = None,
) -> None:
    """Write a file of the vectors of ``old`` but those ``gone``, and the ``new`` ones, by id.

    The new ids are larger than the old ones that stay. ``scratch`` is an empty file for the codes until all
    are known; nothing of the size of the index is in memory.
    """
    dimension = clusters.centroids.shape[1]
    ids, places = _encoded(scratch, clusters, new)
    codes = _codes_of(scratch, len(ids), dimension)
    order = np.argsort(places, kind="stable")
    edges = np.searchsorted(places[order], np.arange(len(clusters.centroids) + 1))
    kept = [_kept(old, number, gone) for number in range(len(clusters.centroids))]
    sizes = np.diff(edges) + np.array([int(rows.sum()) for rows in kept])
    stream.write(_frame(clusters, sizes))
    for number, rows in enumerate(kept):
        mine = order[edges[number] : edges[number + 1]]
        ids_there, codes_there = _cluster_of(old, number, dimension)
        stream.write(codes_there[rows].tobytes())
        stream.write(codes[mine].tobytes())
        stream.write(ids_there[rows].tobytes())
        stream.write(ids[mine].astype("<i8").tobytes())


def _encoded(
    scratch: IO[bytes], clusters: Clusters, new: Iterable[tuple[Ids, Vectors]]
) -> tuple[Ids, npt.NDArray[np.int32]]:
    """Ids and clusters of the new vectors; their codes go to ``scratch``."""
    count, dimension = clusters.centroids.shape
    frame = np.frombuffer(_frame(clusters, np.zeros(count, dtype=np.int64)), dtype=np.uint8)
    encoder = _deserialized(frame)
    every_id: list[Ids] = [np.empty(0, dtype=np.int64)]
    every_place: list[npt.NDArray[np.int32]] = [np.empty(0, dtype=np.int32)]
    for ids, vectors in new:
        rows = np.zeros((-(-len(ids) // _ROWS) * _ROWS, dimension), dtype=np.float32)
        rows[: len(ids)] = vectors
        # The number of its cluster, in as few bytes as the largest needs, stands before each code.
        coded = encoder.sa_encode(rows)[: len(ids)]
        number, codes = coded[:, :-dimension], coded[:, -dimension:]
        weights = 256 ** np.arange(number.shape[1])
        every_id.append(ids)
        every_place.append((number @ weights).astype(np.int32))
        scratch.write(codes.tobytes())
    return np.concatenate(every_id), np.concatenate(every_place)


def _codes_of(scratch: IO[bytes], count: int, dimension: int) -> Bytes:
    scratch.flush()
    if not count:
        return np.empty((0, dimension), dtype=np.uint8)
    try:
        return np.memmap(scratch, dtype=np.uint8, mode="r", shape=(count, dimension))
    except OSError:  # in memory already, and no file
        scratch.seek(0)
        return np.frombuffer(scratch.read(), dtype=np.uint8).reshape(count, dimension)


def _kept(old: ClusteredFile | None, number: int, gone: Ids | None) -> npt.NDArray[np.bool_]:
    if old is None:
        return np.zeros(0, dtype=bool)
    ids, _ = old.cluster(number)
    return ~np.isin(ids, gone if gone is not None else [])


def _cluster_of(old: ClusteredFile | None, number: int, dimension: int) -> tuple[Ids, Bytes]:
    if old is None:
        return np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.uint8)
    return old.cluster(number)


def _frame(clusters: Clusters, sizes: npt.NDArray[np.int64]) -> bytes:
    """What FAISS writes of an ``IndexIVFScalarQuantizer`` before the codes of its first cluster."""
    count, dimension = clusters.centroids.shape
    return b"".join(_frame_parts(clusters, sizes, count, dimension))


def _frame_parts(
    clusters: Clusters, sizes: npt.NDArray[np.int64], count: int, dimension: int
) -> Iterator[bytes]:
    yield b"IwSq" + index_header(dimension, int(sizes.sum()))
    yield struct.pack("<QQ", count, 1)  # clusters, and how many are searched if nothing is said
    yield b"IxFI" + index_header(dimension, count)
    yield struct.pack("<Q", count * dimension) + clusters.centroids.astype("<f4").tobytes()
    yield struct.pack("<BQ", 0, 0)  # no map from ids to places
    # A byte a dimension, between its least and its greatest value.
    yield struct.pack("<iifQQ", 0, 0, 0.0, dimension, dimension)
    yield struct.pack("<Q", 2 * dimension) + clusters.ranges.astype("<f4").tobytes()
    yield struct.pack("<QB", dimension, 1)  # of what the centroid leaves over
    yield b"ilar" + struct.pack("<QQ", count, dimension)
    yield b"full" + struct.pack("<Q", count) + sizes.astype("<i8").tobytes()


def _deserialized(data: Bytes) -> Any:
    """The index that ``data`` holds; its codes and ids stay where they are, and ``data`` must too."""
    import faiss

    reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(data), data.size)  # type: ignore[attr-defined]
    return faiss.read_index(reader)
