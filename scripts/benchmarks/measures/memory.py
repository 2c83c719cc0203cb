"""The most memory that a chat holds, and that of a long batch as it goes."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

from bench_batch_hostile import watched
from hostile_questions import hostile_questions, write_questions

from benchmarks.engine import EngineError, environment
from benchmarks.places import ROOT, SCRIPTS, SEEDS
from benchmarks.run import QA, Run
from benchmarks.table import Row
from qa.errors import ExitCode

NAME = "memory"
_CHAT_MB = 600
#: A batch is flat if its memory after the last answer is not this share above that after the first tenth.
_GROWTH = 0.10


def measure(run: Run) -> None:
    """Takes no times, and may share the machine."""
    run.once(lambda: _chat(run), NAME, kind="chat")
    run.once(lambda: _batch(run), NAME, kind="batch", questions=run.sizes.hostile)


def _chat(run: Run) -> dict[str, Any]:
    """A conversation of a hundred questions, in the process of the chat itself."""
    script = [sys.executable, str(SCRIPTS / "bench_chat.py"), "long", "--turns", "100"]
    done = run.finish([*script, "--vectors", str(run.seeds_index)])
    return {"peak_mb": float(re.findall(r"turn \d+: (\d+) MB", done.out)[-1])}


def _batch(run: Run) -> dict[str, Any]:
    questions, out = run.state / "hostile.jsonl", run.state / "hostile.answers.jsonl"
    write_questions(questions, hostile_questions(run.sizes.hostile))
    out.unlink(missing_ok=True)
    where = ["--corpus", str(SEEDS), "--vectors", str(run.seeds_index)]
    with (run.state / "hostile.log").open("wb") as said:
        batch = subprocess.Popen(
            [*QA, "batch", str(questions), "-o", str(out), *where],
            env=environment([ROOT]),
            stderr=said,
        )
        memory = watched(batch, out)
    # Hostile lines are malformed: the batch ends, and says that not all of them could be asked.
    if batch.returncode not in (ExitCode.OK, ExitCode.FAILURE) or not memory:
        raise EngineError(f"qa batch failed; see the end of {said.name}.")
    final = memory[-1][0]
    tenth = next(kib for written, kib in memory if written * 10 >= final)
    largest = max(kib for _, kib in memory)
    return {
        "answers": final,
        "growth": memory[-1][1] / tenth - 1.0,
        "peak_mb": largest * 1_024 / 1e6,
        "mb": [
            [written, round(kib * 1_024 / 1e6)] for written, kib in memory[:: len(memory) // 50 + 1]
        ],
    }


def rows(run: Run) -> list[Row]:
    found: list[Row] = []
    for record in run.records.of(NAME, kind="chat"):
        peak = record["peak_mb"]
        found.append(
            Row(
                "peak memory of a chat of 100 turns on the seeds",
                f"<= {_CHAT_MB} MB",
                f"{peak:,.0f} MB",
                met=peak <= _CHAT_MB,
            )
        )
    for record in run.records.of(NAME, kind="batch"):
        found.append(
            Row(
                f"memory of a batch over {record['answers']:,} hostile questions",
                f"flat: grows by less than {_GROWTH:.0%} after the first tenth",
                f"{record['growth']:+.1%}, at most {record['peak_mb']:,.0f} MB",
                met=record["growth"] < _GROWTH,
            )
        )
    return found
