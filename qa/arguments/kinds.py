"""What arguments may be: paths, folders of a corpus, numbers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from qa.roots import sole_or_several
from qa.settings import named_path

__all__ = ["Folders", "number", "path", "port"]


class Folders(argparse.Action):
    """Gathers the folders of a corpus; one alone is a path, as everywhere."""

    def __call__(self, _: object, namespace: argparse.Namespace, value: Any, *__: object) -> None:
        before = getattr(namespace, self.dest, None) or ()
        given = before if isinstance(before, tuple) else (before,)
        setattr(namespace, self.dest, sole_or_several((*given, value)))


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def path(text: str) -> Path:
    try:
        return named_path(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a path is needed, and this one is empty") from None


def number(text: str) -> int:
    """The number of a conversation, which SQLite keeps in 64 bits."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 19):
        raise argparse.ArgumentTypeError(f"{text!r} is no number; qa conversations lists them")
    return int(text)
