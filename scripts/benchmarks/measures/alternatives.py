"""Other FAISS indexes on the same made-up vectors, recall over memory, by ``scripts/bench_scale.py``."""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.measures import scale
from benchmarks.run import Run
from benchmarks.table import Row

NAME = "alternatives"


def measure(run: Run) -> None:
    """All at once, and once."""
    if scale.SCRIPT.exists():
        passages = run.sizes.alternatives
        run.once(lambda: {"indexes": _measured(run, passages)}, NAME, passages=passages)


def _measured(run: Run, passages: int) -> list[dict[str, Any]]:
    command = [sys.executable, str(scale.SCRIPT), "--alternatives", "--json"]
    out = run.finish([*command, "--passages", str(passages)]).out
    return [json.loads(line) for line in out.splitlines()]


def points(run: Run) -> list[dict[str, Any]]:
    """A name, the memory, the recall and the time of each, ours with them if its size was measured."""
    found = []
    for record in run.records.of(NAME):
        for row in record["indexes"]:
            effort = f" at {row['effort']}" if row["effort"] else ""
            recall = row.get("recall_at_10_compared_again", row["recall_at_10"])
            found.append(_point(row["index"] + effort, row["memory_mb"], recall, row["p50_ms"]))
        for ours in run.records.of(scale.NAME, passages=record["passages"]):
            memory = ours["memory_mb"] - ours.get("memory_before_mb", 0)
            took = ours["vectors_p50_ms" if "vectors_p50_ms" in ours else "p50_ms"]
            found.append(_point("qa", memory, ours["recall_at_10"], took))
    return found


def _point(name: str, memory_mb: float, recall: float, p50_ms: float) -> dict[str, Any]:
    return {"name": name, "memory_mb": memory_mb, "recall": recall, "p50_ms": p50_ms}


def rows(_: Run) -> list[Row]:
    """None: it is drawn."""
    return []
