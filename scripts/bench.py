"""Measures qa beside its peers and writes docs/performance.md.

Examples:
  python scripts/bench.py environment             make the peers' environment, once
  python scripts/bench.py DATA                    measure what is not measured yet, then write the page
  python scripts/bench.py DATA --only retrieval   one row; --again takes it anew
  python scripts/bench.py DATA --quick            all with little text, to see that it runs; writes no page
  python scripts/bench.py DATA --only report      write the page from what was measured

DATA is the folder of the question sets: new_wiki.dev.json.gz and its kind, in SQuAD's form. Measurements
are kept as JSON lines, by the state of the program that they were taken of; a run that was cut off goes
on after them.
"""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.engine import EngineError
from benchmarks.environment import make_environment
from benchmarks.places import DOCS, ROOT
from benchmarks.report import MEASURES, printed, rows, write_report
from benchmarks.run import FULL, QUICK, Run

from qa.errors import QAError


def main() -> int:
    """Measure what was asked for; 1 if an engine failed."""
    options = make_parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and end what was started with this
    options.work.mkdir(parents=True, exist_ok=True)
    peers = options.peers if options.peers is not None else options.work / "peers"
    if options.data == Path("environment"):
        make_environment(peers)
        return 0
    sizes = QUICK if options.quick else FULL
    if options.passages is not None:
        sizes = replace(sizes, passages=options.passages)
    run = Run(sizes, options.data, options.work.resolve(), peers.resolve(), talk)
    names = options.only or [module.NAME for module in MEASURES]
    try:
        for module in MEASURES:
            if module.NAME in names:
                if options.again:
                    run.records.forget(module.NAME)
                module.measure(run)
    except (EngineError, QAError) as error:
        talk(f"bench: {error}")
        return 1
    finally:
        run.close()
    print(printed(list(rows(run))))
    if not options.quick:
        for path in write_report(run, options.docs):
            talk(f"wrote {path}")
    return 0


def make_parser() -> argparse.ArgumentParser:
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help='the question sets\' folder, or "environment"')
    parser.add_argument(
        "--only", action="append", choices=[*(module.NAME for module in MEASURES), "report"]
    )
    parser.add_argument("--again", action="store_true", help="forget what was measured of it")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--passages", type=int, metavar="N", help="how many `qa index` takes")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bench", metavar="DIR")
    parser.add_argument(
        "--peers", type=Path, metavar="DIR", help="default: peers in the work folder"
    )
    parser.add_argument("--docs", type=Path, default=DOCS, help="where the page and its plots go")
    return parser


def talk(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
