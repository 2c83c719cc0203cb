"""docs/performance.md and its plots, from the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template

from benchmarks.environment import versions
from benchmarks.measures import (
    alternatives,
    answering,
    batching,
    embedding,
    indexing,
    memory,
    retrieval,
    sameness,
    scale,
    starting,
)
from benchmarks.run import Run
from benchmarks.table import Row, median

__all__ = ["MEASURES", "printed", "write_report"]

#: In the order of the table, and in which they are taken.
MEASURES = (
    embedding,
    indexing,
    retrieval,
    answering,
    sameness,
    starting,
    memory,
    batching,
    scale,
    alternatives,
)
_TEMPLATE = Path(__file__).parent / "performance.md"


def rows(run: Run) -> Iterator[Row]:
    """All that is measured so far."""
    for measure in MEASURES:
        yield from measure.rows(run)


def printed(found: Sequence[Row]) -> str:
    """The rows for a terminal."""
    lines = []
    for row in found:
        verdict = {True: "met", False: "NOT met", None: ""}[row.met]
        lines.append(f"{row.what}\n    bar {row.bar or '-'}   {verdict}")
        lines.append(f"    {row.ours} | {row.peers} | {row.ratio}")
    return "\n".join(lines)


def write_report(run: Run, docs: Path) -> list[Path]:
    """Write the page and the plots that there are measurements for; what was written."""
    docs.mkdir(parents=True, exist_ok=True)
    pictures = _draw(run, docs)
    values = {
        "table": "\n".join(_table(list(rows(run)))),
        "versions": "\n".join(f"- {key}: {value}" for key, value in versions(run.peers).items()),
        "plots": "\n\n".join(f"![{title}]({path.name})" for title, path in pictures),
        "embedded": str(run.sizes.embedded),
        "rounds": str(run.sizes.rounds),
        "paragraphs": f"{run.sizes.paragraphs:,}",
        "passages": f"{run.sizes.passages:,}",
        "searches": str(run.sizes.searches),
        "answers": str(run.sizes.answers),
        "compared": f"{run.sizes.compared:,}",
        "block": str(run.sizes.block),
        "batched": str(run.sizes.batched),
        "starts": str(run.sizes.starts),
    }
    page = docs / "performance.md"
    page.write_text(
        Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(values), encoding="utf-8"
    )
    return [page, *(path for _, path in pictures)]


def _table(found: Sequence[Row]) -> Iterator[str]:
    yield "| what | bar | qa | beside it | ratio | met |"
    yield "|---|---|---|---|---|---|"
    for row in found:
        verdict = {True: "yes", False: "**no**", None: ""}[row.met]
        cells = (row.what, row.bar, row.ours, row.peers, row.ratio, verdict)
        yield f"| {' | '.join(cells)} |"


def _draw(run: Run, docs: Path) -> list[tuple[str, Path]]:
    # Only what is drawn needs the plotting library.
    from benchmarks.plots import draw_latency_over_size, draw_recall_over_memory, draw_throughput

    drawn: list[tuple[str, Path]] = []
    panels = {
        "passages embedded a second": _medians(embedding.rates(run)),
        "passages indexed a second, files to index": _medians(indexing.rates(run)),
    }
    panels = {title: bars for title, bars in panels.items() if bars}
    if panels:
        drawn.append(("Passages a second; longer is better", docs / "performance-throughput.svg"))
        draw_throughput(panels, drawn[-1][1])
    curve = scale.curve(run)
    if len(curve) > 1:
        drawn.append(("Time of a hybrid search over passages", docs / "performance-size.svg"))
        draw_latency_over_size(curve, drawn[-1][1])
    points = alternatives.points(run)
    if points:
        title = f"Recall over memory, {run.sizes.alternatives:,} passages"
        drawn.append((title, docs / "performance-recall.svg"))
        draw_recall_over_memory(points, drawn[-1][1])
    return drawn


def _medians(rates: dict[str, list[float]]) -> dict[str, float]:
    return {engine: median(values) for engine, values in rates.items() if values}
