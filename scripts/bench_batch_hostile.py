"""Thousands of hostile questions in a batch with the real models: each is answered or named, memory is flat.

Example:
  python scripts/bench_batch_hostile.py
  python scripts/bench_batch_hostile.py --questions 500 --corpus ~/reports
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hostile_questions import hostile_questions, write_questions

ROOT = Path(__file__).parent.parent
#: How often memory is looked at, in seconds.
LOOK_SECONDS = 0.5


def main() -> int:
    """Print the figures; 1 if a question was lost, a traceback printed, or memory grew by a tenth."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=5_000)
    parser.add_argument("--corpus", type=Path, default=ROOT / "seeds")
    options = parser.parse_args()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory(prefix="qa-hostile-") as temporary:
        folder = Path(temporary)
        write_questions(folder / "questions.jsonl", hostile_questions(options.questions))
        where = ["--corpus", str(options.corpus.resolve()), "--vectors", str(folder / "vectors")]
        program = [sys.executable, "-m", "qa"]
        subprocess.run([*program, "index", *where], env=environment, check=True)
        out = folder / "answers.jsonl"
        with (folder / "said").open("wb") as said:
            started = time.monotonic()
            batch = subprocess.Popen(
                [*program, "batch", str(folder / "questions.jsonl"), "-o", str(out), *where],
                env=environment,
                stderr=said,
            )
            memory = watched(batch, out)
            seconds = time.monotonic() - started
        return told(options.questions, out, folder / "said", memory, seconds)


def watched(batch: subprocess.Popen[bytes], out: Path) -> list[tuple[int, int]]:
    """Answers written so far and resident memory in kB, from time to time until the batch ends."""
    memory: list[tuple[int, int]] = []
    status = Path(f"/proc/{batch.pid}/status")
    while batch.poll() is None:
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        written = out.read_bytes().count(b"\n") if out.exists() else 0
        if written and "VmRSS" in lines:
            memory.append((written, int(lines["VmRSS"].split()[0])))
        time.sleep(LOOK_SECONDS)
    return memory


def told(
    questions: int, out: Path, said: Path, memory: list[tuple[int, int]], seconds: float
) -> int:
    """Print what came of it."""
    answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    answered = sum(answer["status"] == "answered" for answer in answers)
    talk = said.read_text(encoding="utf-8", errors="replace")
    named = talk.count(": skipped: ")
    print(f"{questions:,} questions in {seconds:,.0f} s")
    print(f"{answered:,} answered, {len(answers) - answered:,} without an answer, {named:,} named")
    lost = questions - len(answers) - named
    print(f"{lost} lost, {talk.count('Traceback')} tracebacks")
    growth = 0.0
    if len(memory) > 1:
        final = memory[-1][0]
        for part in range(1, 11):
            row = next(row for row in memory if row[0] * 10 >= final * part)
            print(f"  after {row[0]:>6,} answers: {row[1] / 1024:,.0f} MB resident")
        tenth = next(kib for written, kib in memory if written * 10 >= final)
        growth = memory[-1][1] / tenth - 1.0
        print(f"memory grew by {growth:.1%} over the last nine tenths")
    return int(bool(lost) or "Traceback" in talk or growth > 0.1)


if __name__ == "__main__":
    sys.exit(main())
