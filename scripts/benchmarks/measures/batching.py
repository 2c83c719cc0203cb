"""``qa batch``, from its start to its end, against the same questions asked one by one.

Of an open session, and of ``qa ask``, a process for each.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from benchmarks.run import QA, Run
from benchmarks.table import Row, median, spread
from benchmarks.texts import write_questions
from qa.errors import ExitCode

NAME = "batching"
KINDS = ("single", "ask", "batch")
#: Questions of a round that are put to ``qa ask``.
_ASKED = 8
_BAR = 2.0
_ROUNDS = 3


def measure(run: Run) -> None:
    """In each round the same questions both ways, others than in the round before."""
    count = run.sizes.batched
    for round_ in range(_ROUNDS):
        asked = run.texts.questions[round_ * count : (round_ + 1) * count]
        questions = [question.question for question in asked]
        run.once(partial(_single, run, questions), NAME, kind="single", round=round_)
        run.once(partial(_ask, run, questions[:_ASKED]), NAME, kind="ask", round=round_)
        run.once(partial(_batch, run, questions), NAME, kind="batch", round=round_)


def _single(run: Run, questions: list[str]) -> dict[str, Any]:
    engine = run.engine("qa", NAME)
    if NAME not in run.opened:
        engine.call("open", corpus=str(run.paragraphs), vectors=str(run.index))
        engine.call("answer", question="How many people live in the city?")
        run.opened.add(NAME)
    replies = [engine.call("answer", question=question) for question in questions]
    seconds = sum(reply.seconds for reply in replies)
    return {
        "rate": len(questions) / seconds,
        "confidences": [round(reply.value["confidence"], 4) for reply in replies],
    }


def _ask(run: Run, questions: list[str]) -> dict[str, Any]:
    where = ["--corpus", str(run.paragraphs), "--vectors", str(run.index)]
    # Its status tells whether there was an answer.
    commands = [[*QA, "ask", question, *where] for question in questions]
    seconds = sum(
        run.finish(command, expected=(ExitCode.OK, ExitCode.NO_ANSWER)).seconds
        for command in commands
    )
    return {"rate": len(questions) / seconds}


def _batch(run: Run, questions: list[str]) -> dict[str, Any]:
    path, out = run.state / "batch.jsonl", run.state / "batch.answers.jsonl"
    write_questions(questions, path)
    out.unlink(missing_ok=True)
    where = ["--corpus", str(run.paragraphs), "--vectors", str(run.index)]
    seconds = run.finish([*QA, "batch", str(path), "-o", str(out), *where]).seconds
    answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return {
        "rate": len(questions) / seconds,
        "confidences": [round(answer["confidence"], 4) for answer in answers],
    }


def rows(run: Run) -> list[Row]:
    single, ask, batch = (run.records.of(NAME, kind=kind) for kind in KINDS)
    if not single or not ask or not batch:
        return []
    over_ask = [b["rate"] / a["rate"] for a, b in zip(ask, batch, strict=False)]
    ratios = [b["rate"] / s["rate"] for s, b in zip(single, batch, strict=False)]
    equal = all(s["confidences"] == b["confidences"] for s, b in zip(single, batch, strict=False))
    return [
        Row(
            "`qa batch` over questions asked one by one of an open session",
            f">= {_BAR} x",
            f"{median([r['rate'] for r in batch]):.2f} questions a second",
            f"one by one {median([r['rate'] for r in single]):.2f}",
            f"{median(ratios):.2f} x{spread(ratios)}; confidences {'the same' if equal else 'DIFFER'}",
            median(ratios) >= _BAR and equal,
        ),
        Row(
            "the same over `qa ask`, a process for each question",
            "",
            f"{median([r['rate'] for r in batch]):.2f} questions a second",
            f"`qa ask` {median([r['rate'] for r in ask]):.2f}",
            f"{median(over_ask):.2f} x{spread(over_ask)}",
        ),
    ]
