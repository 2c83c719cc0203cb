"""Writing a file so that nobody ever meets half of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["replace_file"]


def replace_file(path: Path, data: bytes) -> None:
    """Write ``path`` so that a reader, or a kill, meets the old file or the new one.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(
            OSError
        ):  # gone by now, or what cannot be written may not be deletable either
            temporary.unlink()
