"""Holds ``document.text[start:end] == quote`` against thousands of generated files of any characters.

Each goes the whole way: bytes in one of five encodings, text, sentences, passages, store and back.

Example:
  python scripts/check_offsets.py
  python scripts/check_offsets.py --documents 100000 --seed 2
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import hypothesis

from qa.store import Store
from tests.offsets import files, holds, open_store


def main() -> None:
    """Print how many documents and quotes were looked at; an error shows the smallest file that fails."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="qa-offsets-") as folder,
        open_store(Path(folder)) as store,
        store.transaction(),
    ):
        counts = checked(store, options.documents, options.seed)
    print(
        f"{counts['documents']:,} documents, {counts['read']:,} with text, "
        f"{counts['quotes']:,} quotes: all exact"
    )


def checked(store: Store, documents: int, seed: int) -> Counter[str]:
    """Generate and check so many documents."""
    counts: Counter[str] = Counter()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=documents,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(files)
    def check(file: tuple[str, bytes]) -> None:
        quotes = holds(store, *file)
        counts.update(documents=1, read=int(quotes > 0), quotes=quotes)

    check()
    return counts


if __name__ == "__main__":
    main()
