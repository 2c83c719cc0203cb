"""A row of the table, and the few statistics that rows are made of."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.records import Record

__all__ = ["Row", "median", "ms", "percentile", "ratio_by_block", "spread"]


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured against which bar; everything is text but whether the bar was met."""

    what: str
    bar: str
    ours: str
    peers: str = ""
    ratio: str = ""
    met: bool | None = None
    """``None`` where there is no bar."""


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: int) -> float:
    """The value that ``share`` of a hundred lie below, interpolated between neighbours."""
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def ratio_by_block(ours: Sequence[Record], theirs: Sequence[Record], share: int = 50) -> float:
    """The median over blocks of how our percentile of times in one stands to theirs beside it.

    A machine that is busy with other things for a while slows both of a pair.
    """
    beside = {record["at"]: percentile(record["seconds"], share) for record in theirs}
    pairs = [record for record in ours if record["at"] in beside]
    return median([percentile(r["seconds"], share) / beside[r["at"]] for r in pairs])


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The least and the largest, where they are two."""
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return f" ({low} to {high})" if low != high else ""


def ms(seconds: float) -> str:
    return f"{seconds * 1_000:,.0f} ms" if seconds >= 0.1 else f"{seconds * 1_000:.1f} ms"
