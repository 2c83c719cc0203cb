"""qa, as the benchmarks call it: through its session, its retrieval and its encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving import serve
from qa.answer import Answer
from qa.loading import LoadedReader, shipped_fit
from qa.models.encoder import Encoder, load_encoder
from qa.models.reader import load_span_model
from qa.reading import SpanReader
from qa.retrieval import retrieve
from qa.session import Session
from qa.settings import EMBEDDED_MODEL, EMBEDDED_READER, Settings
from qa.store import Store
from qa.vectors import VectorIndex, open_vectors


class QA:
    """What is loaded, and the calls."""

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._index: tuple[Store, VectorIndex] | None = None
        self._session: Session | None = None

    def embed(self, texts: str, out: str) -> None:
        """The vectors of the texts, a list in a JSON file, as a .npy file."""
        vectors = self._loaded().embed_documents(json.loads(Path(texts).read_text("utf-8")))
        np.save(out, vectors)

    def load(self) -> None:
        """Have the encoder ready."""
        self._loaded().embed_query("Is it warm?")

    def open(
        self,
        corpus: str,
        vectors: str,
        passages_read: int = 16,
        model: str = EMBEDDED_MODEL,
        readers: tuple[str, str] | None = None,
    ) -> None:
        """Open a session on an index; ``readers`` are folders of a reader and its verifier."""
        settings = Settings(
            corpus=Path(corpus), vectors=Path(vectors), passages_read=passages_read, model=model
        )
        loaded = _by_transformers(*readers) if readers is not None else None
        self._session = Session.open(settings, reader=loaded)

    def open_index(self, vectors: str) -> None:
        """Open an index for :meth:`search` alone, as a session does."""
        self.load()
        store = Store.open(Path(vectors))
        description = store.description()
        assert description is not None
        self._index = store, open_vectors(Path(vectors), store, description.generation)

    def search(self, question: str, limit: int) -> list[str]:
        """The texts of the best passages."""
        assert self._index is not None
        store, vectors = self._index
        with store.snapshot():
            found = retrieve(
                question, store=store, vectors=vectors, encoder=self._loaded(), limit=limit
            )
        return [passage.text for passage in found.passages]

    def answer(self, question: str) -> dict[str, Any]:
        """The best span, given as an answer or not, its confidence, and the passages as they were read."""
        assert self._session is not None
        inquiry = self._session.inquire(question)
        reply = inquiry.reply
        best = reply.citations[0] if isinstance(reply, Answer) else reply.rejected
        return {
            "answered": isinstance(reply, Answer),
            "confidence": reply.confidence,
            "file": best.file if best is not None else None,
            "span": [best.span.start, best.span.end] if best is not None else None,
            "quote": best.quote if best is not None else "",
            "read": [passage.header + passage.text for passage in inquiry.retrieval.passages],
        }

    def _loaded(self) -> Encoder:
        if self._encoder is None:
            self._encoder = load_encoder(EMBEDDED_MODEL)
        return self._encoder


def _by_transformers(reader: str, verifier: str) -> LoadedReader:
    """The reader and its verifier as transformers runs them, weighed and calibrated as the embedded ones."""
    fit = shipped_fit(EMBEDDED_READER)
    models = load_span_model(reader), load_span_model(verifier)
    reading = SpanReader(models[0], fit.features, verifier=models[1])
    return LoadedReader(reading, fit.calibrator, "reference")


if __name__ == "__main__":
    qa = QA()
    serve(
        {
            "load": qa.load,
            "embed": qa.embed,
            "open": qa.open,
            "open_index": qa.open_index,
            "search": qa.search,
            "answer": qa.answer,
        }
    )
