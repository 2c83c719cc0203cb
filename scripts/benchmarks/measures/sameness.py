"""The spans and confidences of the fast path against those of plain sentence-transformers and transformers.

The reference is qa itself with its encoder and its readers loaded from folders of the same weights: these go
through the two libraries in float32, from the vectors of the index to the spans.
"""

from __future__ import annotations

from typing import Any

from benchmarks.engine import Engine
from benchmarks.run import Run
from benchmarks.table import Row
from qa.evaluate import token_f1

NAME = "sameness"
ENGINES = ("reference", "qa")
_SAME = 0.995
_F1 = 0.3


def measure(run: Run) -> None:
    """Takes no times, and may share the machine."""
    questions = run.texts.questions[: run.sizes.compared]
    block = run.sizes.block
    for at in range(0, len(questions), block):
        for engine in ENGINES:

            def take(engine: str = engine, at: int = at) -> dict[str, Any]:
                asked = _opened(run, engine)
                answers = []
                for question in questions[at : at + block]:
                    answer = asked.call("answer", question=question.question).value
                    f1 = max(
                        (token_f1(answer["quote"], gold) for gold in question.answers), default=0.0
                    )
                    kept = ("file", "span", "confidence", "answered")
                    answers.append({name: answer[name] for name in kept} | {"f1": f1})
                return {"answers": answers}

            run.once(take, NAME, engine=engine, at=at)


def _opened(run: Run, name: str) -> Engine:
    """The engine with its index open, which is built the first time."""
    engine = run.engine("qa", f"{NAME} {name}")
    if f"{NAME} {name}" in run.opened:
        return engine
    corpus = run.paragraphs
    if name == "reference":
        vectors = run.state / "reference"
        run.indexed(corpus, vectors, "--model", str(run.encoder))
        engine.call(
            "open",
            corpus=str(corpus),
            vectors=str(vectors),
            model=str(run.encoder),
            readers=[str(run.reader), str(run.verifier)],
        )
    else:
        engine.call("open", corpus=str(corpus), vectors=str(run.index))
    run.opened.add(f"{NAME} {name}")
    return engine


def rows(run: Run) -> list[Row]:
    given = {
        engine: {
            (record["at"], place): answer
            for record in run.records.of(NAME, engine=engine)
            for place, answer in enumerate(record["answers"])
        }
        for engine in ENGINES
    }
    both = given["reference"].keys() & given["qa"].keys()
    if not both:
        return []
    pairs = [(given["qa"][key], given["reference"][key]) for key in both]
    same = sum((a["file"], a["span"]) == (b["file"], b["span"]) for a, b in pairs) / len(pairs)
    said = sum(a["answered"] == b["answered"] for a, b in pairs) / len(pairs)
    confidence = max(
        abs(a["confidence"] - b["confidence"])
        for a, b in pairs
        if (a["file"], a["span"]) == (b["file"], b["span"])
    )
    ours, reference = (
        100 * sum(a["f1"] for a in side) / len(side) for side in zip(*pairs, strict=True)
    )
    return [
        Row(
            f"best span the same as in plain float32, {len(pairs):,} questions",
            f">= {_SAME:.1%}, F1 within {_F1}",
            f"{same:.1%}, F1 {ours:.2f}",
            f"F1 {reference:.2f}",
            f"answered or not the same {said:.1%}; confidence differs by {confidence:.4f} at most",
            same >= _SAME and abs(ours - reference) <= _F1,
        )
    ]
