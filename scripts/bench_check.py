"""Time and peak memory of ``qa check``: many citations over many files, then very many lines.

Example:
  scripts/bench_check.py /tmp/bench
  scripts/bench_check.py /tmp/bench --lines 0
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from qa.answer import Answer, Citation, Scores
from qa.render import as_data, as_json
from qa.text import Span, surroundings

WORDS = (
    "the of in was to and said mill harbour winter ferry keeper granite harvest lamp coast engine "
    "crew minutes naïve “burned” don’t 1812 16,000 Karsund"
).split()


def main() -> None:
    """Write a corpus and answers below FOLDER, and check them as the program does."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="new folder")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--citations", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=2_000_000, help="0 leaves this part out")
    options = parser.parse_args()
    corpus: Path = options.folder / "corpus"
    corpus.mkdir(parents=True)
    chance = random.Random(1)
    texts = [text_of(chance) for _ in range(options.files)]
    citing = [citation(chance, texts, n % len(texts)) for n in range(options.citations)]
    answers = options.folder / "answers.jsonl"
    write_lines(answers, citing, len(citing))
    size = sum(len(text.encode()) for text in texts)
    print(f"{len(citing):,} citations over {len(texts):,} files of {size // len(texts):,} bytes:")
    for name, changed in (
        ("untouched", texts),
        ("text above", ["A new first line.\n" + text for text in texts]),
        ("re-wrapped", [text.replace(" was ", "\nwas ").replace("“", '"') for text in texts]),
    ):
        write_corpus(corpus, changed)
        measure(name, answers, corpus)
    random.Random(2).shuffle(citing)
    write_lines(answers, citing, len(citing))
    measure("in any order", answers, corpus)
    if options.lines:
        write_corpus(corpus, texts)
        write_lines(answers, citing, options.lines)
        print(f"{options.lines:,} lines, {answers.stat().st_size / 1e9:.1f} GB:")
        measure("untouched", answers, corpus)
        answers.unlink()


def text_of(chance: random.Random) -> str:
    """Some 30 kB of sentences in paragraphs."""
    paragraphs = []
    for _ in range(60):
        sentences = (" ".join(chance.choices(WORDS, k=14)).capitalize() for _ in range(6))
        paragraphs.append(". ".join(sentences) + ".")
    return "\n\n".join(paragraphs)


def citation(chance: random.Random, texts: Sequence[str], number: int) -> Citation:
    """One word of one sentence of the text of that number."""
    text = texts[number]
    start = text.index(". ", chance.randrange(len(text) // 2)) + 2
    sentence = Span(start, text.index(".", start) + 1)
    first = text.index(" ", start) + 1
    span = Span(first, text.index(" ", first))
    prefix, suffix = surroundings(text, sentence)
    return Citation(
        n=1,
        file=f"{number:05}.txt",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        title="A title of some words, as they are",
        date=date(2024, 3, 6),
        span=span,
        quote=span.of(text),
        line=text.count("\n", 0, first) + 1,
        column=first - text.rfind("\n", 0, first),
        sentence=sentence,
        sentence_text=sentence.of(text),
        passage=Span(0, len(text)),
        scores=Scores(0.5, 0.5, 10.0),
        agrees=True,
        prefix=prefix,
        suffix=suffix,
    )


def write_corpus(corpus: Path, texts: Sequence[str]) -> None:
    """A file for each text, called by its number."""
    for number, text in enumerate(texts):
        (corpus / f"{number:05}.txt").write_bytes(text.encode())


def write_lines(path: Path, citing: Sequence[Citation], count: int) -> None:
    """``count`` answers of one citation each, over and over."""
    lines = []
    for number, each in enumerate(citing, start=1):
        answer = Answer("When was it, and where?", each.quote, 0.8, (each,))
        lines.append(as_json(as_data(answer, id_=str(number), elapsed_ms=100)) + "\n")
    block = "".join(lines).encode()
    with path.open("wb") as stream:
        for _ in range(count // len(lines)):
            stream.write(block)
        stream.write("".join(lines[: count % len(lines)]).encode())


# A small process between, since a child counts the memory of the one that it was forked from.
LAUNCHER = """
import resource, subprocess, sys, time
started = time.perf_counter()
with open(sys.argv[1], "wb") as out:
    subprocess.run(sys.argv[2:], stdout=out)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def measure(name: str, answers: Path, corpus: Path) -> None:
    """Print seconds, peak memory and the last line of one run of the program."""
    out = answers.parent / "out.txt"
    command = [sys.executable, "-m", "qa", "check", str(answers), "--corpus", str(corpus)]
    launched = subprocess.run(
        [sys.executable, "-c", LAUNCHER, str(out), *command],
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, of_cpu, mebibytes = map(float, launched.stdout.split())
    with out.open("rb") as stream:
        stream.seek(max(out.stat().st_size - 200, 0))
        last = stream.read().decode().splitlines()[-1]
    print(
        f"  {name:<13} {seconds:6.2f} s ({of_cpu:.2f} of CPU)  {mebibytes:4.0f} MiB   {last}",
        flush=True,
    )


if __name__ == "__main__":
    main()
