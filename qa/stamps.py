"""Telling that a file is as it was without reading it: its stamp, kept when it was indexed."""

from __future__ import annotations

import os
import time

__all__ = ["stamp_of"]

#: A file that was changed so shortly before it was looked at may change again without a trace in its
#: times: FAT counts in steps of two seconds. Git calls such a file racily clean and reads it too.
RACY_NS = 2_500_000_000


def stamp_of(paths: list[str], now_ns: int | None = None) -> str:
    """Size, times and inode of files, in order; equal stamps mean equal bytes.

    Empty, which equals nothing, if one is not there or was changed just now; ``now_ns`` is the time, in
    nanoseconds since 1970. The time of the last change of status tells a file whose other time was set back.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    parts = []
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return ""
        if max(status.st_mtime_ns, status.st_ctime_ns) + RACY_NS > now_ns:
            return ""
        parts.append(f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}")
    return "; ".join(parts)
