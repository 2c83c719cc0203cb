"""Times an index that is kept up to date: nothing changed, one file changed, renamed, removed.

    python scripts/bench_index.py [--files 10000] [--broken 300] [--folder DIR]

The folder is written with made-up sentences, and first indexed with an encoder that makes vectors of
nothing but digests, under the name and digest of the real one: embedding so much text takes hours and is
not what is timed. Each row is a process of ``qa index`` of its own, with the real model where it is
needed. On a machine that does other things too, the seconds of CPU tell more than those of the clock.
With ``--real N`` an index of N such files is built with the real encoder too, and its rate is told.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qa.indexing import update_index
from qa.models.encoder import Progress, Vectors, embed_separately
from qa.models.passage_texts import PassageText
from qa.models.weights import TUNED_WEIGHTS_SHA256
from qa.settings import EMBEDDED_MODEL, Settings

WORDS = (
    "amber barley cedar delta ember fjord grove harbour island juniper kelp larch meadow".split()
)


class DigestEncoder:
    """Vectors of digests: for the time that everything but a model takes."""

    name, digest, dimension, max_tokens = EMBEDDED_MODEL, TUNED_WEIGHTS_SHA256, 384, 254

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed_query(self, question: str) -> Vectors:
        vector: Vectors = self.embed_documents([question])[0]
        return vector

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        rows = [
            np.frombuffer(hashlib.shake_256(text.encode()).digest(self.dimension), dtype=np.int8)
            for text in texts
        ]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)
        if progress is not None:
            progress(len(texts), len(texts))
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def embed_passages(
        self, passages: Sequence[PassageText], progress: Progress | None = None
    ) -> list[Vectors]:
        return embed_separately(self, passages, progress)


def write_folder(folder: Path, files: int, broken: int, rng: random.Random) -> None:
    """A folder of ``files`` text files in a hundred folders, and ``broken`` that cannot be read."""
    for n in range(files):
        path = folder / f"part-{n % 100:02}" / f"report-{n:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report(n, rng), encoding="utf-8")
    for n in range(broken):
        path = folder / f"part-{n % 100:02}" / f"broken-{n:05}.txt"
        (_latin_1, _empty, _binary, _pipe, _dangling)[n % 5](path)


def report(n: int, rng: random.Random) -> str:
    sentences = (
        f"The {' '.join(rng.choices(WORDS, k=9))} of place {n} counted {rng.randrange(9999)} that year."
        for _ in range(8)
    )
    return f"Report {n} on the {rng.choice(WORDS)}\n\n{' '.join(sentences)}\n"


def _latin_1(path: Path) -> None:
    path.write_bytes(b"caf\xe9 " * 20)


def _empty(path: Path) -> None:
    path.touch()


def _binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def timed(what: str, settings: Settings) -> None:
    """Run ``qa index`` and print how long the whole process took."""
    command = [sys.executable, "-m", "qa", "index", "--verbose"]
    command += ["--corpus", str(settings.corpus), "--vectors", str(settings.vectors)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    elapsed = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    computed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = done.stderr.strip().splitlines()[-1:] or [""]
    outcome = said[0].partition(" (")[2].rstrip(")")
    print(f"{what:<38} {elapsed:7.2f} s, {computed:5.2f} s of CPU   {outcome}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--broken", type=int, default=300)
    parser.add_argument("--real", type=int, default=0, metavar="N")
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=parsed.folder) as temporary:
        run(Path(temporary), parsed.files, parsed.broken)
        if parsed.real:
            real(Path(temporary), parsed.real)


def run(base: Path, files: int, broken: int) -> None:
    rng = random.Random(0)
    settings = Settings(corpus=base / "corpus", vectors=base / "vectors")
    write_folder(base / "corpus", files, broken, rng)
    started = time.perf_counter()
    built = update_index(settings, DigestEncoder())
    elapsed = time.perf_counter() - started
    size = sum(path.stat().st_size for path in settings.vectors.iterdir()) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{built.documents:,} documents, {built.passages:,} passages, {len(built.skipped):,} skipped; "
        f"built in {elapsed:.1f} s without a model; index {size:,.0f} MB, memory {peak:,.0f} MB"
    )
    timed("all files looked at anew", settings)  # they were written too shortly before
    timed("nothing changed", settings)
    timed("nothing changed, again", settings)
    first = base / "corpus" / "part-07" / "report-00007.txt"
    first.write_text(report(7, rng), encoding="utf-8")
    timed("1 file changed, and the model loaded", settings)
    first.write_text(report(7, rng), encoding="utf-8")
    in_process("1 file changed, the model at hand", settings)
    first.rename(first.with_name("renamed.txt"))
    timed("1 file renamed", settings)
    first.with_name("renamed.txt").unlink()
    timed("1 file removed", settings)


def in_process(what: str, settings: Settings) -> None:
    """The same in this process, with vectors that cost nothing: what ``qa index --watch`` takes."""
    started, computed = time.perf_counter(), time.process_time()
    changes = update_index(settings, DigestEncoder()).changes
    elapsed, computed = time.perf_counter() - started, time.process_time() - computed
    print(f"{what:<38} {elapsed:7.2f} s, {computed:5.2f} s of CPU   {changes}", flush=True)


def real(base: Path, files: int) -> None:
    from qa.models.encoder import load_encoder

    settings = Settings(corpus=base / "real", vectors=base / "real-vectors")
    write_folder(base / "real", files, 0, random.Random(1))
    encoder = load_encoder(EMBEDDED_MODEL)
    encoder.embed_query("warm")
    texts = 0

    def progress(stage: str, _: int, total: int) -> None:
        nonlocal texts
        texts = total if stage == "embedding" else texts

    started = time.perf_counter()
    update_index(settings, encoder, progress=progress)
    elapsed = time.perf_counter() - started
    print(
        f"{files} files embedded: {texts:,} texts in {elapsed:.1f} s, {texts / elapsed:.0f} a second"
    )


if __name__ == "__main__":
    main()
