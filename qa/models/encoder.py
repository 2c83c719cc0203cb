"""The sentence encoder: text to unit vectors whose inner product is their cosine similarity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from qa.errors import ModelError
from qa.models.bert import CLS, SEP, Bert, Network, load_tokenizer
from qa.models.openvino_bert import OpenVinoBert, half_precision_at_hand
from qa.models.passage_texts import PassageText, means_of, parts_of, separate_texts
from qa.models.weights import (
    EMBEDDED_MODEL_SHA256,
    TUNED_WEIGHTS_SHA256,
    Arrays,
    tuned_weights,
    untuned_weights,
)
from qa.settings import EMBEDDED_MODEL, UNTUNED_MODEL

__all__ = [
    "DeferredEncoder",
    "EmbeddedEncoder",
    "Encoder",
    "EncoderLoader",
    "Vectors",
    "chunks",
    "deferred_encoder",
    "embed_separately",
    "load_encoder",
    "unit",
]

#: Shape (n, dimension), float32, rows of length 1.
Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

#: Questions whose vectors are kept: the ways to read a follow-up ask some of them again.
QUERIES_KEPT = 256
#: Texts embedded at once: so often is progress told.
CHUNK = 64


class Encoder(Protocol):
    """What the rest of the program asks of an encoder; tests pass a small fake."""

    @property
    def name(self) -> str:
        """The name it was asked for by."""

    @property
    def digest(self) -> str:
        """SHA-256 of its weights: two encoders with one digest give the same vectors, rounding aside."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens, without the special ones; more is cut off unseen."""

    def count_tokens(self, text: str) -> int:
        """Tokens in ``text``, without the special ones."""

    def embed_query(self, question: str) -> Vectors:
        """The question's vector, shape (dimension,)."""

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """The texts' vectors, shape (len(texts), dimension); ``progress(done, total)`` as it goes."""

    def embed_passages(
        self, passages: Sequence[PassageText], progress: Progress | None = None
    ) -> list[Vectors]:
        """The vector of each passage, and under it those of its sentences that are wanted.

        ``progress`` is told of vectors, those of sentences included.
        """


def embed_separately(
    encoder: Encoder, passages: Sequence[PassageText], progress: Progress | None = None
) -> list[Vectors]:
    """:meth:`Encoder.embed_passages` with each sentence embedded for itself, see :func:`separate_texts`."""
    separate = separate_texts(passages)
    vectors = encoder.embed_documents([text for texts in separate for text in texts], progress)
    ends = np.cumsum([len(texts) for texts in separate])
    return np.split(vectors, ends[:-1]) if passages else []


class EmbeddedEncoder:
    """The encoders that come with the package: the mean of a BERT's hidden states, of length 1.

    The same vectors as sentence-transformers computes from these weights (Reimers and Gurevych, 2019,
    https://arxiv.org/abs/1908.10084), without its imports. With ``half_precision`` within a cosine of
    0.9995 of them, several times as fast.

    With ``late_chunking`` a passage goes through the network once, each sentence in sight of the header and
    of the sentence before it, and the vector of a sentence is the mean of its tokens' hidden states (Günther
    et al. 2024, https://arxiv.org/abs/2409.04701). The encoder must have been trained for it.
    """

    def __init__(
        self,
        weights: Arrays,
        name: str,
        digest: str,
        half_precision: bool | None = None,
        late_chunking: bool = False,
        at_once: int = 1,
    ) -> None:
        """``half_precision`` is by default whether this machine gains from it.

        The cores are shared by ``at_once`` threads that embed questions at the same time.
        """
        if half_precision is None:
            half_precision = half_precision_at_hand()
        self._network: Network = (OpenVinoBert if half_precision else Bert)(weights, at_once)
        self._late_chunking = late_chunking
        self._tokenizer = load_tokenizer()
        self.name = name
        self.digest = digest
        self.dimension = weights["embeddings.LayerNorm.weight"].shape[0]
        self.max_tokens = 254
        self._query = lru_cache(QUERIES_KEPT)(self._embed_query)

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def embed_query(self, question: str) -> Vectors:
        return self._query(question)

    def _embed_query(self, question: str) -> Vectors:
        query: Vectors = self._embed([question])[0]
        query.flags.writeable = False  # it may be given out again
        return query

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for chunk in chunks(texts, progress):
            vectors[chunk] = self._embed([texts[position] for position in chunk])
        return vectors

    def embed_passages(
        self, passages: Sequence[PassageText], progress: Progress | None = None
    ) -> list[Vectors]:
        if not self._late_chunking:
            return embed_separately(self, passages, progress)
        encoded = self._tokenizer.encode_batch(
            [passage.text for passage in passages], add_special_tokens=False
        )
        ids = [[CLS, *tokens.ids[: self.max_tokens], SEP] for tokens in encoded]
        parts = [
            parts_of(passage, np.array(tokens.offsets[: self.max_tokens]).reshape(-1, 2))
            for passage, tokens in zip(passages, encoded, strict=True)
        ]
        pooled: dict[int, Vectors] = {}
        for place, hidden in self._network.hidden([(row, len(row)) for row in ids], parts):
            pooled[place] = unit(means_of(passages[place], parts[place], hidden))
        if progress is not None:
            total = sum(map(len, pooled.values()))
            progress(total, total)
        return [pooled[place] for place in range(len(passages))]

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ids = [[CLS, *tokens.ids[: self.max_tokens], SEP] for tokens in encoded]
        for place, hidden in self._network.hidden([(row, len(row)) for row in ids]):
            vectors[place] = unit(hidden.mean(axis=0))
        return vectors


def chunks(texts: Sequence[str], progress: Progress | None = None) -> Iterator[list[int]]:
    """Positions of texts to embed together; ``progress`` is told when the next ones are asked for.

    Longest first, so that a batch holds texts of one length and the first batch tells whether memory
    suffices.
    """
    order = sorted(range(len(texts)), key=lambda position: -len(texts[position]))
    for start in range(0, len(order), CHUNK):
        yield order[start : start + CHUNK]
        if progress is not None:
            progress(min(start + CHUNK, len(texts)), len(texts))


def unit(vectors: npt.NDArray[Any]) -> Vectors:
    """The vectors brought to length 1."""
    vectors = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


class DeferredEncoder:
    """An encoder whose digest is known beforehand: loaded when it is first asked for more than that."""

    def __init__(self, name: str, digest: str, load: EncoderLoader) -> None:
        self.name = name
        self.digest = digest
        self._load = load

    @cached_property
    def loaded(self) -> Encoder:
        """The encoder itself.

        Raises:
            ModelError: it cannot be loaded, or is another one after all.
        """
        encoder = self._load(self.name)
        if encoder.digest != self.digest:
            raise ModelError(f"The model {self.name} is not the one it should be; reinstall qa.")
        return encoder

    @property
    def dimension(self) -> int:
        return self.loaded.dimension

    @property
    def max_tokens(self) -> int:
        return self.loaded.max_tokens

    def count_tokens(self, text: str) -> int:
        return self.loaded.count_tokens(text)

    def embed_query(self, question: str) -> Vectors:
        return self.loaded.embed_query(question)

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return self.loaded.embed_documents(texts, progress)

    def embed_passages(
        self, passages: Sequence[PassageText], progress: Progress | None = None
    ) -> list[Vectors]:
        return self.loaded.embed_passages(passages, progress)


EncoderLoader = Callable[[str], Encoder]

#: The encoders whose digest is known by their names.
_PINNED = {EMBEDDED_MODEL: TUNED_WEIGHTS_SHA256, UNTUNED_MODEL: EMBEDDED_MODEL_SHA256}


def deferred_encoder(name: str) -> Encoder:
    """As :func:`load_encoder`, but an embedded one is loaded when it is needed: where nothing has changed
    it never is.

    Raises:
        ModelError: as :func:`load_encoder`, an embedded one's when it is loaded.
    """
    digest = _PINNED.get(name)
    return load_encoder(name) if digest is None else DeferredEncoder(name, digest, load_encoder)


def load_encoder(name: str, at_once: int = 1) -> Encoder:
    """The encoder called ``name``: an embedded one, a folder, or a sentence-transformers name.

    ``at_once`` threads may use an embedded one at the same time; any other serves one at a time.

    Raises:
        ModelError: it is not there, cannot be loaded, or the embedded weights are not the pinned ones.
    """
    if name == EMBEDDED_MODEL:
        return EmbeddedEncoder(
            tuned_weights(), name, TUNED_WEIGHTS_SHA256, late_chunking=True, at_once=at_once
        )
    if name == UNTUNED_MODEL:
        return EmbeddedEncoder(untuned_weights(), name, EMBEDDED_MODEL_SHA256, at_once=at_once)
    from qa.models.sentence_transformer import load_sentence_transformer

    return load_sentence_transformer(name)
