"""Writes qa/artefacts/bert.onnx: the embedded models' network without its weights.

    python scripts/export_graph.py

A BERT of 6 layers in the operators that ONNX Runtime has for it (domain com.microsoft, described in its
ContribOperators.md). The weights are named, and handed over when qa/models/bert.py loads the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, helper

from qa.models.bert import GRAPH

LAYERS, HEADS, WIDTH, INNER = 6, 12, 384, 1_536
EPSILON = 1e-12
CONTRIBUTED = "com.microsoft"
CONTRIBUTED_OPERATORS = {"Attention", "BiasGelu", "SkipLayerNormalization"}


class Graph:
    """Nodes in order, each with one output that later ones name."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, name: str, *shape: int) -> str:
        """A weight that is handed over at run time; the format wants a place in a file for it."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        place = {"location": "safetensors", "offset": "0", "length": str(4 * prod(shape))}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=value)
        self.weights.append(tensor)
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        domain = CONTRIBUTED if operator in CONTRIBUTED_OPERATORS else ""
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def dense(self, x: str, name: str, width: int, out: int) -> str:
        return self.node("MatMul", [x, self.weight(f"{name}.weight", width, out)], f"{name}.out")

    def normalised(self, x: str, skipped: str, name: str, output: str) -> str:
        """LayerNorm(x + bias + skipped), where a block ends."""
        norm = [self.weight(f"{name}.LayerNorm.{part}", WIDTH) for part in ("weight", "bias")]
        bias = self.weight(f"{name}.dense.bias", WIDTH)
        return self.node(
            "SkipLayerNormalization", [x, skipped, *norm, bias], output, epsilon=EPSILON
        )


def bert() -> ModelProto:
    """(batch, length, width) embeddings, before their LayerNorm, to hidden states of that shape."""
    graph = Graph()
    norm = [graph.weight(f"embeddings.LayerNorm.{part}", WIDTH) for part in ("weight", "bias")]
    x = graph.node("LayerNormalization", ["embedded", *norm], "normalised", epsilon=EPSILON)
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        own = f"{at}.attention.self"
        heads = graph.node(
            "Attention",
            [
                x,
                graph.weight(f"{own}.weight", WIDTH, 3 * WIDTH),
                graph.weight(f"{own}.bias", 3 * WIDTH),
                "attention_mask",
            ],
            f"{own}.out",
            num_heads=HEADS,
        )
        attended = graph.dense(heads, f"{at}.attention.output.dense", WIDTH, WIDTH)
        x = graph.normalised(attended, x, f"{at}.attention.output", f"{at}.attended")
        inner = graph.dense(x, f"{at}.intermediate.dense", WIDTH, INNER)
        bias = graph.weight(f"{at}.intermediate.dense.bias", INNER)
        active = graph.node("BiasGelu", [inner, bias], f"{at}.active")
        outer = graph.dense(active, f"{at}.output.dense", INNER, WIDTH)
        last = layer == LAYERS - 1
        x = graph.normalised(outer, x, f"{at}.output", "hidden" if last else f"{at}.out")
    shape: list[str | int | None] = ["batch", "length", WIDTH]
    inputs = [
        helper.make_tensor_value_info("embedded", TensorProto.FLOAT, shape),
        # (batch, length), or (batch, length, length) where not every token attends to every other one.
        helper.make_tensor_value_info("attention_mask", TensorProto.INT32, None),
    ]
    output = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, shape)
    made = helper.make_graph(graph.nodes, "bert", inputs, [output], graph.weights)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(CONTRIBUTED, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def write(path: Path) -> None:
    path.write_bytes(bert().SerializeToString(deterministic=True))


if __name__ == "__main__":
    write(GRAPH)
