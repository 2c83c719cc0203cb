"""Passages embedded a second, and how near the vectors are to those of sentence-transformers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from benchmarks.run import Run
from benchmarks.table import Row, median, spread

NAME = "embedding"
#: Haystack's embedder is sentence-transformers in float32: the others' vectors are held to its.
ENGINES = ("haystack", "txtai", "qa")
_BAR = 2.0
_COSINE = 0.999


def measure(run: Run) -> None:
    """In each round every engine embeds the same passages, others than in the round before."""
    count = run.sizes.embedded
    for round_ in range(run.sizes.rounds):
        at = round_ * count % len(run.texts.passages)
        texts = run.texts.passages[at : at + count]
        for engine in ENGINES:

            def take(engine: str = engine, texts: tuple[str, ...] = texts) -> dict[str, Any]:
                path = run.work / "texts.json"
                path.write_text(json.dumps(texts), encoding="utf-8")
                out = run.work / f"{engine}.npy"
                done = run.engine(engine).call("embed", texts=str(path), out=str(out))
                cosine = _least_cosine(np.load(out), np.load(run.work / f"{ENGINES[0]}.npy"))
                rate = len(texts) / done.seconds
                return {"rate": rate, "least_cosine": cosine, "memory_mb": done.memory_mb}

            run.once(take, NAME, engine=engine, round=round_)


def _least_cosine(vectors: Any, reference: Any) -> float:
    if vectors.shape != reference.shape:  # the reference is of a run that was cut off
        return float("nan")
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(reference, axis=1)
    return float(((vectors * reference).sum(axis=1) / lengths).min())


def rates(run: Run) -> dict[str, list[float]]:
    """Passages a second of each engine, by round."""
    return {
        engine: [record["rate"] for record in run.records.of(NAME, engine=engine)]
        for engine in ENGINES
    }


def rows(run: Run) -> list[Row]:
    by_engine = rates(run)
    if not all(by_engine.values()):
        return []
    peer = max((e for e in ENGINES if e != "qa"), key=lambda e: median(by_engine[e]))
    ratios = [a / b for a, b in zip(by_engine["qa"], by_engine[peer], strict=False)]
    cosines = [r["least_cosine"] for r in run.records.of(NAME, engine="qa")]
    cosine = min(cosines)
    peers = ", ".join(f"{e} {median(by_engine[e]):.1f}" for e in ENGINES if e != "qa")
    return [
        Row(
            "passages embedded a second",
            f">= {_BAR} x the faster peer, cosine >= {_COSINE}",
            f"{median(by_engine['qa']):.1f}, least cosine {cosine:.5f}",
            peers,
            f"{median(ratios):.2f} x{spread(ratios)}",
            median(ratios) >= _BAR and cosine >= _COSINE,
        )
    ]
