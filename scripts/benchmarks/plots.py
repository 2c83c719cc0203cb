"""The plots of docs/performance.md, as SVG that is the same byte for byte for the same measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

__all__ = ["draw_latency_over_size", "draw_recall_over_memory", "draw_throughput"]

_OURS, _PEER, _THIRD = "#0b6e6e", "#b4b4b4", "#8a6fb0"
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "qa",  # names inside the file are drawn from this and not at random
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}


def draw_throughput(panels: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """A panel of bars for each title: engine to passages a second; larger is better."""
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(1, len(panels), figsize=(4 * len(panels), 2.4), squeeze=False)
        for axis, (title, bars) in zip(axes[0], panels.items(), strict=True):
            # Drawn from below: ours on top.
            names = sorted(bars, key=lambda name: (name.startswith("qa"), name))
            colours = [_OURS if name.startswith("qa") else _PEER for name in names]
            drawn = axis.barh(names, [bars[name] for name in names], color=colours)
            axis.bar_label(drawn, fmt="%.1f", padding=3)
            axis.margins(x=0.15)
            axis.set_title(title, loc="left")
        _save(figure, path)


def draw_latency_over_size(curve: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Milliseconds of a hybrid search over the number of passages, both in powers of ten."""
    with plt.rc_context(_STYLE):
        figure, axis = plt.subplots(figsize=(6, 3.2))
        sizes = [row["passages"] for row in curve]
        for key, label, colour in (("p95_ms", "p95", _PEER), ("p50_ms", "p50", _OURS)):
            axis.plot(sizes, [row[key] for row in curve], "o-", color=colour, label=label)
        for row in curve:
            axis.annotate(
                f"{row['p50_ms']:.1f}",
                (row["passages"], row["p50_ms"]),
                textcoords="offset points",
                xytext=(0, -13),
                ha="center",
            )
        axis.axhline(30, color="#c44", linewidth=0.8, linestyle="--")
        axis.annotate(
            "30 ms", (sizes[0], 30), textcoords="offset points", xytext=(0, 3), color="#c44"
        )
        axis.margins(y=0.15)
        axis.set_xscale("log")
        axis.set_yscale("log")
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            side.set_minor_formatter(FuncFormatter(lambda *_: ""))
        axis.set_xlabel("passages")
        axis.set_ylabel("ms a search")
        axis.legend(frameon=False, loc="upper left")
        _save(figure, path)


def draw_recall_over_memory(points: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Recall@10 over the memory of each way to index; the one that is built stands out."""
    with plt.rc_context(_STYLE):
        figure, axis = plt.subplots(figsize=(7, 3.6))
        for point in points:
            colour = _OURS if point["name"] == "qa" else _THIRD
            place = point["memory_mb"], point["recall"]
            axis.plot(*place, "o", color=colour)
            told = f"{point['name']}, {point['p50_ms']:.1f} ms"
            axis.annotate(
                told, place, textcoords="offset points", xytext=(5, 4), color=colour, fontsize=7
            )
        axis.axhline(0.95, color="#c44", linewidth=0.8, linestyle="--")
        axis.margins(x=0.3, y=0.1)
        axis.set_xlabel("memory, MB")
        axis.set_ylabel("recall@10 against exact")
        _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    # Lines that end in a space are no good in a repository.
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")
