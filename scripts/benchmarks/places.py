"""Where the benchmarks find the project; nothing but the standard library."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DOCS", "ROOT", "SCRIPTS", "SEEDS", "SEEDS_QUESTIONS"]

SCRIPTS = Path(__file__).parent.parent
ROOT = SCRIPTS.parent
DOCS = ROOT / "docs"
SEEDS = ROOT / "seeds"
SEEDS_QUESTIONS = ROOT / "tests" / "data" / "seeds_dev.jsonl"
