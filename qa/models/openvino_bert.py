"""The embedded network run by OpenVINO, where the processor multiplies bfloat16 itself.

In bfloat16 it is two (AVX-512) to four times (AMX) as fast as in float32 and nearly the same: 8 bits of each
number take part in a product, sums are float32, and so are the norms. Vectors stay within a cosine of
0.9995; what the reader finds with it is read again in float32 where it is a near thing
(:class:`qa.reading.SpanReader`).
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from qa.models.bert import LAYERS, Embeddings, Hidden, Parts, Window, complete, cores
from qa.models.weights import Arrays

__all__ = ["PROCESSOR", "OpenVinoBert", "half_precision_at_hand", "multiplies_bfloat16"]

HEADS = 12
EPSILON = 1e-12
#: Kernels are made for each shape that comes up; lengths rounded up come up again.
_ROUNDED = 16
#: Added to the attention that a padded place would get.
_NOWHERE = -1e4
#: Instructions that multiply bfloat16, by Linux's names: tiles of matrices, and vectors in pairs of numbers.
_PRODUCTS = {"amx_bf16", "avx512_bf16"}
#: As Linux describes it.
PROCESSOR = Path("/proc/cpuinfo")


@cache
def half_precision_at_hand() -> bool:
    """True if this processor gains from bfloat16, and the library is installed."""
    return multiplies_bfloat16(PROCESSOR) and importlib.util.find_spec("openvino") is not None


def multiplies_bfloat16(processor: Path) -> bool:
    """True if the processor, as Linux describes it in that file, has instructions for that."""
    try:
        lines = processor.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and _PRODUCTS & set(line.split()) for line in lines)


class OpenVinoBert:
    """As :class:`qa.models.bert.Bert`, in bfloat16 or float32."""

    def __init__(self, weights: Arrays, at_once: int = 1, half_precision: bool = True) -> None:
        """Arguments as for :class:`~qa.models.bert.Bert`.

        Raises:
            ModelError: a weight is missing.
        """
        openvino = _openvino()
        with complete():
            self._embeddings = Embeddings(weights)
            graph = _graph(weights)
        compiled = openvino.Core().compile_model(
            graph,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "bf16" if half_precision else "f32",
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": cores(),
                "NUM_STREAMS": at_once,
                # Threads that are tied to a core wait there for whatever else runs on it.
                "ENABLE_CPU_PINNING": False,
            },
        )
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(at_once):
            self._requests.put(compiled.create_infer_request())

    def hidden(
        self, windows: Sequence[Window], parts: Sequence[Parts] | None = None
    ) -> Iterator[tuple[int, Hidden]]:
        """As :meth:`qa.models.bert.Network.hidden`."""
        for batch in self._embeddings.batches(windows, parts, _ROUNDED):
            mask = np.where(batch.attended, 0.0, _NOWHERE).astype(np.float32)
            by_head = mask[:, np.newaxis] if mask.ndim == 3 else mask[:, np.newaxis, np.newaxis]
            inputs = [batch.embedded, by_head]
            request = self._requests.get()
            try:
                hidden = request.infer(inputs, share_inputs=True)[0]
            finally:
                self._requests.put(request)
            yield from batch.rows(hidden)


def _openvino() -> Any:
    """The package without its model converter, which tells its makers that it was imported.

    Importing a module that is ``None`` fails, and OpenVINO goes on without this one.
    """
    converter: Any = None
    sys.modules.setdefault("openvino.tools.ovc", converter)
    import openvino

    return openvino


def _graph(weights: Arrays) -> Any:
    """(batch, length, width) embeddings, before their LayerNorm, and a mask to add, to hidden states.

    The same network as ``qa/artefacts/bert.onnx``, in OpenVINO's operators.
    """
    openvino = _openvino()
    from openvino import opset13 as op

    width = weights["embeddings.LayerNorm.weight"].shape[0]

    def constant(values: Any) -> Any:
        # Weights are not copied: OpenVINO holds on to the array.
        return op.constant(np.asarray(values), shared_memory=isinstance(values, np.ndarray))

    def normalised(x: Any, name: str) -> Any:
        x = op.mvn(x, constant([-1]), True, EPSILON, "inside_sqrt")
        return op.add(
            op.multiply(x, constant(weights[f"{name}.weight"])), constant(weights[f"{name}.bias"])
        )

    def dense(x: Any, name: str) -> Any:
        product = op.matmul(x, constant(weights[f"{name}.weight"]), False, True)
        return op.add(product, constant(weights[f"{name}.bias"]))

    def by_head(x: Any) -> Any:
        """(batch, length, width) to (batch, head, length, width of a head)."""
        split = op.reshape(x, constant([0, 0, HEADS, width // HEADS]), True)
        return op.transpose(split, constant([0, 2, 1, 3]))

    embedded = op.parameter([-1, -1, width], openvino.Type.f32, name="embedded")
    mask = op.parameter([-1, 1, -1, -1], openvino.Type.f32, name="mask")
    x = normalised(embedded, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        heads = op.scaled_dot_product_attention(
            *(
                by_head(dense(x, f"{at}.attention.self.{part}"))
                for part in ("query", "key", "value")
            ),
            mask,
        )
        joined = op.reshape(
            op.transpose(heads, constant([0, 2, 1, 3])), constant([0, 0, width]), True
        )
        attended = op.add(dense(joined, f"{at}.attention.output.dense"), x)
        x = normalised(attended, f"{at}.attention.output.LayerNorm")
        inner = op.gelu(dense(x, f"{at}.intermediate.dense"), "erf")
        x = normalised(op.add(dense(inner, f"{at}.output.dense"), x), f"{at}.output.LayerNorm")
    return openvino.Model([x], [embedded, mask], "bert")
