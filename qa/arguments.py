"""The arguments of the ``qa`` command and its help, with an example for each command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qa import __version__
from qa.roots import sole_or_several
from qa.settings import named_path

__all__ = ["LATEST", "make_parser", "parsed_arguments"]

#: ``--resume`` without a number; none that can be typed.
LATEST = -1


class _Folders(argparse.Action):
    """Gathers the folders of a corpus; one alone is a path, as everywhere."""

    def __call__(self, _: object, namespace: argparse.Namespace, value: Any, *__: object) -> None:
        before = getattr(namespace, self.dest, None) or ()
        given = before if isinstance(before, tuple) else (before,)
        setattr(namespace, self.dest, sole_or_several((*given, value)))


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def parsed_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments of a call; one that its command does not know ends the process with its usage."""
    parsed, unknown = make_parser().parse_known_args(arguments)
    if unknown:
        parsed.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return parsed


def make_parser() -> argparse.ArgumentParser:
    folders = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    folders.add_argument(
        "--corpus",
        type=_path,
        action=_Folders,
        metavar="DIR",
        help="folder of documents; may be given several times (default: seeds)",
    )
    folders.add_argument(
        "--vectors", type=_path, metavar="DIR", help="folder of the index (default: vectors)"
    )
    models = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    models.add_argument(
        "--model",
        metavar="NAME_OR_PATH",
        help="sentence-transformers model (default: the embedded qa-encoder; all-MiniLM-L6-v2 is "
        "what it was trained from)",
    )
    readers = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    readers.add_argument(
        "--reader",
        metavar="NAME_OR_PATH",
        help="extractive QA model, or 'sentences' for none (default: the embedded span reader)",
    )
    answering = argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS, parents=[readers]
    )
    answering.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="least confidence for an answer, 0 to 1 (default: as calibrated)",
    )

    parser = argparse.ArgumentParser(
        prog="qa",
        description="Ask a folder of documents, and see where it says so. "
        "Without a command, the chat opens.",
        epilog="examples:\n  qa --corpus ~/reports\n  qa --resume\n  qa ask 'Who signed the treaty?'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[folders, models, answering],
    )
    parser.add_argument("--version", action="version", version=f"qa {__version__}")
    parser.add_argument(
        "--resume",
        dest="conversation",
        nargs="?",
        const=LATEST,
        type=_number,
        metavar="ID",
        help="open a kept conversation in the chat; without ID the latest about this corpus",
    )
    parser.set_defaults(command="chat", parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(
        name: str,
        what: str,
        example: str,
        *parents: argparse.ArgumentParser,
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=what,
            description=what[0].upper() + what[1:] + ".",
            epilog=f"example: {example}",
            parents=parents,
        )
        added.set_defaults(command=name, parser=added)
        return added

    serve = add(
        "serve",
        "show the chat in a browser; prints the address to open",
        "qa serve --corpus ~/reports --port 0",
        folders,
        models,
        answering,
    )
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on (default: 127.0.0.1, which only this machine can reach)",
    )
    serve.add_argument(
        "--port",
        type=_port,
        default=8417,
        metavar="N",
        help="port to listen on, 0 for any free one (default: 8417)",
    )

    index = add(
        "index",
        "build the index, or bring it up to date with the folder",
        "qa index ~/reports ~/letters --vectors ~/.cache/reports-index",
        folders,
        models,
    )
    _add_index(index)

    add(
        "sources",
        "list the documents of the index: title, date, passages, size",
        "qa sources",
        folders,
    )

    ask = add(
        "ask",
        "answer one question; exits 0 when answered, 3 when the corpus does not say",
        "qa ask 'How much did trade with Russia grow?' --json",
        folders,
        models,
        answering,
    )
    ask.add_argument("question", nargs="+", help="the question, best in quotation marks")
    ask.add_argument("--json", action="store_true", help="print the answer as a JSON object")
    ask.add_argument(
        "-k", dest="citations", type=int, metavar="N", help="at most N citations (default: 3)"
    )

    batch = add(
        "batch",
        "answer a file of questions: .txt (one a line), .jsonl or .csv",
        "qa batch questions.txt -o answers.jsonl --resume",
        folders,
        models,
        answering,
    )
    batch.add_argument(
        "questions",
        type=_path,
        metavar="QUESTIONS",
        help="one question a line (.txt), objects with a question and perhaps an id (.jsonl), "
        "or columns of these names (.csv)",
    )
    batch.add_argument("-o", dest="out", type=_path, metavar="OUT", help="file (default: stdout)")
    batch.add_argument(
        "--format",
        choices=("jsonl", "csv", "md"),
        help="default: by the ending of OUT; jsonl on stdout",
    )
    batch.add_argument(
        "--resume", action="store_true", help="keep what OUT holds and answer the rest"
    )
    batch.add_argument(
        "--against",
        type=_path,
        metavar="OLD.jsonl",
        help="then show what changed since these earlier answers, as qa diff does",
    )

    check = add(
        "check",
        "check saved answers against the files themselves; exits 0 only if every quote is found",
        "qa check answers.jsonl --corpus seeds",
        folders,
    )
    check.add_argument(
        "answers",
        type=_path,
        metavar="ANSWERS.jsonl",
        help="as qa batch wrote it; or a conversation saved as .json",
    )
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
        "-o", dest="out", type=_path, metavar="OUT", help="for --fix (default: ANSWERS.fixed.jsonl)"
    )

    report = add(
        "report",
        "check saved answers and show them with their quotes as one page of HTML",
        "qa report answers.jsonl --corpus seeds -o report.html",
        folders,
    )
    report.add_argument(
        "answers",
        type=_path,
        metavar="ANSWERS.jsonl",
        help="as qa batch wrote it; or a conversation saved as .json",
    )
    report.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 unless all is ok: moved, reflowed and renamed are failures too",
    )
    report.add_argument(
        "-o", dest="out", type=_path, metavar="OUT.html", help="default: ANSWERS.html"
    )

    uses = add(
        "uses",
        "list the saved answers that rest on a file, and those that rest on it alone",
        "qa uses report.txt --answers answers.jsonl",
        folders,
    )
    uses.add_argument("file", type=_path, metavar="FILE", help="a file of the corpus")
    uses.add_argument(
        "--answers",
        type=_path,
        nargs="+",
        action="extend",
        metavar="A.jsonl",
        help="default: all answers in this folder",
    )
    uses.add_argument("--json", action="store_true", help="print an object, not lines")

    diff = add(
        "diff",
        "show side by side what changed between two files of answers; exits 1 if anything did",
        "qa diff old.jsonl new.jsonl",
        folders,
    )
    diff.add_argument("old", type=_path, metavar="OLD.jsonl")
    diff.add_argument("new", type=_path, metavar="NEW.jsonl")
    diff.add_argument(
        "--margin",
        type=float,
        default=0.01,
        metavar="P",
        help="confidences this close count as equal (default: 0.01)",
    )
    diff.add_argument("--json", action="store_true", help="print an object, not columns")

    review = add(
        "review",
        "judge saved answers, the least confident first: a labelled file for eval and calibrate",
        "qa review answers.jsonl -o labelled.jsonl",
        folders,
    )
    review.add_argument("answers", type=_path, metavar="ANSWERS.jsonl", help="as qa batch wrote it")
    review.add_argument(
        "-o",
        dest="out",
        type=_path,
        metavar="LABELLED.jsonl",
        help="decisions, each saved at once; an earlier review goes on there "
        "(default: ANSWERS.reviewed.jsonl)",
    )

    _add_conversations(
        add(
            "conversations",
            "list the conversations that were kept; export one, or delete it for good",
            "qa conversations export 3 --format html -o trade.html",
            folders,
        ),
        folders,
    )

    evaluate = add(
        "eval",
        "measure answers against a labelled .jsonl or SQuAD .json(.gz) file",
        "qa eval tests/data/seeds_dev.jsonl --wrong",
        folders,
        models,
        answering,
    )
    evaluate.add_argument(
        "labelled", type=_path, nargs="+", metavar="LABELLED", help="several are pooled at the end"
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

    calibrate = add(
        "calibrate",
        "fit confidence and threshold to your own labelled questions, and keep them with the index",
        "qa calibrate my-questions.jsonl --corpus ~/reports --vectors ~/.cache/reports-index",
        folders,
        models,
        readers,
    )
    calibrate.add_argument(
        "labelled",
        type=_path,
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
    return parser


def _add_index(index: argparse.ArgumentParser) -> None:
    index.add_argument(
        "paths", type=_path, nargs="*", metavar="DIR", help="folders of documents, as with --corpus"
    )
    for flag, what in (
        ("--rebuild", "forget the old index, build it anew"),
        ("--verify", "read every file, also those whose size and times are as they were"),
        ("--watch", "then follow the folder, until Ctrl-C ends it"),
        ("--verbose", "name every file that is skipped"),
        ("--json", "print what was done as a JSON object; with --watch one a line"),
    ):
        index.add_argument(flag, action="store_true", help=what)


def _add_conversations(
    conversations: argparse.ArgumentParser, folders: argparse.ArgumentParser
) -> None:
    conversations.add_argument("--json", action="store_true", help="print the list as JSON")
    actions = conversations.add_subparsers(title="actions", metavar="ACTION")

    def add(name: str, what: str, example: str) -> argparse.ArgumentParser:
        added = actions.add_parser(
            name,
            help=what,
            description=what[0].upper() + what[1:] + ".",
            epilog=f"example: {example}",
            parents=[folders],
        )
        added.add_argument(
            "id", type=_number, metavar="ID", help="its number, as qa conversations lists it"
        )
        added.set_defaults(command=f"conversations {name}", parser=added)
        return added

    export = add(
        "export",
        "write a conversation with its citations; qa check verifies those of a .jsonl",
        "qa conversations export 3 -o trade.html",
    )
    export.add_argument(
        "--format",
        choices=("md", "json", "html", "jsonl"),
        help="default: by the ending of FILE; md on stdout",
    )
    export.add_argument(
        "-o", dest="out", type=_path, metavar="FILE", help="a new file (default: stdout)"
    )
    add(
        "delete",
        "delete a conversation for good, without asking",
        "qa conversations delete 3",
    )


def _path(text: str) -> Path:
    try:
        return named_path(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a path is needed, and this one is empty") from None


def _number(text: str) -> int:
    """The number of a conversation, which SQLite keeps in 64 bits."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 19):
        raise argparse.ArgumentTypeError(f"{text!r} is no number; qa conversations lists them")
    return int(text)
