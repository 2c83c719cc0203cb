"""Flags of the commands that answer: ``serve``, ``ask`` and ``batch``."""

from __future__ import annotations

from qa.arguments.commands import Commands
from qa.arguments.kinds import path, port

__all__ = ["add_ask", "add_batch", "add_serve"]


def add_serve(commands: Commands) -> None:
    serve = commands.add(
        "serve",
        "show the chat in a browser; prints the address to open",
        "qa serve --corpus ~/reports --port 0",
        commands.models,
        commands.answering,
    )
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on (default: 127.0.0.1, which only this machine can reach)",
    )
    serve.add_argument(
        "--port",
        type=port,
        default=8417,
        metavar="N",
        help="port to listen on, 0 for any free one (default: 8417)",
    )


def add_ask(commands: Commands) -> None:
    ask = commands.add(
        "ask",
        "answer one question; exits 0 when answered, 3 when the corpus does not say",
        "qa ask 'How much did trade with Russia grow?' --json",
        commands.models,
        commands.answering,
    )
    ask.add_argument("question", nargs="+", help="the question, best in quotation marks")
    ask.add_argument("--json", action="store_true", help="print the answer as a JSON object")
    ask.add_argument(
        "-k", dest="citations", type=int, metavar="N", help="at most N citations (default: 3)"
    )


def add_batch(commands: Commands) -> None:
    batch = commands.add(
        "batch",
        "answer a file of questions: .txt (one a line), .jsonl or .csv",
        "qa batch questions.txt -o answers.jsonl --resume",
        commands.models,
        commands.answering,
    )
    batch.add_argument(
        "questions",
        type=path,
        metavar="QUESTIONS",
        help="one question a line (.txt), objects with a question and perhaps an id (.jsonl), "
        "or columns of these names (.csv)",
    )
    batch.add_argument("-o", dest="out", type=path, metavar="OUT", help="file (default: stdout)")
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
        type=path,
        metavar="OLD.jsonl",
        help="then show what changed since these earlier answers, as qa diff does",
    )
