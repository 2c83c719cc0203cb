"""The body of the embedded models: a BERT (Devlin et al. 2019), run by ONNX Runtime on the CPU.

The graph (``qa/artefacts/bert.onnx``, written by ``scripts/export_graph.py``) holds no weights: they come
from the same safetensors files that training wrote, so that there is one copy of them, and one digest.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from qa.errors import ModelError
from qa.models.weights import Arrays, embedded_model_path, loaded_once, read_pinned

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = [
    "CLS",
    "LAYERS",
    "SEP",
    "SHARED",
    "Batch",
    "Bert",
    "Embeddings",
    "Hidden",
    "Network",
    "Parts",
    "Window",
    "attended_in_parts",
    "batches",
    "complete",
    "cores",
    "load_tokenizer",
]

GRAPH = Path(__file__).parent.parent / "artefacts" / "bert.onnx"
GRAPH_SHA256 = "42224e730569a9d30712c2e295cb80d49a23d13a793bafee2b97b3a73ecfe37a"

#: Ids of the special tokens in the embedded vocabulary.
CLS, SEP = 101, 102

Hidden = npt.NDArray[np.float32]
#: Token ids of one input, and how many of them belong to its first segment.
Window = tuple[Sequence[int], int]

#: To which part of its window each token belongs: a sentence, counted from 0, or :data:`SHARED`. A token of a
#: sentence attends to that sentence, to the one before and to what is shared; what is shared to all.
Parts = npt.NDArray[np.intp]
SHARED = -1
_PADDING = -9

#: Tokens that go through the network together, padding included: enough to keep the cores busy, few
#: enough for the memory to stay small.
_TOKENS_A_BATCH = 640
#: What a batch takes beside its tokens, in the time of so many of them (measured: 5 ms).
_OVERHEAD = 100


LAYERS = 6


class Network(Protocol):
    """A body of the embedded models, in whatever precision."""

    def hidden(
        self, windows: Sequence[Window], parts: Sequence[Parts] | None = None
    ) -> Iterator[tuple[int, Hidden]]:
        """Position and hidden states, shape (tokens, width), of each window; in no certain order.

        Without ``parts``, one of each window, every token attends to every other one.
        """


@dataclass(frozen=True)
class Batch:
    """Windows that go through a network together, padded to one length."""

    positions: Sequence[int]
    lengths: Sequence[int]
    """Tokens of each window."""
    embedded: Hidden
    """Shape (windows, longest, width), zeros behind the end of a window."""
    parts: Sequence[Parts] | None = None

    @property
    def attended(self) -> npt.NDArray[np.bool_]:
        """Which places are attended to: shape (windows, longest), with parts (windows, longest, longest)."""
        longest = self.embedded.shape[1]
        if self.parts is None:
            return np.arange(longest) < np.array(self.lengths)[:, np.newaxis]
        return attended_in_parts(self.parts, longest)

    def rows(self, hidden: Hidden) -> Iterator[tuple[int, Hidden]]:
        """Position and hidden states of each window, without the padding."""
        for row, (position, length) in enumerate(zip(self.positions, self.lengths, strict=True)):
            yield position, hidden[row, :length]


def attended_in_parts(parts: Sequence[Parts], longest: int) -> npt.NDArray[np.bool_]:
    """Which tokens each token attends to, as :data:`Parts` says, in windows padded to ``longest`` tokens.

    Shape (windows, longest, longest): the last axis is what is attended to, the one before what attends.
    """
    part = np.full((len(parts), longest), _PADDING)
    for row, own in zip(part, parts, strict=True):
        row[: len(own)] = own
    attending, attended = part[:, :, np.newaxis], part[:, np.newaxis]
    near = (attended == attending) | (attended == attending - 1)
    in_sentence = (attending >= 0) & (attended >= 0) & near
    seen: npt.NDArray[np.bool_] = (
        in_sentence | (attended == SHARED) | ((attending == SHARED) & (attended >= 0))
    )
    return seen


class Embeddings:
    """Token ids to the sum of their word, position and segment embeddings.

    Looked up here and not in a graph, where each session would have a copy of them.
    """

    def __init__(self, weights: Arrays) -> None:
        self._words, self._positions, self._segments = (
            weights[f"embeddings.{kind}_embeddings.weight"]
            for kind in ("word", "position", "token_type")
        )

    def batches(
        self, windows: Sequence[Window], parts: Sequence[Parts] | None = None, rounded: int = 1
    ) -> Iterator[Batch]:
        """All windows, those of like length together, padded to a multiple of ``rounded`` tokens."""
        for positions in batches([len(ids) for ids, _ in windows]):
            together = [windows[position] for position in positions]
            lengths = [len(ids) for ids, _ in together]
            longest = math.ceil(max(lengths) / rounded) * rounded
            of_these = None if parts is None else [parts[position] for position in positions]
            yield Batch(positions, lengths, self._of(together, longest), of_these)

    def _of(self, windows: Sequence[Window], length: int) -> Hidden:
        shape = (len(windows), length, self._words.shape[1])
        embedded = np.zeros(shape, dtype=np.float32)
        for row, (tokens, first) in zip(embedded, windows, strict=True):
            row[: len(tokens)] = self._words[tokens]
            row[: len(tokens)] += self._positions[: len(tokens)]
            row[:first] += self._segments[0]
            row[first : len(tokens)] += self._segments[1]
        return embedded


class Bert:
    """Token ids to hidden states, in float32."""

    def __init__(self, weights: Arrays, at_once: int = 1) -> None:
        """``weights`` are named as in a BERT of Hugging Face, without a prefix.

        The cores are shared by ``at_once`` threads that use it at the same time.

        Raises:
            ModelError: a weight is missing, or the graph is not the pinned one.
        """
        import onnxruntime

        with complete():
            self._embeddings = Embeddings(weights)
            initializers = _initializers(weights, LAYERS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = max(cores() // at_once, 1)
        # Threads that spin between two questions would take the cores from the screen.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Inputs are of ever new shapes: memory that is kept for each shape only grows.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        # Copied when the session is made: "the user provided buffers can then be deallocated" (OrtApi).
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(a) for a in initializers.values()]
        options.add_external_initializers(list(initializers), values)
        self._session: Any = onnxruntime.InferenceSession(
            read_pinned(GRAPH, GRAPH_SHA256), options, providers=["CPUExecutionProvider"]
        )

    def hidden(
        self, windows: Sequence[Window], parts: Sequence[Parts] | None = None
    ) -> Iterator[tuple[int, Hidden]]:
        """As :meth:`Network.hidden`."""
        for batch in self._embeddings.batches(windows, parts):
            attended = batch.attended.astype(np.int32)
            inputs = {"embedded": batch.embedded, "attention_mask": attended}
            (hidden,) = self._session.run(None, inputs)
            yield from batch.rows(hidden)


@contextmanager
def complete() -> Iterator[None]:
    """Says what to do about a weight that is missed inside.

    Raises:
        ModelError: one is.
    """
    try:
        yield
    except KeyError as error:
        raise ModelError(
            f"The embedded model lacks the weight {error}; reinstall the package qa."
        ) from error


def batches(lengths: Sequence[int], tokens: int = _TOKENS_A_BATCH) -> Iterator[list[int]]:
    """Positions of inputs that go together: of like length, longest first, padded to ``tokens`` at most.

    They are cut where the least is padded, a batch more counting as :data:`_OVERHEAD`.
    """
    order = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    # Of so many first inputs as the place says: what they cost at least, and where their last batch begins.
    least: list[float] = [0.0]
    begins = [0]
    for end in range(1, len(order) + 1):
        best, begin = math.inf, end - 1
        for start in range(end - 1, -1, -1):
            padded = max(lengths[order[start]], 1) * (end - start)
            if padded > tokens and start < end - 1:
                break
            if least[start] + padded + _OVERHEAD < best:
                best, begin = least[start] + padded + _OVERHEAD, start
        least.append(best)
        begins.append(begin)
    cuts = [len(order)]
    while cuts[-1]:
        cuts.append(begins[cuts[-1]])
    for start, end in pairwise(reversed(cuts)):
        yield order[start:end]


@loaded_once
def load_tokenizer() -> Tokenizer:
    """The uncased WordPiece tokenizer of the embedded models; it neither cuts nor pads.

    Raises:
        ModelError: it is missing or damaged.
    """
    from tokenizers import Tokenizer

    path = embedded_model_path() / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_buffer(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The tokenizer {path} cannot be read ({error}); reinstall the package qa with its "
            "dependencies."
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def cores() -> int:
    """Those that this process may use; not every system can tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _initializers(weights: Arrays, layers: int) -> Arrays:
    """The weights as the graph names and lays them out: matrices transposed, Q, K and V in one."""
    laid: Arrays = {
        name: np.ascontiguousarray(weights[name]) for name in weights if "LayerNorm" in name
    }
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        attention = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        laid[f"{at}.attention.self.weight"] = np.ascontiguousarray(
            np.concatenate([weights[f"{name}.weight"] for name in attention]).T
        )
        laid[f"{at}.attention.self.bias"] = np.concatenate(
            [weights[f"{name}.bias"] for name in attention]
        )
        for part in ("attention.output.dense", "intermediate.dense", "output.dense"):
            laid[f"{at}.{part}.weight"] = np.ascontiguousarray(weights[f"{at}.{part}.weight"].T)
            laid[f"{at}.{part}.bias"] = np.ascontiguousarray(weights[f"{at}.{part}.bias"])
    return laid
