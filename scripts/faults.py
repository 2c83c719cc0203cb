"""Cuts the program off at every step it takes on the disk, and at random moments, and judges what is left.

Each kill is a SIGKILL of a real process. After it SQLite must find nothing wrong, a person must see the old
state or the new one and everything that was acknowledged, and the next command must bring about, byte for
byte, what an undisturbed run leaves. Linux only (ptrace).

Example:
  python scripts/faults.py
  python scripts/faults.py --random 100 --only review
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.faults.program import Program, Run
from tests.faults.reading import watch
from tests.faults.scenarios import SCENARIOS, FaultError, Scenario

KINDS = ("lost", "mixed", "damaged", "not mended")


def main() -> int:
    """Run the scenarios and print a row for each; 1 if any promise was broken."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--random", type=int, default=40, help="random kills of each (%(default)s)")
    parser.add_argument("--every", type=int, default=1, help="kill before each N-th step only")
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    parser.add_argument("--rounds", type=int, default=100, help="updates under open sessions")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    total: Counter[str] = Counter()
    print(f"{'':<22}{'kills':>7}" + "".join(f"{kind:>12}" for kind in KINDS), flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="qa-faults-") as temporary,
        Program(Path(temporary) / "program") as program,
    ):
        for place, kind in enumerate(SCENARIOS):
            if options.only in kind.name:
                scenario = kind(program, Path(temporary) / str(place))
                counts = judged(scenario, options.every, options.random, chance)
                print_row(kind.name, counts)
                total += counts
        print_row("all", total)
        if options.rounds:
            watched = watch(program, Path(temporary) / "watched", options.rounds)
            print("\n".join(watched.said), file=sys.stderr)
            print(
                f"{watched.replies:,} replies while the index was written {options.rounds:,} times, "
                f"of {watched.states} states: {watched.mixed} mixed, {watched.backwards} of an older state"
            )
            total["mixed"] += watched.mixed + watched.backwards + len(watched.said)
    return int(any(total[kind] for kind in KINDS))


def judged(scenario: Scenario, every: int, randomly: int, chance: random.Random) -> Counter[str]:
    """How many kills there were, and how many of them broke a promise of which kind."""
    counts: Counter[str] = Counter()
    for step in range(1, scenario.steps + 1, every):
        counts += outcome(lambda step=step: scenario.kill(before=step), f"before step {step}")  # type: ignore[misc]
    for _ in range(randomly):
        moment = chance.uniform(0.0, scenario.seconds)
        counts += outcome(
            lambda moment=moment: scenario.kill(after=moment),  # type: ignore[misc]
            f"after {moment:.3f} s",
        )
    return counts


def outcome(kill: Callable[[], Run], when: str) -> Counter[str]:
    """One kill, counted; nothing is counted where the process had ended before."""
    try:
        return Counter(kills=int(kill().killed))
    except FaultError as error:
        print(f"{when}: {error}"[:2_000], file=sys.stderr, flush=True)
        return Counter({"kills": 1, error.kind: 1})


def print_row(name: str, counts: Counter[str]) -> None:
    """A row of the table."""
    numbers = "".join(f"{counts[kind]:>12,}" for kind in KINDS)
    print(f"{name:<22}{counts['kills']:>7,}{numbers}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
