"""Sessions that answer while the index under them is brought up to date, again and again."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults.program import Program

__all__ = ["Watched", "watch"]

SHIPS = ("Ada", "Berta", "Clara", "Dora", "Emma", "Frieda")
QUESTION = "How high is the mast of the ship?"


@dataclass(frozen=True, slots=True)
class Watched:
    """What sessions saw of an index that was changing."""

    replies: int
    states: int
    """How many different states of the index these show."""
    mixed: int
    """Replies that cite texts of two states, or of none."""
    backwards: int
    """Replies that show an older state than one before."""
    said: list[str]
    """What went wrong in a process, in its words."""


def watch(program: Program, folder: Path, rounds: int) -> Watched:
    """Change every document and index them ``rounds`` times, while sessions ask in three other processes.

    ``folder`` is a new one.
    """
    (folder / "seeds").mkdir(parents=True)
    state_of: dict[str, int] = {}
    stop = folder / "stop"

    def indexed(state: int) -> str:
        for place, ship in enumerate(SHIPS):
            text = f"The mast of the ship {ship} is {1_000 + state * 10 + place} feet high.\n"
            state_of[hashlib.sha256(text.encode()).hexdigest()] = state
            (folder / "seeds" / f"{ship}.txt").write_text(text)
        rebuild = ["--rebuild"] if state % 5 == 4 else []
        run = program.run("qa", "index", *rebuild, folder=folder)
        return run.err if run.code or "Traceback" in run.err else ""

    said = [indexed(0)]
    with ThreadPoolExecutor() as pool:
        asking = [
            pool.submit(program.run, "ask on", QUESTION, how, stop, folder=folder)
            for how in ("on", "on", "anew")
        ]
        said += [indexed(state) for state in range(1, rounds + 1)]
        stop.touch()
        runs = [future.result() for future in asking]
    said += [run.err for run in runs if run.code or run.err]
    replies = mixed = backwards = 0
    seen: set[int] = set()
    for run in runs:
        latest = 0
        for line in run.out.splitlines():
            replies += 1
            states = {state_of.get(sha256, -1) for _, sha256 in json.loads(line)}
            if len(states) != 1 or -1 in states:
                mixed += 1
                continue
            backwards += int(max(states) < latest)
            latest = max(latest, *states)
            seen |= states
    return Watched(replies, len(seen), mixed, backwards, [words for words in said if words])
