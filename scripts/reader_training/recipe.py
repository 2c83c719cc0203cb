"""What to train on, for how long and how fast: the recipe of a run."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A training file and how much of it an epoch uses."""

    name: str
    """File name without `.json` or `.json.gz`."""
    share: float = 1.0
    """Share of the file's questions in an epoch, drawn anew for each epoch."""
    negatives: float = 0.0
    """Wrong paragraphs, on average, that each answerable question is put to as well."""
    headers: float = 0.0
    """Share of the questions whose paragraphs get a header line of title and date."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of training with a learning rate that warms up and falls linearly to zero."""

    name: str
    sources: tuple[Source, ...]
    epochs: int = 1
    learning_rate: float = 1e-4
    """Peak learning rate of AdamW."""
    batch_size: int = 16
    """Windows in a step."""
    noise: float = 0.0
    """Share of the questions that get typing noise."""
    choice: float = 0.0
    """Weight of the loss of choosing between a question's paragraphs."""
    warmup: float = 0.06
    """Share of the steps in which the learning rate rises."""


CORE = ("new_wiki.train", "squad2_half.train", "people.train")
DEFAULT_RECIPE = (
    Part(
        name="broad",
        sources=(
            Source("qamr.train"),
            Source("amazon_reviews.train"),
            Source("reddit.train"),
            Source("policyqa.train", share=0.5),
            *(Source(name, negatives=0.25) for name in CORE),
        ),
        learning_rate=1.5e-4,
        noise=0.05,
    ),
    Part(
        name="core",
        sources=tuple(Source(name, negatives=0.25) for name in CORE),
        epochs=2,
        learning_rate=8e-5,
        noise=0.1,
    ),
    Part(
        name="second pass",
        sources=(
            Source("qamr.train", share=0.5),
            Source("amazon_reviews.train", share=0.5),
            Source("reddit.train", share=0.5),
            Source("policyqa.train", share=0.25),
            *(Source(name, negatives=0.4) for name in CORE),
        ),
        learning_rate=1e-4,
        noise=0.1,
    ),
    Part(
        name="choice",
        sources=(
            Source("new_wiki.train", negatives=1.0, headers=0.6),
            Source("squad2_half.train", negatives=1.0, headers=0.6),
            Source("people.train", negatives=2.0, headers=0.3),
            Source("written", negatives=2.0, headers=0.8),
        ),
        learning_rate=1e-4,
        noise=0.08,
        choice=1.0,
    ),
    Part(
        name="written",
        sources=(
            Source("people.train", negatives=1.5, headers=0.3),
            Source("written", negatives=1.5, headers=0.8),
            Source("new_wiki.train", share=0.25, negatives=1.0, headers=0.6),
            Source("squad2_half.train", share=0.25, negatives=1.0, headers=0.6),
        ),
        learning_rate=7e-5,
        noise=0.06,
        choice=1.0,
    ),
)


def read_recipe(path: Path) -> tuple[Part, ...]:
    """Read `[[part]]` tables, each with `[[part.source]]` tables, from a TOML file."""
    parts = tomllib.loads(path.read_text(encoding="utf-8"))["part"]
    return tuple(
        Part(sources=tuple(Source(**source) for source in part.pop("source")), **part)
        for part in parts
    )
