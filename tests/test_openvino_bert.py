"""Half precision: where it is used, how near it comes, and that it tells nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qa.models.bert import CLS, SEP, Bert, Window
from qa.models.encoder import EmbeddedEncoder
from qa.models.openvino_bert import OpenVinoBert, half_precision_at_hand, multiplies_bfloat16
from qa.models.weights import TUNED_WEIGHTS_SHA256, tuned_weights
from qa.settings import EMBEDDED_MODEL
from tests.reference import reference_encoder

needs_bfloat16 = pytest.mark.skipif(
    not half_precision_at_hand(), reason="a processor that has no bfloat16, or no OpenVINO"
)
WINDOWS: list[Window] = [
    ([CLS, *range(2_000, 2_000 + length), SEP], length // 2) for length in (1, 14, 15, 40, 200, 382)
]


def described(tmp_path: Path, flags: str) -> Path:
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\n")
    return path


def test_only_a_processor_with_instructions_for_bfloat16_uses_it(tmp_path: Path) -> None:
    assert multiplies_bfloat16(described(tmp_path, "fpu avx512f amx_bf16 amx_tile"))
    assert multiplies_bfloat16(described(tmp_path, "fpu avx512f avx512_bf16"))
    assert not multiplies_bfloat16(described(tmp_path, "fpu avx2 avx512f avx512_vnni amx_int8"))
    assert not multiplies_bfloat16(tmp_path / "on another system there is no such file")


@needs_bfloat16
def test_hidden_states_are_nearly_those_of_float32() -> None:
    weights = tuned_weights()
    exact = dict(Bert(weights).hidden(WINDOWS))
    half = dict(OpenVinoBert(weights).hidden(WINDOWS))
    assert exact.keys() == half.keys() == set(range(len(WINDOWS)))
    for position, expected in exact.items():
        found = half[position]
        assert found.shape == expected.shape
        lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
        assert ((found * expected).sum(axis=1) / lengths).mean() > 0.999


@needs_bfloat16
def test_in_float32_hidden_states_are_those_of_the_other_library() -> None:
    weights = tuned_weights()
    found = dict(OpenVinoBert(weights, half_precision=False).hidden(WINDOWS))
    for position, expected in Bert(weights).hidden(WINDOWS):
        np.testing.assert_allclose(found[position], expected, atol=1e-4)


@needs_bfloat16
def test_with_parts_too() -> None:
    weights = tuned_weights()
    parts = [np.arange(len(ids)) // 20 - 1 for ids, _ in WINDOWS]
    exact = dict(Bert(weights).hidden(WINDOWS, parts))
    found = dict(OpenVinoBert(weights, half_precision=False).hidden(WINDOWS, parts))
    apart = dict(Bert(weights).hidden(WINDOWS))
    for position, expected in exact.items():
        np.testing.assert_allclose(found[position], expected, atol=1e-4)
    assert np.abs(exact[5] - apart[5]).max() > 0.1


@needs_bfloat16
def test_padding_does_not_change_what_a_window_gets() -> None:
    half = OpenVinoBert(tuned_weights())
    together = dict(half.hidden(WINDOWS))
    for position, window in enumerate(WINDOWS):
        ((_, alone),) = half.hidden([window])
        np.testing.assert_allclose(alone, together[position], atol=0.05)


@needs_bfloat16
def test_vectors_of_documents_are_within_the_bar_of_those_of_sentence_transformers() -> None:
    encoder = EmbeddedEncoder(
        tuned_weights(), EMBEDDED_MODEL, TUNED_WEIGHTS_SHA256, half_precision=True
    )
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path("seeds").glob("*.txt"))]
    cuts = [text[at : at + 400] for text in texts for at in range(0, len(text), 1_000)]
    expected = reference_encoder().embed_documents([*cuts, "Honey.", ""])
    found = encoder.embed_documents([*cuts, "Honey.", ""])
    assert (expected * found).sum(axis=1).min() > 0.999_5


@needs_bfloat16
def test_loading_it_imports_nothing_that_reports_to_its_makers() -> None:
    program = """
import socket, sys
class Closed(socket.socket):
    def connect(self, *_): raise SystemExit("something connects")
    def sendto(self, *_): raise SystemExit("something sends")
socket.socket = Closed
from qa.models.openvino_bert import OpenVinoBert
from qa.models.weights import tuned_weights
OpenVinoBert(tuned_weights())
print([name for name, module in sys.modules.items() if module and "telemetry" in name])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
