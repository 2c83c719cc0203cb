"""Lay written documents out as a corpus with labelled questions, for ``qa eval`` and fit_readers.py.

Example:
  scripts/written_corpus.py scripts/reader_training/written_dev /tmp/written
  qa eval /tmp/written/questions.jsonl --corpus /tmp/written/corpus --vectors /tmp/written/vectors
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from reader_training.data import Example
from reader_training.written import read_all_written


def main() -> None:
    """Write CORPUS/corpus and CORPUS/questions.jsonl."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "written", type=Path, nargs="+", help="written .txt files, or folders of them"
    )
    parser.add_argument("out", type=Path, help="new folder")
    options = parser.parse_args()
    examples = [example for path in options.written for example in read_all_written(path)]
    lay_out(examples, options.out)


def lay_out(examples: Sequence[Example], out: Path) -> None:
    """One file for each document, its paragraphs apart by empty lines, title and date beside it."""
    corpus = out / "corpus"
    corpus.mkdir(parents=True)
    names: dict[tuple[str, object], str] = {}
    paragraphs: dict[str, dict[str, None]] = {}
    rows = []
    for number, example in enumerate(examples, start=1):
        name = names.setdefault((example.title, example.day), f"{len(names) + 1:03d}.txt")
        paragraphs.setdefault(name, {})[example.context] = None
        answers = [answer.text for answer in example.answers]
        rows.append(
            {
                "id": str(number),
                "question": example.question,
                "answers": answers,
                "file": name if answers else None,
                "kind": example.kind or None,
            }
        )
    for (title, day), name in names.items():
        (corpus / name).write_text("\n\n".join(paragraphs[name]) + "\n", encoding="utf-8")
        sidecar = [f"title = {json.dumps(title, ensure_ascii=False)}"]
        if day is not None:
            sidecar.append(f"date = {day}")
        (corpus / f"{name}.meta.toml").write_text("\n".join(sidecar) + "\n", encoding="utf-8")
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (out / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
