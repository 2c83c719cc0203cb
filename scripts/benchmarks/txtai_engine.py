"""txtai, as its documentation has it used: one ``Embeddings``, hybrid, with the texts kept in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from txtai import Embeddings

from benchmarks.serving import serve


class Txtai:
    """What is loaded, and the calls."""

    def __init__(self) -> None:
        self._path = ""
        self._models: dict[str, Any] = {}
        self._embeddings: Any = None

    def load(self, encoder: str) -> None:
        """Have the encoder in a folder ready."""
        self._path = encoder
        self._embeddings = self._made()
        self._embeddings.transform("Is it warm?")

    def embed(self, texts: str, out: str) -> None:
        """The vectors of the texts, a list in a JSON file, as a .npy file."""
        documents = json.loads(Path(texts).read_text("utf-8"))
        np.save(out, np.array(self._embeddings.batchtransform(documents, "data")))

    def index(self, corpus: str, out: str) -> int:
        """Index a folder of text files, each one passage, and save that; how many there were."""
        self._embeddings = self._made()
        paths = sorted(Path(corpus).glob("*.txt"))
        self._embeddings.index((path.name, path.read_text("utf-8"), None) for path in paths)
        self._embeddings.save(out)
        return len(paths)

    def open(self, index: str) -> None:
        """Open what :meth:`index` has saved."""
        self._embeddings = Embeddings(models=self._models)
        self._embeddings.load(index)

    def search(self, question: str, limit: int) -> list[str]:
        """The texts of the best passages."""
        return [row["text"] for row in self._embeddings.search(question, limit)]

    def _made(self) -> Any:
        return Embeddings(path=self._path, hybrid=True, content=True, models=self._models)


if __name__ == "__main__":
    txtai = Txtai()
    serve(
        {
            "load": txtai.load,
            "embed": txtai.embed,
            "index": txtai.index,
            "open": txtai.open,
            "search": txtai.search,
        }
    )
