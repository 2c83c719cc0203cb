"""Processes from their start: the first answer, the help, the chat's first picture."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Any

from benchmarks.engine import environment
from benchmarks.places import ROOT, SEEDS
from benchmarks.run import QA, Run
from benchmarks.table import Row, median, ms, spread
from benchmarks.terminal import Terminal

NAME = "starting"
KINDS = ("ask", "import", "help", "python", "paint")
_QUESTION = "Where did the two presidents meet?"
#: What stands in the question box of the first picture.
_BOX = b"Ask the documents"


def measure(run: Run) -> None:
    """Each kind once, again and again; the very first ones warm the disk and are not counted."""
    for number in range(-1, run.sizes.starts):
        for kind in KINDS:
            run.once(partial(_started, run, kind), NAME, kind=kind, number=number)


def _started(run: Run, kind: str) -> dict[str, Any]:
    return {"seconds": _seconds(run, kind)}


def _seconds(run: Run, kind: str) -> float:
    where = ["--corpus", str(SEEDS), "--vectors", str(run.seeds_index)]
    if kind == "paint":
        return _first_picture([*QA, *where])
    commands: dict[str, list[str]] = {
        "ask": [*QA, "ask", _QUESTION, *where],
        "import": [sys.executable, "-c", "import sentence_transformers"],
        "help": [*QA, "--help"],
        "python": [sys.executable, "-c", "pass"],
    }
    return run.finish(commands[kind]).seconds


def _first_picture(command: list[str]) -> float:
    started = time.perf_counter()
    terminal = Terminal(command, environment([ROOT]))
    try:
        terminal.read_until(lambda: _BOX in terminal.text(), 60)
        return terminal.last_output - started
    finally:
        terminal.close()


def rows(run: Run) -> list[Row]:
    seconds: dict[str, list[float]] = {
        kind: [r["seconds"] for r in run.records.of(NAME, kind=kind) if r["number"] >= 0]
        for kind in KINDS
    }
    if not all(seconds.values()):
        return []
    at: dict[str, Any] = {kind: median(values) for kind, values in seconds.items()}
    ratios = [a / b for a, b in zip(seconds["ask"], seconds["import"], strict=False)]

    def alone(kind: str, what: str, bar: float) -> Row:
        fastest = f"{ms(at[kind])}, fastest {ms(min(seconds[kind]))}"
        return Row(
            what, f"<= {bar} s", fastest, f"python alone {ms(at['python'])}", "", at[kind] <= bar
        )

    return [
        Row(
            "`qa ask` from a cold process to the printed answer",
            "<= 0.25 x `import sentence_transformers`",
            ms(at["ask"]),
            f"the import {ms(at['import'])}",
            f"{median(ratios):.2f} x{spread(ratios)}",
            median(ratios) <= 0.25,
        ),
        alone("help", "`qa --help`", 0.15),
        alone("paint", "the chat's first picture", 0.5),
    ]
