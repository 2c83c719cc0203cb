"""A whole answer, found and read, against what Haystack's reader alone takes for the same passages."""

from __future__ import annotations

from typing import Any

from benchmarks.measures.retrieval import LIMIT, open_for_search
from benchmarks.run import Run
from benchmarks.table import Row, median, ms, percentile, ratio_by_block

NAME = "answering"
#: qa reading as many passages as the reader of Haystack, Haystack, and qa as it is, with 16.
ENGINES = ("qa", "haystack", "qa-16")
_SECONDS = 0.150
_BAR = 0.35


def measure(run: Run) -> None:
    """A block of questions for one engine, the same for the next; Haystack reads what qa has found."""
    questions = [question.question for question in run.texts.questions[: run.sizes.answers]]
    block = run.sizes.block
    for at in range(0, len(questions), block):
        for engine in ENGINES:

            def take(engine: str = engine, at: int = at) -> dict[str, Any]:
                _open(run, engine)
                asked = questions[at : at + block]
                if engine == "haystack":
                    return _haystack(run, asked)
                call = run.engine("qa", f"{NAME} {engine}").call
                return {"seconds": [call("answer", question=q).seconds for q in asked]}

            run.once(take, NAME, engine=engine, at=at)


def _open(run: Run, engine: str) -> None:
    if f"{NAME} {engine}" in run.opened:
        return
    run.opened.add(f"{NAME} {engine}")
    if engine == "haystack":
        open_for_search(run, "qa")
        run.engine("haystack").call("load_reader", reader=str(run.reader))
        return
    ours = run.engine("qa", f"{NAME} {engine}")
    passages_read = LIMIT if engine == "qa" else 16
    ours.call(
        "open", corpus=str(run.paragraphs), vectors=str(run.index), passages_read=passages_read
    )
    ours.call("answer", question="How many people live in the city?")


def _haystack(run: Run, questions: list[str]) -> dict[str, Any]:
    seconds = []
    for question in questions:
        passages = run.engine("qa").call("search", question=question, limit=LIMIT).value
        done = run.engine("haystack").call("read", question=question, passages=passages)
        seconds.append(done.seconds)
    return {"seconds": seconds}


def seconds(run: Run) -> dict[str, list[float]]:
    """The time of each question, of each engine."""
    return {
        engine: [s for record in run.records.of(NAME, engine=engine) for s in record["seconds"]]
        for engine in ENGINES
    }


def rows(run: Run) -> list[Row]:
    taken = seconds(run)
    if not all(taken.values()):
        return []
    peer = median(taken["haystack"])
    peers = f"haystack's reading alone {ms(peer)}"

    def row(engine: str, what: str, bar: str) -> Row:
        ours = median(taken[engine])
        blocks, theirs = (run.records.of(NAME, engine=e) for e in (engine, "haystack"))
        ratio = ratio_by_block(blocks, theirs)
        met = ours <= _SECONDS and ratio <= _BAR if bar else None
        told = f"{ms(ours)} (p95 {ms(percentile(taken[engine], 95))})"
        return Row(what, bar, told, peers, f"{ratio:.2f} x", met)

    bar = f"<= {ms(_SECONDS)}, <= {_BAR} x haystack's reader"
    return [
        row(
            "qa", f"a whole answer with the reader over the top 10, p50 of {len(taken['qa'])}", bar
        ),
        row("qa-16", "the same over the top 16, as qa comes", ""),
    ]
