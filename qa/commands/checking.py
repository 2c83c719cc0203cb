"""``qa check``: saved answers against the files themselves."""

from __future__ import annotations

import argparse

from qa.errors import ExitCode
from qa.settings import Settings
from qa.terminal import counted, say
from qa.text import displayable

__all__ = ["check"]


def check(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.check import Status, check_answers
    from qa.corpus import corpus_files

    corpus_files(settings.corpus)  # a missing folder is one error, not one for each citation
    counts = dict.fromkeys(Status, 0)
    bad_lines = 0
    for checked in check_answers(parsed.answers, settings.corpus, settings.max_file_bytes):
        if isinstance(checked, str):
            bad_lines += 1
            say(checked)
            continue
        counts[checked.status] += 1
        detail = f"  {checked.detail}" if checked.detail else ""
        print(
            displayable(f"{checked.status:<7}  {checked.id} [{checked.n}]  {checked.file}{detail}")
        )
    total = sum(counts.values())
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    print(f"{counted(total, 'citation')}: {summary}")
    if counts[Status.GONE] == total > 0:
        say(
            f"None of the cited files is in {settings.corpus}; name their folder with --corpus DIR."
        )
    if bad_lines:
        say(f"{counted(bad_lines, 'line')} of {parsed.answers} could not be checked")
    return ExitCode.OK if counts[Status.OK] == total and not bad_lines else ExitCode.FAILURE
