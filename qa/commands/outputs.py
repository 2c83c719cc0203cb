"""The files that commands write: where they may go, and what is said of an earlier one."""

from __future__ import annotations

from pathlib import Path

from qa.errors import UsageError
from qa.files import latest_backup
from qa.terminal import say

__all__ = ["output_file", "say_what_is_kept"]


def output_file(out: Path, source: Path, what: str, *, is_appended: bool = False) -> Path:
    """``out``, if what is made of ``source`` may go there; ``what`` is said of the source.

    A device or a pipe will do only for what ``is_appended``: a file that is written whole takes its place.

    Raises:
        UsageError: it is a folder, the source itself, or such a device.
    """
    if out.is_dir():
        raise UsageError(f"{out} is a folder; name a file with -o.")
    if out.exists() and source.exists() and out.samefile(source):
        raise UsageError(f"-o names the {what} file {source} itself; name another file.")
    if out.exists() and not out.is_file() and not is_appended:
        raise UsageError(f"{out} is no file that could be replaced; name another with -o.")
    return out


def say_what_is_kept(out: Path) -> None:
    """Where the file lies that ``out`` was before."""
    say(f"The earlier {out} is kept as {latest_backup(out)}.")
