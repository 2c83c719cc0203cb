"""Stand-ins for the neural models: small, deterministic, and honest about what they were asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from qa.models.encoder import Progress, Vectors, embed_separately
from qa.models.passage_texts import PassageText
from qa.terms import stems

__all__ = ["FakeEncoder"]


class FakeEncoder:
    """An :class:`qa.models.encoder.Encoder`: a bag of hashed stems, of unit length.

    Texts that share content words are similar, so retrieval works on it as on a real one.
    """

    dimension = 64

    def __init__(
        self, name: str = "fake", digest: str = "digest-of-fake", max_tokens: int = 254
    ) -> None:
        self.name = name
        self.digest = digest
        self.max_tokens = max_tokens
        self.embedded: list[str] = []
        """Every text given to :meth:`embed_documents`, in order."""
        self.passages: list[str] = []
        """Every passage given to :meth:`embed_passages`, in order."""
        self.asked: list[str] = []
        """Every question given to :meth:`embed_query`, in order."""

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed_query(self, question: str) -> Vectors:
        self.asked.append(question)
        return self._vector(question)

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.embedded.extend(texts)
        if progress is not None:
            progress(len(texts), len(texts))
        vectors: Vectors = np.array([self._vector(text) for text in texts], dtype=np.float32)
        return vectors.reshape(len(texts), self.dimension)

    def embed_passages(
        self, passages: Sequence[PassageText], progress: Progress | None = None
    ) -> list[Vectors]:
        embedded = embed_separately(self, passages, progress)
        self.passages.extend(passage.text for passage in passages)
        return embedded

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for stem in stems(text):
            vector[hashlib.sha256(stem.encode()).digest()[0] % self.dimension] += 1.0
        if not vector.any():
            vector[0] = 1.0
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit
