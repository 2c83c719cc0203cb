"""The parser of the command line: what all commands share, and every command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from qa import __version__
from qa.arguments.answers import (
    add_check,
    add_conversations,
    add_diff,
    add_report,
    add_review,
    add_uses,
)
from qa.arguments.asking import add_ask, add_batch, add_serve
from qa.arguments.commands import Commands
from qa.arguments.folder import add_index, add_sources
from qa.arguments.kinds import Folders, number, path
from qa.arguments.measuring import add_calibrate, add_eval

__all__ = ["LATEST", "make_parser", "parsed_arguments"]

#: ``--resume`` without a number; none that can be typed.
LATEST = -1
#: In the order in which the help lists them.
ADDED = (
    add_serve,
    add_index,
    add_sources,
    add_ask,
    add_batch,
    add_check,
    add_report,
    add_uses,
    add_diff,
    add_review,
    add_conversations,
    add_eval,
    add_calibrate,
)


def parsed_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments of a call; one that its command does not know ends the process with its usage."""
    parsed, unknown = make_parser().parse_known_args(arguments)
    if unknown:
        parsed.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return parsed


def make_parser() -> argparse.ArgumentParser:
    """The parser of ``qa`` and its commands, each of which sets ``command`` and ``parser``."""
    folders, models, readers = _folders(), _models(), _readers()
    answering = _answering(readers)
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
        type=number,
        metavar="ID",
        help="open a kept conversation in the chat; without ID the latest about this corpus",
    )
    parser.set_defaults(command="chat", parser=parser)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    commands = Commands(subparsers, folders, models, readers, answering)
    for add in ADDED:
        add(commands)
    return parser


def _folders() -> argparse.ArgumentParser:
    flags = _flags()
    flags.add_argument(
        "--corpus",
        type=path,
        action=Folders,
        metavar="DIR",
        help="folder of documents; may be given several times (default: seeds)",
    )
    flags.add_argument(
        "--vectors", type=path, metavar="DIR", help="folder of the index (default: vectors)"
    )
    return flags


def _models() -> argparse.ArgumentParser:
    flags = _flags()
    flags.add_argument(
        "--model",
        metavar="NAME_OR_PATH",
        help="sentence-transformers model (default: the embedded qa-encoder; all-MiniLM-L6-v2 is "
        "what it was trained from)",
    )
    return flags


def _readers() -> argparse.ArgumentParser:
    flags = _flags()
    flags.add_argument(
        "--reader",
        metavar="NAME_OR_PATH",
        help="extractive QA model, or 'sentences' for none (default: the embedded span reader)",
    )
    return flags


def _answering(readers: argparse.ArgumentParser) -> argparse.ArgumentParser:
    flags = _flags(readers)
    flags.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="least confidence for an answer, 0 to 1 (default: as calibrated)",
    )
    return flags


def _flags(*parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Shared by commands; one that is not given is no attribute, so that settings decide."""
    return argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS, parents=list(parents)
    )
