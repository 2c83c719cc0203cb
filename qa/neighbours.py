"""The indexes that lie beside one, each of a folder of its own, and where that of another would lie."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from qa.errors import QAError
from qa.roots import Corpus, identity_of, roots_in, roots_of
from qa.store import Store

__all__ = ["NeighbourIndex", "neighbours", "suggested_folder"]


@dataclass(frozen=True, slots=True)
class NeighbourIndex:
    """An index, with the folder of documents that it is of."""

    corpus: Corpus
    folder: Path


def neighbours(index: Path) -> list[NeighbourIndex]:
    """The indexes in the folder in which ``index`` lies, without itself, by their corpora.

    One that cannot be read, or of a corpus that is no longer there, is left out.
    """
    index = index.resolve()
    try:
        folders = [path for path in index.parent.iterdir() if path.resolve() != index]
    except OSError:
        return []
    found = [NeighbourIndex(corpus, path) for path in folders if (corpus := _corpus_of(path))]
    return sorted(found, key=lambda known: (identity_of(known.corpus), known.folder))


def suggested_folder(corpus: Corpus, index: Path) -> Path:
    """A folder beside ``index`` for the index of ``corpus``: the one there is, or a new one."""
    for known in (NeighbourIndex(_corpus_of(index) or index, index), *neighbours(index)):
        if identity_of(known.corpus) == identity_of(corpus):
            return known.folder
    first = next(iter(roots_of(corpus).values())).resolve()
    name = f"vectors-{first.name}" if first.name else "vectors-root"
    free = (index.parent / (name if n == 1 else f"{name}-{n}") for n in count(1))
    return next(folder for folder in free if not folder.exists())


def _corpus_of(folder: Path) -> Corpus | None:
    try:
        if not Store.exists(folder):
            return None
        with Store.open(folder) as store:
            description = store.description()
        if description is None:
            return None
        corpus = roots_in(description.corpus)
        return corpus if all(root.is_dir() for root in roots_of(corpus).values()) else None
    except (QAError, OSError, ValueError):
        return None
