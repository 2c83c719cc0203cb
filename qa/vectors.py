"""The FAISS indexes of a store's vectors: exact where there are few, in clusters where there are many.

The FAISS files are derived: they carry the store's generation and their own digests, and whatever is
missing, old or damaged is built again from the store. Before faiss parses a file, its digest, its size and
every byte but the numbers themselves are those of an index that is written here: a file from elsewhere may
hold wrong vectors, and nothing else. Scores are inner products of unit vectors, that
is cosine similarities; higher is better.

Up to some size every vector is compared; beyond, the store holds clusters (:mod:`qa.clustering`), those of
the nearest are, and the similarities of the best are computed anew from the store's own vectors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.clustered_vectors import clustered_vectors, read_clustered, save_clustered
from qa.clustering import ClusteredIndex, compute_clusters, sample_size
from qa.errors import StoreError
from qa.exact_vectors import exact_vectors, nearest_exact, read_exact, save_exact, sound_exact
from qa.files import replace_file
from qa.models.encoder import Vectors
from qa.schema import Clusters
from qa.store import Store
from qa.vector_files import DESCRIPTION_FILE, KINDS, files_of

__all__ = [
    "CLUSTERS_SEARCHED",
    "VectorIndex",
    "discard_vectors",
    "follow_clusters",
    "open_vectors",
    "save_vectors",
    "vectors_fit",
]

#: Vectors looked up at once by their ids: SQLite takes so many values in one statement anywhere.
AT_ONCE = 10_000
#: Clusters that a question is compared with, where nothing else is set.
CLUSTERS_SEARCHED = 64
#: So many times as many are taken from a clustered index as are wanted: its similarities are rounded.
_TAKEN = 2


@dataclass(frozen=True)
class VectorIndex:
    """Nearest passages and nearest sentences of one generation of a store."""

    generation: int
    passages: Any
    sentences: Any
    rebuilt: bool = False
    """True if the FAISS files could not be used and the store was read instead."""
    store: Store | None = None
    """Where the vectors of a clustered index are compared exactly."""

    def nearest_passages(self, query: Vectors, limit: int) -> list[tuple[int, float]]:
        """``(passage id, similarity)`` of the ``limit`` nearest, best first."""
        return self._nearest("passages", query, limit)

    def nearest_sentences(self, query: Vectors, limit: int) -> list[tuple[int, float]]:
        """``(sentence id, similarity)`` of the ``limit`` nearest; none without sentence vectors."""
        return self._nearest("sentences", query, limit)

    def _nearest(self, kind: str, query: Vectors, limit: int) -> list[tuple[int, float]]:
        index = getattr(self, kind)
        if not isinstance(index, ClusteredIndex):
            return nearest_exact(index, query, limit)
        assert self.store is not None
        ids, vectors = self.store.vectors_of(kind, sorted(index.nearest(query, _TAKEN * limit)))
        if not ids:
            return []
        similarities = np.dot(vectors, query)
        best = np.lexsort((ids, -similarities))[:limit]
        return [(ids[place], float(similarities[place])) for place in best.tolist()]


def open_vectors(
    folder: Path, store: Store, generation: int, clusters_searched: int = CLUSTERS_SEARCHED
) -> VectorIndex:
    """The index of ``store`` from the files in ``folder``, or from the store where those do not fit.

    Nothing is written; ``rebuilt`` says whether :func:`save_vectors` would mend something.
    """
    indexes: dict[str, Any] = {}
    rebuilt = False
    for file in files_of(folder, store, generation):
        clusters = store.clusters(file.kind)
        if clusters is None:
            index = read_exact(file)
            rebuilt = rebuilt or index is None
            indexes[file.kind] = index if index is not None else exact_vectors(store, file.kind)
        else:
            clustered = read_clustered(file, clusters)
            rebuilt = rebuilt or clustered is None
            if clustered is None:
                clustered = clustered_vectors(file, clusters)
            indexes[file.kind] = ClusteredIndex(clustered, clusters_searched)
    return VectorIndex(generation, **indexes, rebuilt=rebuilt, store=store)


def vectors_fit(folder: Path, store: Store, generation: int) -> bool:
    """Whether the files in ``folder`` are whole and of this generation; FAISS is not even loaded."""
    for file in files_of(folder, store, generation):
        clusters = store.clusters(file.kind)
        found = sound_exact(file) if clusters is None else read_clustered(file, clusters)
        if found is None:
            return False
    return True


def follow_clusters(store: Store, generation: int, most: int) -> None:
    """Give vectors clusters where there are more than ``most``; only inside a transaction.

    They stay as they are until there are half or twice as many vectors, or half of them are new; and they
    go when ``most`` is twice what there is.
    """
    for kind in KINDS:
        count = store.vector_count(kind)
        clusters = store.clusters(kind)
        if clusters is None and count <= most:
            continue
        if clusters is not None and count <= most // 2:
            store.set_clusters(kind, None)
        elif clusters is None or _is_outgrown(clusters, count, store, kind):
            sample = _sample(store, kind)
            store.set_clusters(kind, compute_clusters(sample, count, generation))


def _is_outgrown(clusters: Clusters, count: int, store: Store, kind: str) -> bool:
    if not clusters.vectors <= 2 * count <= 4 * clusters.vectors:
        return True
    return 2 * store.vectors_since(kind, clusters.generation) > count


def _sample(store: Store, kind: str) -> Vectors:
    """Vectors evenly apart, so many as clusters are computed from."""
    ids = store.ids(kind)
    chosen = ids[:: max(len(ids) // sample_size(len(ids)), 1)]
    chunks = (chosen[start : start + AT_ONCE] for start in range(0, len(chosen), AT_ONCE))
    found = (store.vectors_of(kind, chunk) for chunk in chunks)
    sample: Vectors = np.concatenate([vectors for ids_there, vectors in found if ids_there])
    return sample


def save_vectors(folder: Path, store: Store, generation: int) -> None:
    """Write the FAISS files of this generation, each whole or not at all; the description last.

    Files of an earlier generation are brought up to date; they come out as if they were built anew.

    Raises:
        StoreError: the disk is full or the folder read-only. The store is not touched by it.
    """
    digests = {}
    try:
        for file in files_of(folder, store, generation):
            clusters = store.clusters(file.kind)
            digests[file.kind] = (
                save_exact(file) if clusters is None else save_clustered(file, clusters)
            )
        written = {"generation": generation, "sha256": digests}
        replace_file(folder / DESCRIPTION_FILE, json.dumps(written, indent=1).encode())
    except OSError as error:
        raise StoreError(
            f"The FAISS files in {folder} cannot be written ({error.strerror}); the index works "
            "without them, only slower to open. Free some space and run: qa index"
        ) from error


def discard_vectors(folder: Path) -> None:
    """Make the FAISS files in ``folder`` count for nothing; the store has what they held."""
    (folder / DESCRIPTION_FILE).unlink(missing_ok=True)
