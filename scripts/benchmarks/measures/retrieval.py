"""Hybrid retrieval: ten passages of a question, by words and vectors."""

from __future__ import annotations

from typing import Any

from benchmarks.run import Run
from benchmarks.table import Row, ms, percentile, ratio_by_block

NAME = "retrieval"
ENGINES = ("qa", "txtai", "haystack")
LIMIT = 10
_BAR = 0.5
#: Asked first and not counted, for what is loaded at the first question.
_WARMING = ("Who was there?", "When was it built?", "How many people live in the city?")


def measure(run: Run) -> None:
    """A block of questions for one engine, the same for the next, and so on."""
    questions = [question.question for question in run.texts.questions[: run.sizes.searches]]
    block = run.sizes.block
    for at in range(0, len(questions), block):
        for engine in ENGINES:

            def take(engine: str = engine, at: int = at) -> dict[str, Any]:
                open_for_search(run, engine)
                asked = run.engine(engine)
                return {
                    "seconds": [
                        asked.call("search", question=question, limit=LIMIT).seconds
                        for question in questions[at : at + block]
                    ]
                }

            run.once(take, NAME, engine=engine, at=at)


def open_for_search(run: Run, name: str) -> None:
    """Have an engine search the paragraphs; a peer indexes them if it has not yet."""
    engine = run.engine(name)
    if f"{NAME} {name}" in run.opened:
        return
    run.opened.add(f"{NAME} {name}")
    if name == "qa":
        engine.call("open_index", vectors=str(run.index))
    else:
        index = run.work / f"paragraphs-{run.sizes.paragraphs}-{name}"
        if not index.exists():
            run.talk(f"{name} indexes the paragraphs ...")
            engine.call("index", corpus=str(run.paragraphs), out=str(index))
        engine.call("open", index=str(index))
    for question in _WARMING:
        engine.call("search", question=question, limit=LIMIT)


def rows(run: Run) -> list[Row]:
    seconds = {
        engine: [s for record in run.records.of(NAME, engine=engine) for s in record["seconds"]]
        for engine in ENGINES
    }
    if not all(seconds.values()):
        return []
    measured = []
    for share in (50, 95):
        at = {engine: percentile(values, share) for engine, values in seconds.items()}
        ours, theirs = (run.records.of(NAME, engine=engine) for engine in ("qa", "txtai"))
        ratio = ratio_by_block(ours, theirs, share)
        measured.append(
            Row(
                f"hybrid retrieval of one question, p{share} of {len(seconds['qa'])}",
                f"<= {_BAR} x txtai's",
                ms(at["qa"]),
                f"txtai {ms(at['txtai'])}, haystack {ms(at['haystack'])}",
                f"{ratio:.2f} x",
                ratio <= _BAR,
            )
        )
    return measured
