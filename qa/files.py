"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["replace_file", "replacing", "write_new_file"]


def replace_file(path: Path, data: bytes | memoryview) -> None:
    """Write ``path`` so that a kill or a full disk leaves the old file or the new one, never half.

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
    with _beside(path) as temporary:
        with _synced(temporary) as stream:
            yield stream
        os.replace(temporary, path)


def write_new_file(path: Path, data: bytes) -> None:
    """Write ``path`` whole, if there is nothing of that name.

    Raises:
        FileExistsError: there is; it is as it was.
        OSError: it cannot be written.
    """
    with _beside(path) as temporary:
        with _synced(temporary) as stream:
            stream.write(data)
        try:
            os.link(temporary, path)  # unlike a renaming, it refuses a name that is taken
        except FileExistsError:
            raise
        except OSError:  # a file system without links; then a look has to do
            if os.path.lexists(path):
                raise FileExistsError(path) from None
            os.replace(temporary, path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name beside ``path`` for what is being written; nothing is left there at the end."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def _synced(path: Path) -> Iterator[IO[bytes]]:
    """A new file to write to, on the disk at the end."""
    with path.open("wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
