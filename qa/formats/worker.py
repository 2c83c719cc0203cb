"""The process that reads files, one after another, as :mod:`qa.formats.extractor` sends them.

It takes limits on itself that nothing it parses can lift. What no parser foresaw ends it, and the one
who sent the file begins another.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import IO

from qa.errors import DocumentError
from qa.formats.endings import ENDINGS
from qa.formats.extracted import Extracted, Limits
from qa.formats.frames import as_frame, read_frame, write_frame

__all__ = ["main", "outcome_of"]

#: A parser may be sent a file of any size that the settings allow to be read.
_ANY = 1 << 62


def main() -> None:
    """Serve until the pipe ends."""
    requests = sys.stdin.buffer
    # What a library prints must not get among the frames.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):
        while _served(requests, replies):
            pass


def _served(requests: IO[bytes], replies: IO[bytes]) -> bool:
    head = read_frame(requests, _ANY)
    data = read_frame(requests, _ANY) if head is not None else None
    if head is None or data is None:
        return False
    request = json.loads(head)
    limits = Limits(**request["limits"])
    _limit_process(limits)
    write_frame(replies, as_frame(outcome_of(request["ending"], data, limits)))
    return True


def outcome_of(ending: str, data: bytes, limits: Limits) -> Extracted | str:
    """What a file of that ending holds, or why it cannot be read."""
    try:
        return ENDINGS[ending].extract(data, limits)
    except DocumentError as error:
        return str(error)
    except MemoryError:
        return too_much_memory(limits)
    except RecursionError:
        return "it is nested too deeply"


def too_much_memory(limits: Limits) -> str:
    """Why a file that needs too much memory is not read."""
    return (
        "reading it takes more memory than max_extraction_memory "
        f"({limits.max_extraction_memory:,} bytes) allows"
    )


def _limit_process(limits: Limits) -> None:
    """No more memory, nor more processor time for this file, than allowed; no file written."""
    try:
        import resource
    except ImportError:  # not on Windows, where time alone is limited
        return

    def limit(what: int, most: int) -> None:
        _, hard = resource.getrlimit(what)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (soft, hard))

    spent = resource.getrusage(resource.RUSAGE_SELF)
    limit(
        resource.RLIMIT_CPU,
        int(spent.ru_utime + spent.ru_stime) + limits.max_extraction_seconds + 1,
    )
    limit(resource.RLIMIT_AS, limits.max_extraction_memory)
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_CORE, 0)


if __name__ == "__main__":
    main()
