"""Search over ever larger indexes of made-up passages; ``scripts/bench_scale.py`` measures each."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

from benchmarks.places import SCRIPTS
from benchmarks.run import Run
from benchmarks.table import Row

NAME = "scale"
SCRIPT = SCRIPTS / "bench_scale.py"
_SMALLEST, _LARGEST = 10_000, 1_000_000
_GROWTH = 6.0


def measure(run: Run) -> None:
    """Each size once, the smallest first; takes minutes for the largest."""
    if not SCRIPT.exists():
        run.talk(f"{NAME}: there is no {SCRIPT.name}; left out")
        return
    for passages in run.sizes.scale:
        run.once(partial(_searched, run, passages), NAME, passages=passages)


def _searched(run: Run, passages: int) -> dict[str, Any]:
    command = [sys.executable, str(SCRIPT), "--passages", str(passages), "--json"]
    found: dict[str, Any] = json.loads(run.finish(command).out.strip().splitlines()[-1])
    return found


def curve(run: Run) -> list[dict[str, Any]]:
    """What was measured at each size, the smallest first."""
    return sorted(run.records.of(NAME), key=lambda record: record["passages"])


def rows(run: Run) -> list[Row]:
    measured = {record["passages"]: record for record in curve(run)}
    found: list[Row] = []
    if _LARGEST in measured:
        found += _rows_of(measured[_LARGEST])
    if {_SMALLEST, _LARGEST} <= measured.keys():
        first, last = measured[_SMALLEST]["p50_ms"], measured[_LARGEST]["p50_ms"]
        found.append(
            Row(
                f"search time from {_SMALLEST:,} to {_LARGEST:,} passages",
                f"at most x {_GROWTH:.0f}",
                f"{first:.1f} ms to {last:.1f} ms",
                ratio=f"x {last / first:.1f}",
                met=last / first <= _GROWTH,
            )
        )
    return found


def _rows_of(record: dict[str, Any]) -> list[Row]:
    def row(what: str, bar: str, ours: str, met: bool) -> Row:
        return Row(what, bar, ours, met=met)

    recall, p50 = record["recall_at_10"], record["p50_ms"]
    memory, opened = record["memory_mb"], record["open_s"]
    searched = f"{p50:.1f} ms (p95 {record['p95_ms']:.1f} ms)"
    told = f"{opened:.2f} s (built in {record['build_s']:,.0f} s)"
    return [
        row(f"{_LARGEST:,} passages: recall@10", ">= 0.95", f"{recall:.3f}", recall >= 0.95),
        row("a hybrid search of them, p50", "<= 30 ms", searched, p50 <= 30),
        row("memory of that process", "<= 2.5 GB", f"{memory / 1e3:.2f} GB", memory <= 2_500),
        row("time to open them", "<= 2 s", told, opened <= 2),
    ]
