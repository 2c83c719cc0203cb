"""One run of the benchmarks: sizes, texts, engines that are started when first asked, and records."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.engine import Engine, EngineError, environment
from benchmarks.places import ROOT, SCRIPTS, SEEDS
from benchmarks.records import Records, code_digest
from benchmarks.table import median
from benchmarks.texts import Texts, read_texts, write_corpus, write_passages
from benchmarks.weights import write_encoder, write_reader, write_verifier

__all__ = ["FULL", "QUICK", "Finished", "Run", "Sizes"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything is measured."""

    name: str
    paragraphs: int
    """What questions are asked of."""
    passages: int
    """Of ``qa index``."""
    embedded: int
    """Passages embedded at once in a round."""
    rounds: int
    searches: int
    """Questions of retrieval."""
    answers: int
    """Questions of a whole answer."""
    block: int
    """Questions one engine is asked before it is another's turn."""
    compared: int
    """Questions whose spans are held to the reference's."""
    batched: int
    """Questions of one batch."""
    hostile: int
    """Questions of the batch whose memory is watched."""
    index_rounds: int
    starts: int
    """Processes started of each kind."""
    scale: tuple[int, ...]
    """Passages of the indexes that search time is drawn over."""
    alternatives: int
    """Passages of the indexes whose recall is drawn over their memory."""


FULL = Sizes(
    "full", 1_581, 5_000, 256, 5, 900, 100, 20, 1_000, 300, 5_000, 2, 9,
    (10_000, 31_623, 100_000, 316_228, 1_000_000), 100_000,
)  # fmt: skip
QUICK = Sizes("quick", 60, 60, 32, 2, 10, 6, 3, 10, 10, 40, 1, 2, (10_000,), 10_000)


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ran to its end."""

    seconds: float
    out: str


@dataclass
class Run:
    """What the measures share; engines are to be closed."""

    sizes: Sizes
    data: Path
    """The folder of the question sets."""
    work: Path
    """Everything that is made for the run."""
    peers: Path
    """The environment of the peers."""
    talk: Callable[[str], None]
    opened: set[str] = field(default_factory=set)
    """What the measures have opened in an engine of theirs."""
    _engines: dict[tuple[str, str], Engine] = field(default_factory=dict)

    @cached_property
    def state(self) -> Path:
        """The folder of what depends on the program as it is now."""
        folder = self.work / f"{self.sizes.name}-{code_digest()}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @cached_property
    def records(self) -> Records:
        return Records(self.work / "results.jsonl", self.state.name)

    @cached_property
    def texts(self) -> Texts:
        sizes = self.sizes
        return read_texts(self.data, paragraphs=sizes.paragraphs, passages=sizes.passages)

    # Folders, made when they are first wanted

    @cached_property
    def encoder(self) -> Path:
        return _made(self.work / "encoder", write_encoder)

    @cached_property
    def reader(self) -> Path:
        return _made(self.work / "reader", write_reader)

    @cached_property
    def verifier(self) -> Path:
        return _made(self.work / "verifier", write_verifier)

    @cached_property
    def paragraphs(self) -> Path:
        """The corpus that questions are asked of."""
        return _made(
            self.work / f"paragraphs-{self.sizes.paragraphs}",
            lambda folder: write_corpus(self.texts.paragraphs, folder),
        )

    @cached_property
    def passages(self) -> Path:
        """The corpus that is indexed against the clock."""
        return _made(
            self.work / f"passages-{self.sizes.passages}",
            lambda folder: write_passages(self.texts.passages, folder),
        )

    @cached_property
    def index(self) -> Path:
        """qa's index of the paragraphs."""
        return self.indexed(self.paragraphs, self.state / "paragraphs")

    @cached_property
    def seeds_index(self) -> Path:
        """qa's index of the five documents that come with the project."""
        return self.indexed(SEEDS, self.state / "seeds")

    def indexed(self, corpus: Path, vectors: Path, *flags: str) -> Path:
        """The index of a corpus, brought up to date."""
        self.talk(f"indexing {corpus.name} ...")
        self.finish(
            [*QA, "index", "--corpus", str(corpus), "--vectors", str(vectors), *flags],
        )
        return vectors

    # Processes

    def engine(self, name: str, use: str = "") -> Engine:
        """The engine called ``name``, with its encoder loaded; another process for each ``use``."""
        if (name, use) not in self._engines:
            self.talk(f"starting {name} {use}...")
            self._engines[name, use] = self._started(name)
        return self._engines[name, use]

    def _started(self, name: str) -> Engine:
        log = self.work / f"{name}.log"
        if name == "qa":
            engine = Engine(name, Path(sys.executable), "benchmarks.qa_engine", log)
            engine.call("load")
            return engine
        python = self.peers / "bin" / "python"
        if not python.exists():
            raise EngineError(
                f"There is no {python}; make it with: python scripts/bench.py environment"
            )
        engine = Engine(name, python, f"benchmarks.{name}_engine", log)
        engine.call("load", encoder=str(self.encoder))
        return engine

    def close(self) -> None:
        """End the engines."""
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()
        self.opened.clear()

    def finish(
        self,
        command: Sequence[str],
        variables: Mapping[str, str] | None = None,
        expected: Collection[int] = (0,),
    ) -> Finished:
        """Run a command to its end in a process of its own, with further variables.

        It ends with one of the ``expected`` statuses.

        Raises:
            EngineError: it failed; its last words are told.
        """
        started = time.perf_counter()
        done = subprocess.run(
            command,
            env=environment([SCRIPTS, ROOT]) | dict(variables or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode not in expected:
            said = done.stderr.strip().splitlines()[-1:] or ["nothing was said"]
            raise EngineError(f"{' '.join(command[:6])} failed: {said[0]}")
        return Finished(seconds, done.stdout)

    def once(self, take: Callable[[], dict[str, Any]], measure: str, **key: Any) -> dict[str, Any]:
        """As :meth:`Records.once`, told as it is taken."""
        known = bool(self.records.of(measure, **key))
        record = self.records.once(take, measure, **key)
        if not known:
            kept = {name: v for name, v in record.items() if name not in ("code", "measure")}
            self.talk(f"{measure}: {', '.join(f'{n} {_short(v)}' for n, v in kept.items())}")
        return record


def _short(value: Any) -> str:
    """A measured value in a word; of several, the median."""
    if isinstance(value, list) and value and all(isinstance(v, float) for v in value):
        return f"{median(value):.4f}"
    if isinstance(value, list | dict):
        return f"({len(value)})"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


#: The program as a command.
QA = (sys.executable, "-m", "qa")


def _made(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, made whole if it was not yet."""
    marker = folder / ".made"
    if not marker.exists():
        make(folder)
        marker.touch()
    return folder
