"""The sentence encoder: text to unit vectors whose inner product is their cosine similarity."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from qa.errors import ModelError
from qa.models.bert import CLS, SEP, Bert, Network, load_tokenizer
from qa.models.openvino_bert import OpenVinoBert, half_precision_at_hand
from qa.models.weights import (
    EMBEDDED_MODEL_SHA256,
    TUNED_WEIGHTS_SHA256,
    Arrays,
    tuned_weights,
    untuned_weights,
)
from qa.settings import EMBEDDED_MODEL, UNTUNED_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = [
    "DeferredEncoder",
    "EmbeddedEncoder",
    "Encoder",
    "EncoderLoader",
    "SentenceTransformerEncoder",
    "Vectors",
    "deferred_encoder",
    "load_encoder",
    "load_sentence_transformer",
]

#: Shape (n, dimension), float32, rows of length 1.
Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

#: Questions whose vectors are kept: the ways to read a follow-up ask some of them again.
QUERIES_KEPT = 256
#: Texts embedded at once: so often is progress told, and so soon a cancelled index stops.
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


class EmbeddedEncoder:
    """The encoders that come with the package: the mean of a BERT's hidden states, of length 1.

    The same vectors as sentence-transformers computes from these weights (Reimers and Gurevych, 2019,
    https://arxiv.org/abs/1908.10084), without its imports. With ``half_precision`` within a cosine of
    0.9995 of them, several times as fast.
    """

    def __init__(
        self,
        weights: Arrays,
        name: str,
        digest: str,
        half_precision: bool | None = None,
        at_once: int = 1,
    ) -> None:
        """``half_precision`` is by default whether this machine gains from it.

        The cores are shared by ``at_once`` threads that embed questions at the same time.
        """
        if half_precision is None:
            half_precision = half_precision_at_hand()
        self._network: Network = (OpenVinoBert if half_precision else Bert)(weights, at_once)
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
        for chunk in _chunks(texts, progress):
            vectors[chunk] = self._embed([texts[position] for position in chunk])
        return vectors

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ids = [[CLS, *tokens.ids[: self.max_tokens], SEP] for tokens in encoded]
        for place, hidden in self._network.hidden([(row, len(row)) for row in ids]):
            vectors[place] = _unit(hidden.mean(axis=0))
        return vectors


class SentenceTransformerEncoder:
    """Any sentence-transformers model (Reimers and Gurevych, 2019, https://arxiv.org/abs/1908.10084)."""

    def __init__(self, model: SentenceTransformer, name: str, digest: str) -> None:
        self._model = model
        self._tokenizer: Any = model.tokenizer
        self.name = name
        self.digest = digest
        dimension = model.get_embedding_dimension()
        if dimension is None:
            raise ModelError(
                f"The model {name} does not say how long its vectors are; use another."
            )
        self.dimension: int = dimension
        specials = self._tokenizer.num_special_tokens_to_add(pair=False)
        self.max_tokens: int = int(model.max_seq_length or 512) - int(specials)

    def count_tokens(self, text: str) -> int:
        tokens = self._tokenizer(text, add_special_tokens=False, verbose=False)
        return len(tokens["input_ids"])

    def embed_query(self, question: str) -> Vectors:
        encode = getattr(self._model, "encode_query", self._model.encode)
        embedded = encode([question], show_progress_bar=False, convert_to_numpy=True)
        query: Vectors = _unit(embedded)[0]
        return query

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encode = getattr(self._model, "encode_document", self._model.encode)
        for chunk in _chunks(texts, progress):
            vectors[chunk] = _unit(
                encode(
                    [texts[position] for position in chunk],
                    batch_size=32,
                    show_progress_bar=False,
                    convert_to_numpy=True,
                )
            )
        return vectors


def _chunks(texts: Sequence[str], progress: Progress | None) -> Iterator[list[int]]:
    """Positions of texts to embed together; ``progress`` is told when the next ones are asked for.

    Longest first, so that a batch holds texts of one length and the first batch tells whether memory
    suffices.
    """
    order = sorted(range(len(texts)), key=lambda position: -len(texts[position]))
    for start in range(0, len(order), CHUNK):
        yield order[start : start + CHUNK]
        if progress is not None:
            progress(min(start + CHUNK, len(texts)), len(texts))


def _unit(vectors: npt.NDArray[Any]) -> Vectors:
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
        return EmbeddedEncoder(tuned_weights(), name, TUNED_WEIGHTS_SHA256, at_once=at_once)
    if name == UNTUNED_MODEL:
        return EmbeddedEncoder(untuned_weights(), name, EMBEDDED_MODEL_SHA256, at_once=at_once)
    model = load_sentence_transformer(name)
    return SentenceTransformerEncoder(model, name, _state_digest(model))


def load_sentence_transformer(name: str) -> SentenceTransformer:
    """The sentence-transformers model in the folder, or of the name, ``name``.

    Raises:
        ModelError: it is not there, or cannot be loaded.
    """
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        return SentenceTransformer(name, device="cpu", model_kwargs={"use_safetensors": True})
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"The model {name} cannot be loaded ({reason}); give --model a folder or the name of a "
            f"sentence-transformers model on this machine, or leave it out for {EMBEDDED_MODEL}. To fetch "
            "one from the hub, set HF_HUB_OFFLINE=0 once."
        ) from error


def _state_digest(model: SentenceTransformer) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(tensor.float().cpu().numpy()).tobytes())
    return digest.hexdigest()
