"""Writing a file so that nobody ever meets half of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["replace_file", "replacing"]


def replace_file(path: Path, data: bytes) -> None:
    """Write ``path`` so that a reader, or a kill, meets the old file or the new one.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    with replacing(path) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A stream whose bytes become ``path`` at the end, or nothing at all if an error comes before it.

    Raises:
        OSError: as :func:`replace_file`.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(
            OSError
        ):  # gone by now, or what cannot be written may not be deletable either
            temporary.unlink()
