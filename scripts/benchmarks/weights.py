"""The embedded models as folders that any peer can load: the same weights, in float32."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from qa.models.weights import (
    Arrays,
    embedded_model_path,
    reader_weights,
    tuned_weights,
    untuned_weights,
    verifier_weights,
)

__all__ = ["write_encoder", "write_reader", "write_verifier"]


def write_encoder(folder: Path) -> None:
    """A sentence-transformers folder of the retriever's encoder, mean pooling and unit length with it."""
    shutil.copytree(embedded_model_path(), folder, dirs_exist_ok=True)
    # With the pooler, which nothing uses: left out, transformers would draw another one at every start.
    _save(untuned_weights() | tuned_weights(), folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"late_chunking": True}
    path.chmod(0o644)
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def write_reader(folder: Path) -> None:
    """A Hugging Face folder of the span reader: a BERT with a question answering head."""
    _write_bert(reader_weights(), folder)


def write_verifier(folder: Path) -> None:
    """As :func:`write_reader`, of the span reader with the adapter that verifies answers."""
    _write_bert(verifier_weights(reader_weights()), folder)


def _write_bert(weights: Arrays, folder: Path) -> None:
    source = embedded_model_path()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copyfile(source / name, folder / name)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = ["BertForQuestionAnswering"]
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    _save(weights, folder)


def _save(weights: Arrays, folder: Path) -> None:
    laid = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    save_file(laid, folder / "model.safetensors", metadata={"format": "pt"})
