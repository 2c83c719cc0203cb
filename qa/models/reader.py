"""The span reader: for each token of a passage, how well an answer would start or end there.

The model is BERT's question answering head (Devlin et al. 2019, section 4.2) with SQuAD 2.0's null
score from the [CLS] token (section 4.3). Scores are raw logits, never normalised per passage: a softmax
over one passage would make a poor passage's best span look as sure as a good one's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from qa.errors import ModelError
from qa.models.bert import CLS, SEP, Bert, Network, Window, load_tokenizer
from qa.models.openvino_bert import OpenVinoBert, half_precision_at_hand
from qa.models.weights import Arrays, loaded_once, reader_weights, verifier_weights

__all__ = [
    "EmbeddedReaders",
    "EmbeddedSpanModel",
    "SpanModel",
    "TokenScores",
    "TransformersSpanModel",
    "load_embedded_reader",
    "load_embedded_readers",
    "load_span_model",
]

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TokenScores:
    """What the model says of one window of a context; ``n`` tokens of the context are in it."""

    offsets: npt.NDArray[np.int64]
    """Shape (n, 2): start and end of each token, in characters of the context."""
    start: Logits
    """Shape (n,): logits that the answer starts at the token."""
    end: Logits
    """Shape (n,): logits that it ends with the token."""
    null: float
    """Start plus end logit of [CLS]: that the window holds no answer."""


class SpanModel(Protocol):
    """What the reader asks of a model; tests pass a small fake."""

    def score(self, question: str, contexts: Sequence[str]) -> list[list[TokenScores]]:
        """For each context its windows, in order; long contexts have several, which overlap."""


#: Tokens that the network sees at once, special ones included, and by how many two windows overlap.
WINDOW = 384
STRIDE = 128
#: A longer question is cut, so that the context always has room; in tokens.
LONGEST_QUESTION = 96


class EmbeddedSpanModel:
    """The reader that comes with the package; windows as Hugging Face's tokenizers cut them."""

    def __init__(self, network: Network, weights: Arrays) -> None:
        """A ``network`` of the body of ``weights``, of which the head is taken."""
        self._bert = network
        self._head = weights["qa_outputs.weight"].T.copy(), weights["qa_outputs.bias"]
        self._tokenizer = load_tokenizer()

    def score(self, question: str, contexts: Sequence[str]) -> list[list[TokenScores]]:
        asked = self._tokenizer.encode(question, add_special_tokens=False).ids
        prefix = [CLS, *asked[:LONGEST_QUESTION], SEP]
        room = WINDOW - len(prefix) - 1
        places: list[tuple[int, npt.NDArray[np.int64]]] = []
        windows: list[Window] = []
        for owner, context in enumerate(
            self._tokenizer.encode_batch(list(contexts), add_special_tokens=False)
        ):
            offsets = np.array(context.offsets, dtype=np.int64).reshape(-1, 2)
            for start in range(0, max(len(context) - STRIDE, 1), room - STRIDE):
                ids = context.ids[start : start + room]
                windows.append(([*prefix, *ids, SEP], len(prefix)))
                places.append((owner, offsets[start : start + room]))
        scored: list[list[TokenScores]] = [[] for _ in contexts]
        for position, hidden in sorted(self._bert.hidden(windows), key=lambda row: row[0]):
            owner, offsets = places[position]
            logits = hidden @ self._head[0] + self._head[1]
            inside = logits[len(prefix) : -1]
            scored[owner].append(
                TokenScores(offsets, inside[:, 0], inside[:, 1], float(logits[0].sum()))
            )
        return scored


class DeferredSpanModel:
    """A model that is loaded when it is first asked."""

    def __init__(self, load: Callable[[], SpanModel]) -> None:
        self._loaded = loaded_once(load)

    def score(self, question: str, contexts: Sequence[str]) -> list[list[TokenScores]]:
        return self._loaded().score(question, contexts)


class TransformersSpanModel:
    """Any Hugging Face extractive question answering model."""

    #: Windows that go through the network together; they are sorted by length first.
    BATCH = 8

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer

    def score(self, question: str, contexts: Sequence[str]) -> list[list[TokenScores]]:
        if not contexts:
            return []
        encoded = self._tokenizer(
            [self._cut(question)] * len(contexts),
            list(contexts),
            truncation="only_second",
            max_length=WINDOW,
            stride=STRIDE,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            verbose=False,
        )
        windows: list[list[TokenScores]] = [[] for _ in contexts]
        owners = encoded["overflow_to_sample_mapping"]
        for position, start, end in sorted(self._logits(encoded), key=lambda row: row[0]):
            inside = np.array([s == 1 for s in encoded.sequence_ids(position)])
            offsets = np.asarray(encoded["offset_mapping"][position], dtype=np.int64)
            windows[owners[position]].append(
                TokenScores(offsets[inside], start[inside], end[inside], float(start[0] + end[0]))
            )
        return windows

    def _cut(self, question: str) -> str:
        encoded = self._tokenizer(
            question, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        offsets = encoded["offset_mapping"][:LONGEST_QUESTION]
        return question[: offsets[-1][1]] if offsets else question

    def _logits(self, encoded: Any) -> Iterator[tuple[int, Logits, Logits]]:
        """Start and end logits of each window, padding cut off."""
        import torch

        lengths = [len(ids) for ids in encoded["input_ids"]]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        inputs = [
            name for name in ("input_ids", "token_type_ids", "attention_mask") if name in encoded
        ]
        for at in range(0, len(order), self.BATCH):
            batch = order[at : at + self.BATCH]
            padded = self._tokenizer.pad(
                {name: [encoded[name][position] for position in batch] for name in inputs},
                return_tensors="pt",
            )
            with torch.inference_mode():
                output = self._model(**padded)
            starts, ends = output.start_logits.float().numpy(), output.end_logits.float().numpy()
            for row, position in enumerate(batch):
                yield position, starts[row, : lengths[position]], ends[row, : lengths[position]]


@dataclass(frozen=True, slots=True)
class EmbeddedReaders:
    """The models of the reader that comes with the package."""

    exact: SpanModel
    draft: SpanModel | None
    """The same in half precision, where this machine gains from it."""
    verifier: SpanModel
    """Reads the best candidates side by side, in the quicker precision."""


def load_embedded_reader() -> SpanModel:
    """The reader that comes with the package: all-MiniLM-L6-v2 fine-tuned, see docs/reader.md.

    Raises:
        ModelError: its weights, or the encoder's, are missing or not the pinned ones.
    """
    return _span_model(reader_weights(), Bert)


def load_embedded_readers(half_precision: bool | None = None, at_once: int = 1) -> EmbeddedReaders:
    """The reader of :func:`load_embedded_reader`, the same in half precision for drafts, and its verifier.

    A draft only if ``half_precision``, which is by default whether this machine gains from it; the exact
    one is then loaded when it is needed, which for most questions it is not. ``at_once`` threads may use
    them at the same time.

    Raises:
        ModelError: as :func:`load_embedded_reader`.
    """
    if half_precision is None:
        half_precision = half_precision_at_hand()
    weights = reader_weights()
    verifier = verifier_weights(weights)
    if not half_precision:
        plain = partial(Bert, at_once=at_once)
        return EmbeddedReaders(_span_model(weights, plain), None, _span_model(verifier, plain))
    quick = partial(OpenVinoBert, at_once=at_once)
    # By the same library, so that only one is loaded.
    exactly = partial(quick, half_precision=False)
    exact = DeferredSpanModel(partial(_span_model, weights, exactly))
    return EmbeddedReaders(exact, _span_model(weights, quick), _span_model(verifier, quick))


def _span_model(weights: Arrays, network: Callable[[Arrays], Network]) -> SpanModel:
    """A ``network`` is made of the body, whose names it takes without their prefix."""
    body = {
        name.removeprefix("bert."): array
        for name, array in weights.items()
        if name.startswith("bert.")
    }
    return EmbeddedSpanModel(network(body), weights)


def load_span_model(name: str) -> SpanModel:
    """The extractive question answering model in the folder, or of the Hugging Face name, ``name``.

    Raises:
        ModelError: it is not there, is no such model, or its weights are not safetensors.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForQuestionAnswering.from_pretrained(
            name, dtype=torch.float32, use_safetensors=True, attn_implementation="sdpa"
        )
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"The reader {name} cannot be loaded ({reason}); give --reader the folder or name of an "
            "extractive question answering model on this machine, or leave it out. To fetch one from the "
            "hub, set HF_HUB_OFFLINE=0 once."
        ) from error
    return TransformersSpanModel(model, tokenizer)
