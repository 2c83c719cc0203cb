"""The network of the embedded models is the one that its script writes."""

from __future__ import annotations

from pathlib import Path

from export_graph import write

from qa.models.bert import GRAPH


def test_the_graph_is_what_the_script_writes(tmp_path: Path) -> None:
    write(tmp_path / "bert.onnx")
    assert (tmp_path / "bert.onnx").read_bytes() == GRAPH.read_bytes()
