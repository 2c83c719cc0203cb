"""Haystack, as its documentation has it used: embedder, two retrievers joined by rank, extractive reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from haystack import Document
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import (
    InMemoryBM25Retriever,
    InMemoryEmbeddingRetriever,
)
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import ComponentDevice
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from haystack_integrations.components.readers.transformers import TransformersExtractiveReader

from benchmarks.serving import serve

_CPU = ComponentDevice.from_str("cpu")


class Haystack:
    """What is loaded, and the calls."""

    def __init__(self) -> None:
        self._documents: Any = None
        self._query: Any = None
        self._reader: Any = None
        self._store = InMemoryDocumentStore()
        self._joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion")

    def load(self, encoder: str) -> None:
        """Have the encoder in a folder ready."""
        self._documents = SentenceTransformersDocumentEmbedder(
            model=encoder, device=_CPU, progress_bar=False
        )
        self._query = SentenceTransformersTextEmbedder(
            model=encoder, device=_CPU, progress_bar=False
        )
        self._documents.warm_up()
        self._query.warm_up()
        self._query.run("Is it warm?")

    def load_reader(self, reader: str) -> None:
        """Have the reader in a folder ready."""
        self._reader = TransformersExtractiveReader(model=reader, device=_CPU)
        self._reader.warm_up()
        self._reader.run(query="Is it warm?", documents=[Document(content="It is warm.")])

    def embed(self, texts: str, out: str) -> None:
        """The vectors of the texts, a list in a JSON file, as a .npy file."""
        contents = json.loads(Path(texts).read_text("utf-8"))
        embedded = self._documents.run([Document(content=text) for text in contents])["documents"]
        np.save(out, np.array([document.embedding for document in embedded], dtype=np.float32))

    def index(self, corpus: str, out: str) -> int:
        """Index a folder of text files, each one passage, and save that; how many there were."""
        self._store = InMemoryDocumentStore()
        paths = sorted(Path(corpus).glob("*.txt"))
        read = [Document(content=p.read_text("utf-8"), meta={"file": p.name}) for p in paths]
        self._store.write_documents(self._documents.run(read)["documents"])
        self._store.save_to_disk(out)
        return len(paths)

    def open(self, index: str) -> None:
        """Open what :meth:`index` has saved."""
        self._store = InMemoryDocumentStore.load_from_disk(index)

    def search(self, question: str, limit: int) -> list[str]:
        """The texts of the best passages."""
        vector = self._query.run(question)["embedding"]
        by_words = InMemoryBM25Retriever(self._store, top_k=limit)
        by_meaning = InMemoryEmbeddingRetriever(self._store, top_k=limit)
        rankings = [
            by_words.run(query=question)["documents"],
            by_meaning.run(query_embedding=vector)["documents"],
        ]
        joined = self._joiner.run(documents=rankings, top_k=limit)["documents"]
        return [str(document.content) for document in joined]

    def read(self, question: str, passages: list[str]) -> str:
        """The best answer in the passages."""
        documents = [Document(content=text) for text in passages]
        answers = self._reader.run(query=question, documents=documents)["answers"]
        return next((answer.data for answer in answers if answer.data), "")


if __name__ == "__main__":
    haystack = Haystack()
    serve(
        {
            "load": haystack.load,
            "load_reader": haystack.load_reader,
            "embed": haystack.embed,
            "index": haystack.index,
            "open": haystack.open,
            "search": haystack.search,
            "read": haystack.read,
        }
    )
