"""A folder of documents: which files are in it, in which order, and which cannot be read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from qa.documents import Document, read_bytes, read_document
from qa.errors import CorpusError, DocumentError
from qa.metadata import SIDECAR_SUFFIX

__all__ = ["FileState", "Skipped", "corpus_files", "file_state", "read_corpus", "resolved_inside"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not become a document, and why."""

    file: str
    reason: str


def corpus_files(root: Path) -> list[str]:
    """The files below ``root``, as sorted relative paths with ``/``.

    Hidden files and folders and sidecars are left out. Links to folders are not followed.

    Raises:
        CorpusError: there is no such folder, or it cannot be listed.
    """
    if not root.is_dir():
        kind = "is not a folder" if root.exists() else "does not exist"
        raise CorpusError(f"The corpus folder {root} {kind}; name another with --corpus DIR.")

    found: list[str] = []

    def refuse(error: OSError) -> None:
        folder = Path(error.filename)
        if folder != root:
            found.append(folder.relative_to(root).as_posix())  # named, and skipped as unreadable
        else:
            raise CorpusError(
                f"The corpus folder {root} cannot be listed ({error.strerror}); "
                "give yourself permission to read it."
            ) from error

    for folder, folders, files in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and not name.endswith(SIDECAR_SUFFIX):
                found.append((Path(folder) / name).relative_to(root).as_posix())
    return sorted(found)


def read_corpus(
    root: Path, max_bytes: int, on_file: Callable[[int, int], None] | None = None
) -> Iterator[Document | Skipped]:
    """Every file of the corpus as a document, or as skipped with the reason.

    ``on_file(done, total)`` is called after each.

    Raises:
        CorpusError: as :func:`corpus_files`.
    """
    files = corpus_files(root)
    for done, file in enumerate(files, start=1):
        try:
            if any("\ud800" <= character <= "\udfff" for character in file):
                raise DocumentError("its name is not UTF-8 text; rename it")
            if resolved_inside(root, file) is None:
                raise DocumentError("it is a link that leads out of the corpus")
            yield read_document(root, file, max_bytes)
        except DocumentError as error:
            yield Skipped(file, str(error))
        if on_file is not None:
            on_file(done, len(files))


class FileState(StrEnum):
    """How a file stands to the text that was indexed from it."""

    UNCHANGED = "unchanged since indexing"
    CHANGED = "changed since indexing"
    GONE = "no longer there"
    UNREADABLE = "cannot be read"


def file_state(root: Path, file: str, sha256: str, max_bytes: int) -> FileState:
    """Whether ``root / file`` still has the bytes whose SHA-256 was recorded; reads all of it."""
    path = resolved_inside(root, file)
    if path is None or not os.path.exists(path):  # unlike Path.exists it takes a name of any length
        return FileState.GONE
    try:
        data = read_bytes(path, max_bytes)
    except DocumentError:
        return FileState.UNREADABLE
    same = hashlib.sha256(data).hexdigest() == sha256
    return FileState.UNCHANGED if same else FileState.CHANGED


def resolved_inside(root: Path, file: str) -> Path | None:
    """``root / file`` with links followed, or ``None`` if that lies outside ``root``."""
    try:
        resolved = (root / file).resolve()
        return resolved if resolved.is_relative_to(root.resolve()) else None
    except (OSError, RuntimeError, ValueError):
        return None
