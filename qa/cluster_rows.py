"""The clusters of a large index's vectors as rows of the store."""

from __future__ import annotations

import sqlite3

import numpy as np

from qa.database import has_table, typed
from qa.schema import CLUSTERS_TABLE, Clusters

__all__ = ["replace_clusters", "stored_clusters"]


def stored_clusters(connection: sqlite3.Connection, kind: str, dimension: int) -> Clusters | None:
    """The clusters of the "passages" or "sentences", if they have any.

    Raises:
        ValueError: the row is damaged.
    """
    if not has_table(connection, "clusters"):
        return None
    row = connection.execute(
        "SELECT vectors, generation, centroids, ranges FROM clusters WHERE kind = ?", (kind,)
    ).fetchone()
    if row is None:
        return None
    vectors, generation, centroids, ranges = typed(row, int, int, bytes, bytes)
    numbers = np.frombuffer(centroids + ranges, dtype="<f4").reshape(-1, dimension)
    if len(ranges) != 2 * 4 * dimension or len(numbers) < 3 or not np.isfinite(numbers).all():
        raise ValueError("its clusters are no clusters")
    return Clusters(vectors, generation, numbers[:-2], numbers[-2:])


def replace_clusters(connection: sqlite3.Connection, kind: str, clusters: Clusters | None) -> None:
    """Record the clusters of a kind of vectors, or that they have none any more."""
    if clusters is None:
        connection.execute("DELETE FROM clusters WHERE kind = ?", (kind,))
        return
    connection.execute(CLUSTERS_TABLE)
    connection.execute(
        "INSERT OR REPLACE INTO clusters VALUES (?, ?, ?, ?, ?)",
        (
            kind,
            clusters.vectors,
            clusters.generation,
            clusters.centroids.astype("<f4").tobytes(),
            clusters.ranges.astype("<f4").tobytes(),
        ),
    )
