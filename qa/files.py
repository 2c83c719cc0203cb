"""Writing a file so that nobody ever meets half of it, or finds another one overwritten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replace_file", "write_new_file"]


def replace_file(path: Path, data: bytes) -> None:
    """Write ``path`` so that a reader, or a kill, meets the old file or the new one.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    with _written_beside(path, data) as temporary:
        os.replace(temporary, path)


def write_new_file(path: Path, data: bytes) -> None:
    """Write ``path`` whole, if there is nothing of that name.

    Raises:
        FileExistsError: there is; it is as it was.
        OSError: it cannot be written.
    """
    with _written_beside(path, data) as temporary:
        try:
            os.link(temporary, path)  # unlike a renaming, it refuses a name that is taken
        except FileExistsError:
            raise
        except OSError:  # a file system without links; then a look has to do
            if os.path.lexists(path):
                raise FileExistsError(path) from None
            os.replace(temporary, path)


@contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[Path]:
    """``data`` in a file beside ``path``, on the disk; gone again at the end."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield temporary
    finally:
        with suppress(
            OSError
        ):  # gone by now, or what cannot be written may not be deletable either
            temporary.unlink()
