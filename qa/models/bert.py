"""The body of the embedded models: a BERT (Devlin et al. 2019), run by ONNX Runtime on the CPU.

The graph (``qa/artefacts/bert.onnx``, written by ``scripts/export_graph.py``) holds no weights: they come
from the same safetensors files that training wrote, so that there is one copy of them, and one digest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qa.errors import ModelError
from qa.models.weights import Arrays, embedded_model_path, read_pinned

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["CLS", "SEP", "Bert", "Window", "batches", "load_tokenizer"]

GRAPH = Path(__file__).parent.parent / "artefacts" / "bert.onnx"
GRAPH_SHA256 = "897baca11037a0258499e0088cdb6ba9043c220c13a2b9b7d1d173c4fbe55678"

#: Ids of the special tokens in the embedded vocabulary.
CLS, SEP = 101, 102

Hidden = npt.NDArray[np.float32]
#: Token ids of one input, and how many of them belong to its first segment.
Window = tuple[Sequence[int], int]

#: Tokens that go through the network together, padding included: enough to keep the cores busy, few
#: enough for the memory to stay small.
_TOKENS_A_BATCH = 1_024


class Bert:
    """Token ids to hidden states."""

    LAYERS = 6

    def __init__(self, weights: Arrays) -> None:
        """``weights`` are named as in a BERT of Hugging Face, without a prefix.

        Raises:
            ModelError: a weight is missing, or the graph is not the pinned one.
        """
        import onnxruntime

        try:
            # Looked up here and not in the graph, where each session would have a copy of them.
            self._words, self._positions, self._segments = (
                weights[f"embeddings.{kind}_embeddings.weight"]
                for kind in ("word", "position", "token_type")
            )
            initializers = _initializers(weights, self.LAYERS)
        except KeyError as error:
            raise ModelError(
                f"The embedded model lacks the weight {error}; reinstall the package qa."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _cores()
        # Threads that spin between two questions would take the cores from the screen.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Inputs are of ever new shapes: memory that is kept for each shape only grows.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        # The session uses these arrays in place; they live as long as it does.
        self._values = [onnxruntime.OrtValue.ortvalue_from_numpy(a) for a in initializers.values()]
        options.add_external_initializers(list(initializers), self._values)
        self._session: Any = onnxruntime.InferenceSession(
            read_pinned(GRAPH, GRAPH_SHA256), options, providers=["CPUExecutionProvider"]
        )

    def hidden(self, windows: Sequence[Window]) -> Iterator[tuple[int, Hidden]]:
        """Position and hidden states, shape (tokens, width), of each window; in no certain order."""
        for batch in batches([len(ids) for ids, _ in windows]):
            shape = (len(batch), max(len(windows[position][0]) for position in batch))
            embedded = np.zeros((*shape, self._words.shape[1]), dtype=np.float32)
            mask = np.zeros(shape, dtype=np.int32)
            for row, position in enumerate(batch):
                tokens, first = windows[position]
                embedded[row, : len(tokens)] = self._words[tokens]
                embedded[row, : len(tokens)] += self._positions[: len(tokens)]
                embedded[row, :first] += self._segments[0]
                embedded[row, first : len(tokens)] += self._segments[1]
                mask[row, : len(tokens)] = 1
            inputs = {"embedded": embedded, "attention_mask": mask}
            (hidden,) = self._session.run(None, inputs)
            for row, position in enumerate(batch):
                yield position, hidden[row, : len(windows[position][0])]


def batches(lengths: Sequence[int], tokens: int = _TOKENS_A_BATCH) -> Iterator[list[int]]:
    """Positions of inputs that go together: of like length, longest first, padded to ``tokens`` at most."""
    order = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    at = 0
    while at < len(order):
        longest = max(lengths[order[at]], 1)
        size = max(tokens // longest, 1)
        yield order[at : at + size]
        at += size


@cache
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


def _cores() -> int:
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
