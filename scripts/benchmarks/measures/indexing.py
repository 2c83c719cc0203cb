"""From a folder of files to a searchable index on the disk."""

from __future__ import annotations

import shutil
from typing import Any

from benchmarks.run import QA, Run
from benchmarks.table import Row, median, spread

NAME = "indexing"
#: qa as it is, with a vector for each sentence too, and with passage vectors alone, as the peers have them.
ENGINES = ("qa", "txtai", "qa-passages", "haystack")
_BAR = 1.8


def measure(run: Run) -> None:
    """Ours is a process from its start to its end; of a peer, neither imports nor loading are counted."""
    for round_ in range(run.sizes.index_rounds):
        for engine in ENGINES:

            def take(engine: str = engine) -> dict[str, Any]:
                out = run.work / f"index-{engine}"
                shutil.rmtree(out, ignore_errors=True)
                out.unlink(missing_ok=True)
                seconds = _ours(run, engine) if engine.startswith("qa") else _peers(run, engine)
                return {"seconds": seconds}

            passages = run.sizes.passages
            run.once(take, NAME, engine=engine, round=round_, passages=passages)


def _ours(run: Run, engine: str) -> float:
    command = [*QA, "index", "--corpus", str(run.passages)]
    command += ["--vectors", str(run.work / f"index-{engine}")]
    sentences = "false" if engine == "qa-passages" else "true"
    return run.finish(command, {"QA_SENTENCE_VECTORS": sentences}).seconds


def _peers(run: Run, engine: str) -> float:
    out = run.work / f"index-{engine}"
    return run.engine(engine).call("index", corpus=str(run.passages), out=str(out)).seconds


def rates(run: Run) -> dict[str, list[float]]:
    """Passages indexed a second of each engine, by round."""
    count = run.sizes.passages
    return {
        engine: [
            count / record["seconds"]
            for record in run.records.of(NAME, engine=engine, passages=count)
        ]
        for engine in ENGINES
    }


def rows(run: Run) -> list[Row]:
    by_engine = rates(run)
    if not all(by_engine.values()):
        return []
    count = run.sizes.passages
    peer = max(("txtai", "haystack"), key=lambda e: median(by_engine[e]))
    peers = ", ".join(f"{e} {count / median(by_engine[e]):,.0f} s" for e in ("txtai", "haystack"))

    def row(engine: str, what: str, bar: str) -> Row:
        ratios = [a / b for a, b in zip(by_engine[engine], by_engine[peer], strict=False)]
        met = median(ratios) >= _BAR if bar else None
        ours = f"{count / median(by_engine[engine]):,.0f} s"
        return Row(what, bar, ours, peers, f"{median(ratios):.2f} x{spread(ratios)}", met)

    bar = f">= {_BAR} x the faster peer"
    return [
        row("qa", f"`qa index`, {count:,} passages, with a vector for each sentence", bar),
        row("qa-passages", "the same with passage vectors alone, as the peers have", ""),
    ]
