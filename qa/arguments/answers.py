"""Flags of the commands that work on saved answers, and on conversations."""

from __future__ import annotations

import argparse

from qa.arguments.commands import Commands
from qa.arguments.kinds import number, path

__all__ = ["add_check", "add_conversations", "add_diff", "add_report", "add_review", "add_uses"]


def add_check(commands: Commands) -> None:
    check = commands.add(
        "check",
        "check saved answers against the files themselves; exits 0 only if every quote is found",
        "qa check answers.jsonl --corpus seeds",
    )
    _add_answers(check)
    check.add_argument(
        "--strict",
        action="store_true",
        help="only ok will do: moved, reflowed and renamed are failures too",
    )
    check.add_argument("--json", action="store_true", help="print an object, not lines")
    check.add_argument(
        "--fix",
        action="store_true",
        help="write a new file with what has moved brought up to date",
    )
    check.add_argument(
        "-o", dest="out", type=path, metavar="OUT", help="for --fix (default: ANSWERS.fixed.jsonl)"
    )


def add_report(commands: Commands) -> None:
    report = commands.add(
        "report",
        "check saved answers and show them with their quotes as one page of HTML",
        "qa report answers.jsonl --corpus seeds -o report.html",
    )
    _add_answers(report)
    report.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 unless all is ok: moved, reflowed and renamed are failures too",
    )
    report.add_argument(
        "-o", dest="out", type=path, metavar="OUT.html", help="default: ANSWERS.html"
    )


def _add_answers(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "answers",
        type=path,
        metavar="ANSWERS.jsonl",
        help="as qa batch wrote it; or a conversation saved as .json",
    )


def add_uses(commands: Commands) -> None:
    uses = commands.add(
        "uses",
        "list the saved answers that rest on a file, and those that rest on it alone",
        "qa uses report.txt --answers answers.jsonl",
    )
    uses.add_argument("file", type=path, metavar="FILE", help="a file of the corpus")
    uses.add_argument(
        "--answers",
        type=path,
        nargs="+",
        action="extend",
        metavar="A.jsonl",
        help="default: all answers in this folder",
    )
    uses.add_argument("--json", action="store_true", help="print an object, not lines")


def add_diff(commands: Commands) -> None:
    diff = commands.add(
        "diff",
        "show side by side what changed between two files of answers; exits 1 if anything did",
        "qa diff old.jsonl new.jsonl",
    )
    diff.add_argument("old", type=path, metavar="OLD.jsonl")
    diff.add_argument("new", type=path, metavar="NEW.jsonl")
    diff.add_argument(
        "--margin",
        type=float,
        default=0.01,
        metavar="P",
        help="confidences this close count as equal (default: 0.01)",
    )
    diff.add_argument("--json", action="store_true", help="print an object, not columns")


def add_review(commands: Commands) -> None:
    review = commands.add(
        "review",
        "judge saved answers, the least confident first: a labelled file for eval and calibrate",
        "qa review answers.jsonl -o labelled.jsonl",
    )
    review.add_argument("answers", type=path, metavar="ANSWERS.jsonl", help="as qa batch wrote it")
    review.add_argument(
        "-o",
        dest="out",
        type=path,
        metavar="LABELLED.jsonl",
        help="decisions, each saved at once; an earlier review goes on there "
        "(default: ANSWERS.reviewed.jsonl)",
    )


def add_conversations(commands: Commands) -> None:
    conversations = commands.add(
        "conversations",
        "list the conversations that were kept; export one, or delete it for good",
        "qa conversations export 3 --format html -o trade.html",
    )
    conversations.add_argument("--json", action="store_true", help="print the list as JSON")
    actions = commands.below(conversations)
    export = actions.add(
        "export",
        "write a conversation with its citations; qa check verifies those of a .jsonl",
        "qa conversations export 3 -o trade.html",
    )
    delete = actions.add(
        "delete",
        "delete a conversation for good, without asking",
        "qa conversations delete 3",
    )
    for action in (export, delete):
        action.add_argument(
            "id", type=number, metavar="ID", help="its number, as qa conversations lists it"
        )
    export.add_argument(
        "--format",
        choices=("md", "json", "html", "jsonl"),
        help="default: by the ending of FILE; md on stdout",
    )
    export.add_argument(
        "-o", dest="out", type=path, metavar="FILE", help="a new file (default: stdout)"
    )
