"""Measures search in a large made-up index: what is found, how fast, in how much memory.

    python scripts/bench_scale.py --passages 1000000 --json
    python scripts/bench_scale.py --curve --json
    python scripts/bench_scale.py --alternatives --passages 1000000 --json

One JSON object a line, or words without ``--json``. An index is written once, through the store and the code
for vectors as they are, and kept in ``--folder``; it is opened and searched in a process of its own,
by hybrid retrieval as for any question; embedding it costs nothing here, since its vector is looked up.
"recall_at_10" is the share of the ten passages nearest to each question, found by comparing all, that are
among the ten found; "first_right" that of the questions whose passage comes first; "rows_s", "postings_s" and
"vectors_s" are the parts of "build_s". ``--alternatives`` measures other FAISS indexes on the same vectors.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scale_corpus import DIMENSION, MadeUpEncoder, Question, write_store

from qa.models.encoder import Vectors
from qa.retrieval import retrieve
from qa.schema import FORMAT_VERSION
from qa.settings import Settings
from qa.store import Store
from qa.vector_files import vectors_in_order
from qa.vectors import follow_clusters, open_vectors, save_vectors, vectors_fit

CURVE = (10_000, 31_623, 100_000, 316_228, 1_000_000)
QUESTIONS = 300
NEAREST = 10
#: As :mod:`qa.retrieval` takes of each ranking.
DEPTH = 60
MADE_FILE = "made.json"
QUESTIONS_FILE = "questions.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--curve", action="store_true", help="10^4 to 10^6 passages")
    parser.add_argument("--alternatives", action="store_true", help="recall over memory")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "scale")
    parser.add_argument("--searched", type=int, default=Settings().clusters_searched)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    tell: Callable[[dict[str, Any]], None] = _as_json if parsed.json else _as_row
    for passages in CURVE if parsed.curve else (parsed.passages,):
        # What an earlier version of the program has written is left alone.
        folder = parsed.folder / f"format-{FORMAT_VERSION}" / str(passages)
        if parsed.measure:
            _as_json(measured(folder, parsed.searched))
        elif parsed.alternatives:
            made(folder, passages)
            for row in alternatives(folder):
                tell({"passages": passages} | row)
        else:
            about = made(folder, passages)
            row = _in_its_own_process(passages, parsed.folder, parsed.searched)
            tell({"passages": passages} | row | about)


def made(folder: Path, passages: int) -> dict[str, float]:
    """Write what is not there yet; how long it took, each part when it was written, and how large it is."""
    path = folder / MADE_FILE
    seconds: dict[str, float] = json.loads(path.read_bytes()) if path.exists() else {}
    most = Settings().exact_up_to

    def timed(part: str, work: Callable[[], object]) -> None:
        if part in seconds:
            return
        started = time.perf_counter()
        work()
        seconds[part] = round(time.perf_counter() - started, 1)
        path.write_text(json.dumps(seconds))

    with Store.open_for_writing(folder, rebuild=not path.exists()) as store:

        def rows() -> None:
            questions = [
                {"text": q.text, "vector": q.vector.tolist(), "passage": q.passage}
                for q in write_store(store, passages, QUESTIONS)
            ]
            (folder / QUESTIONS_FILE).write_text(json.dumps(questions))
            store.flush_log()

        def postings() -> None:
            with store.transaction():
                store.follow_postings(1, most)
            store.flush_log()

        def files() -> None:
            with store.transaction():
                follow_clusters(store, 1, most)
            save_vectors(folder, store, 1)

        timed("rows_s", rows)
        timed("postings_s", postings)
        timed("vectors_s", files)
        if not vectors_fit(folder, store, 1):
            save_vectors(folder, store, 1)
        _exact_nearest(folder, store)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.suffix != ".npz")
    return {"build_s": round(sum(seconds.values()), 1), **seconds, "file_mb": round(size / 1e6)}


def _exact_nearest(folder: Path, store: Store) -> None:
    """Compare all vectors with all questions, once."""
    path = folder / "nearest.npz"
    if path.exists():
        return
    queries = np.array([question.vector for question in _questions(folder)])
    best = np.empty((len(queries), 0), dtype=np.float32)
    found = np.empty((len(queries), 0), dtype=np.int64)
    for ids, vectors in vectors_in_order(store, "passages"):
        best = np.hstack([best, queries @ vectors.T])
        found = np.hstack([found, np.tile(ids, (len(queries), 1))])
        order = np.argsort(-best, axis=1, kind="stable")[:, :NEAREST]
        best, found = np.take_along_axis(best, order, 1), np.take_along_axis(found, order, 1)
    np.savez(path, nearest=found)


def _questions(folder: Path) -> list[Question]:
    return [
        Question(row["text"], np.array(row["vector"], dtype=np.float32), row["passage"])
        for row in json.loads((folder / QUESTIONS_FILE).read_bytes())
    ]


def _in_its_own_process(passages: int, folder: Path, searched: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", "--json", "--passages", str(passages)]
    command += ["--folder", str(folder), "--searched", str(searched)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def measured(folder: Path, searched: int) -> dict[str, float]:
    """Open the index, ask all questions, and look at the peak of memory."""
    questions = _questions(folder)
    nearest = np.load(folder / "nearest.npz")["nearest"]
    encoder = MadeUpEncoder(questions)
    before = _peak_mb()
    started = time.perf_counter()
    with Store.open(folder) as store, store.snapshot():
        description = store.description()
        assert description is not None
        vectors = open_vectors(folder, store, description.generation, searched)
        opened = time.perf_counter() - started
        assert not vectors.rebuilt
        hits, first, of_vectors = [], 0, []
        for question, exact in zip(questions, nearest, strict=True):
            started = time.perf_counter()
            found = vectors.nearest_passages(question.vector, DEPTH)[:NEAREST]
            of_vectors.append(time.perf_counter() - started)
            hits.append(len({id_ for id_, _ in found} & set(exact.tolist())) / NEAREST)
        times = []
        for question in questions:
            started = time.perf_counter()
            retrieval = retrieve(
                question.text, store=store, vectors=vectors, encoder=encoder, limit=16
            )
            times.append(time.perf_counter() - started)
            first += retrieval.passages[0].id == question.passage
        lexical = []
        for question in questions:
            words = question.text.rstrip("?").split()[3:]
            started = time.perf_counter()
            store.search_words(words, DEPTH)
            lexical.append(time.perf_counter() - started)
    return {
        "recall_at_10": round(float(np.mean(hits)), 4),
        "p50_ms": _ms(times, 50),
        "p95_ms": _ms(times, 95),
        "vectors_p50_ms": _ms(of_vectors, 50),
        "words_p50_ms": _ms(lexical, 50),
        "first_right": round(first / len(questions), 3),
        "memory_mb": round(_peak_mb()),
        "memory_before_mb": round(before),
        "open_s": round(opened, 3),
    }


def alternatives(folder: Path) -> Iterator[dict[str, Any]]:
    """Other indexes on the same vectors, 120 of each compared again exactly as ours are."""
    import faiss

    questions = _questions(folder)
    queries = np.array([question.vector for question in questions])
    exact = np.load(folder / "nearest.npz")["nearest"]
    with Store.open(folder) as store:
        vectors = np.empty((store.passage_count(), DIMENSION), dtype=np.float32)
        for ids, some in vectors_in_order(store, "passages"):
            vectors[ids[0] - 1 : ids[-1]] = some  # a made-up corpus has ids without gaps
    lists = int(2 ** round(np.log2(len(vectors)) / 2))
    efforts: Sequence[tuple[str, Sequence[int]]] = (
        ("Flat", (0,)),
        ("SQ8", (0,)),
        (f"IVF{lists},SQ8", (16, 32, 64, 128)),
        (f"IVF{lists},SQ4", (64,)),
        (f"IVF{lists},PQ96x4fs", (64,)),
        (f"IVF{lists},PQ48", (64,)),
        ("HNSW32,SQ8", (32, 64, 128)),
    )
    for factory, several in efforts:
        index = faiss.index_factory(DIMENSION, factory, faiss.METRIC_INNER_PRODUCT)
        started = time.perf_counter()
        index.train(vectors[:: max(len(vectors) // (64 * lists), 1)])
        index.add(vectors)
        build = time.perf_counter() - started
        size = len(faiss.serialize_index(index)) / 1e6
        for effort in several:
            if effort:
                parameter = "nprobe" if factory.startswith("IVF") else "efSearch"
                faiss.ParameterSpace().set_index_parameter(index, parameter, effort)
            yield {
                "index": factory,
                "effort": effort,
                "memory_mb": round(size),
                "build_s": round(build, 1),
                **_of_alternative(index, queries, vectors, exact),
            }


def _of_alternative(
    index: Any, queries: Vectors, vectors: Vectors, exact: np.ndarray
) -> dict[str, float]:
    hits, refined, times = [], [], []
    for query, nearest in zip(queries, exact, strict=True):
        started = time.perf_counter()
        _, found = index.search(query[np.newaxis], 2 * DEPTH)
        times.append(time.perf_counter() - started)
        places = found[0][found[0] >= 0]
        again = places[np.argsort(-(vectors[places] @ query), kind="stable")][:NEAREST]
        wanted = set((nearest - 1).tolist())
        hits.append(len(wanted & set(places[:NEAREST].tolist())) / NEAREST)
        refined.append(len(wanted & set(again.tolist())) / NEAREST)
    return {
        "recall_at_10": round(float(np.mean(hits)), 4),
        "recall_at_10_compared_again": round(float(np.mean(refined)), 4),
        "p50_ms": _ms(times, 50),
        "p95_ms": _ms(times, 95),
    }


def _ms(times: Sequence[float], percentile: float) -> float:
    return round(float(np.percentile(times, percentile)) * 1e3, 2)


def _peak_mb() -> float:
    """Peak of this process; Linux counts its parent's before it in ``ru_maxrss``."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [row for row in status.read_text().splitlines() if row.startswith("VmHWM")]
        return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _as_json(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


def _as_row(row: dict[str, Any]) -> None:
    print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
