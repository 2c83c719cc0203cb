"""Flags of the commands that measure: ``eval`` and ``calibrate``."""

from __future__ import annotations

from qa.arguments.commands import Commands
from qa.arguments.kinds import path

__all__ = ["add_calibrate", "add_eval"]


def add_eval(commands: Commands) -> None:
    evaluate = commands.add(
        "eval",
        "measure answers against a labelled .jsonl or SQuAD .json(.gz) file",
        "qa eval tests/data/seeds_dev.jsonl --wrong",
        commands.models,
        commands.answering,
    )
    evaluate.add_argument(
        "labelled", type=path, nargs="+", metavar="LABELLED", help="several are pooled at the end"
    )
    evaluate.add_argument(
        "--reader-only",
        action="store_true",
        help="give the reader the paragraph each question is about (SQuAD files)",
    )
    evaluate.add_argument(
        "--in-a-row",
        action="store_true",
        help="ask the questions as one dialogue: what went before must not bend one that stands alone",
    )
    evaluate.add_argument(
        "--wrong",
        action="store_true",
        help="print each reply that is not right too, with what was expected",
    )
    evaluate.add_argument("--json", action="store_true", help="print an object, not a table")


def add_calibrate(commands: Commands) -> None:
    calibrate = commands.add(
        "calibrate",
        "fit confidence and threshold to your own labelled questions, and keep them with the index",
        "qa calibrate my-questions.jsonl --corpus ~/reports --vectors ~/.cache/reports-index",
        commands.models,
        commands.readers,
    )
    calibrate.add_argument(
        "labelled",
        type=path,
        nargs="?",
        metavar="LABELLED",
        help='a few dozen lines of {"question", "answers": [...], "file"}; no answers: the corpus has none',
    )
    calibrate.add_argument(
        "--precision",
        type=float,
        default=0.9,
        metavar="P",
        help="share of the answers that shall be right (default: 0.9)",
    )
    calibrate.add_argument(
        "--forget", action="store_true", help="drop the calibration, use the shipped one again"
    )
