"""The folders of a corpus: which files are in them, in which order, and which cannot be read."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

from qa.documents import Document, read_bytes, read_document
from qa.errors import CorpusError, DocumentError
from qa.formats.extractor import Extractor
from qa.ignoring import IgnoreRules
from qa.metadata import SIDECAR_SUFFIX
from qa.roots import Corpus, roots_of
from qa.stamps import stamp_of

__all__ = [
    "LOCK_FILE",
    "STORE_FILE",
    "CorpusFile",
    "FileState",
    "Read",
    "Skipped",
    "Unchanged",
    "corpus_files",
    "file_state",
    "find_files",
    "name_in_corpus",
    "path_in",
    "read_changed",
    "read_corpus",
    "require_folders",
    "resolved_inside",
]

#: What lies in the folder of an index: its store, and the lock of who writes it. Such a folder is not
#: entered, since an index is no document; one of them alone may be anybody's.
STORE_FILE = "store.sqlite"
LOCK_FILE = "index.lock"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not become a document, and why."""

    file: str
    reason: str

    @property
    def kind(self) -> str:
        """The reason without what it tells of this file alone: its numbers, and what stands in brackets."""
        general = re.sub(r" \([^()]*\)", "", self.reason)
        return re.sub(r"(?<![\w.-])\d[\d,]*", "so many", general)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A file that still has the stamp it had when it was indexed; it was not read."""

    file: str


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read, with the stamp it had before."""

    document: Document
    stamp: str


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file as it was come upon; nothing of it has been read."""

    root: Path
    name: str
    """Relative to its root."""
    file: str
    """Its name in the corpus."""
    is_link: bool = False
    has_sidecar: bool = False
    is_sidecar_link: bool = False
    refused: str | None = None
    """Why it was not looked into: a folder."""

    @property
    def stamped(self) -> list[str]:
        """The paths that its document is made of."""
        path = os.path.join(self.root, self.name)
        return [path, path + SIDECAR_SUFFIX] if self.has_sidecar else [path]


def corpus_files(corpus: Corpus) -> list[str]:
    """The files of the corpus, sorted, as relative paths with ``/``.

    Those of several folders begin with the name of theirs, as :func:`qa.roots.roots_of` gives it. Hidden
    files and folders, sidecars, indexes and what ``.gitignore`` and ``.qaignore`` name are left out. Links
    to folders are not followed.

    Raises:
        CorpusError: there is no such folder, or it cannot be listed.
        UsageError: the folders are not apart.
    """
    return [found.file for found in find_files(corpus)]


def read_corpus(
    corpus: Corpus,
    max_bytes: int,
    on_file: Callable[[int, int], None] | None = None,
    extractor: Extractor | None = None,
) -> Iterator[Document | Skipped]:
    """Every file of the corpus as a document, or as skipped with the reason.

    ``on_file(done, total)`` is called after each. Without an ``extractor`` the default limits hold.

    Raises:
        CorpusError, UsageError: as :func:`corpus_files`.
    """
    for item in read_changed(
        find_files(corpus), corpus, max_bytes, {}, on_file, extractor=extractor
    ):
        if isinstance(item, Read):
            yield item.document
        elif isinstance(item, Skipped):
            yield item


def read_changed(
    files: Sequence[CorpusFile],
    corpus: Corpus,
    max_bytes: int,
    stamps: Mapping[str, str],
    on_file: Callable[[int, int], None] | None = None,
    clock: Callable[[], int] | None = None,
    extractor: Extractor | None = None,
) -> Iterator[Read | Unchanged | Skipped]:
    """As :func:`read_corpus` of these files, but one that still has its stamp of ``stamps`` is not read.

    ``clock`` gives the time in nanoseconds since 1970.
    """
    extractor = extractor if extractor is not None else Extractor()
    for done, found in enumerate(files, start=1):
        try:
            _require_readable(found, corpus)
            stamp = stamp_of(found.stamped, clock() if clock is not None else None)
            if stamp and stamps.get(found.file) == stamp and _size(stamp) <= max_bytes:
                yield Unchanged(found.file)
            else:
                document = read_document(found.root, found.name, max_bytes, extractor)
                yield Read(replace(document, file=found.file), stamp)
        except DocumentError as error:
            yield Skipped(found.file, str(error))
        if on_file is not None:
            on_file(done, len(files))


def _require_readable(found: CorpusFile, corpus: Corpus) -> None:
    if found.refused is not None:
        raise DocumentError(found.refused)
    if not found.file.isascii() and any(
        "\ud800" <= character <= "\udfff" for character in found.file
    ):
        raise DocumentError("its name is not UTF-8 text; rename it")
    if found.is_link and resolved_inside(corpus, found.file) is None:
        raise DocumentError("it is a link that leads out of the corpus")
    sidecar = found.file + SIDECAR_SUFFIX
    if found.is_sidecar_link and resolved_inside(corpus, sidecar) is None:
        name = PurePosixPath(sidecar).name
        raise DocumentError(f"its sidecar {name} is a link that leads out of the corpus")


def _size(stamp: str) -> int:
    return int(stamp.split(maxsplit=1)[0])


class FileState(StrEnum):
    """How a file stands to the text that was indexed from it."""

    UNCHANGED = "unchanged since indexing"
    CHANGED = "changed since indexing"
    GONE = "no longer there"
    UNREADABLE = "cannot be read"


def file_state(corpus: Corpus, file: str, sha256: str, max_bytes: int) -> FileState:
    """Whether ``file`` still has the bytes whose SHA-256 was recorded; reads all of it."""
    path = resolved_inside(corpus, file)
    if path is None or not os.path.exists(path):  # unlike Path.exists it takes a name of any length
        return FileState.GONE
    try:
        data = read_bytes(path, max_bytes)
    except DocumentError:
        return FileState.UNREADABLE
    same = hashlib.sha256(data).hexdigest() == sha256
    return FileState.UNCHANGED if same else FileState.CHANGED


def resolved_inside(corpus: Corpus, file: str) -> Path | None:
    """The path of ``file`` with links followed, or ``None`` if that lies outside the corpus."""
    path = path_in(corpus, file)
    try:
        resolved = path.resolve() if path is not None else None
        roots = roots_of(corpus).values()
        inside = resolved and any(resolved.is_relative_to(root.resolve()) for root in roots)
    except (OSError, RuntimeError, ValueError):
        return None
    return resolved if inside else None


def path_in(corpus: Corpus, file: str) -> Path | None:
    """Where a file of that name would lie, or ``None`` if it begins with the name of no folder."""
    for name, root in roots_of(corpus).items():
        if not name:
            return root / file
        if file.startswith(f"{name}/"):
            return root / file[len(name) + 1 :]
    return None


def name_in_corpus(path: Path, corpus: Corpus) -> str | None:
    """What the corpus calls the file at ``path``, or ``None`` if it lies outside; it need not be there."""
    resolved = path.resolve()
    for name, root in roots_of(corpus).items():
        if resolved.is_relative_to(root.resolve()):
            return _joined(name, resolved.relative_to(root.resolve()).as_posix())
    return None


def find_files(corpus: Corpus) -> list[CorpusFile]:
    """As :func:`corpus_files`, with what :func:`read_changed` must know of each."""
    require_folders(corpus)
    found = [file for name, root in roots_of(corpus).items() for file in _walked(root, name)]
    return sorted(found, key=lambda item: item.file)


def require_folders(corpus: Corpus) -> None:
    """Raise unless the folders are there; quick, for saying so before a model loads.

    Raises:
        CorpusError, UsageError: as :func:`corpus_files`.
    """
    for root in roots_of(corpus).values():
        if not root.is_dir():
            kind = "is not a folder" if root.exists() else "does not exist"
            raise CorpusError(f"The corpus folder {root} {kind}; name another with --corpus DIR.")
        try:
            str(root.resolve()).encode()
        except UnicodeEncodeError:
            raise CorpusError(
                f"The path of the corpus folder {root} is no Unicode text, so the index cannot name it; "
                "rename the folder, or name another with --corpus DIR."
            ) from None


def _walked(root: Path, prefix: str) -> Iterator[CorpusFile]:
    waiting: list[tuple[str, IgnoreRules]] = [("", IgnoreRules())]
    while waiting:
        folder, rules = waiting.pop()
        try:
            entries = {entry.name: entry for entry in os.scandir(root / folder)}
            if folder and entries.keys() >= {STORE_FILE, LOCK_FILE}:
                continue
            rules = rules.within(folder, root / folder, entries)
        except (OSError, DocumentError) as error:
            reason = str(error) if isinstance(error, DocumentError) else error.strerror
            if not folder:
                raise CorpusError(
                    f"The corpus folder {root} cannot be listed ({reason}); "
                    "give yourself permission to read it."
                ) from error
            name = folder.removesuffix("/")
            refused = (
                str(error) if isinstance(error, DocumentError) else f"it cannot be opened: {reason}"
            )
            yield CorpusFile(root, name, _joined(prefix, name), refused=refused)
            continue
        for name, entry in entries.items():
            path = folder + name
            if name.startswith(".") or name.endswith(SIDECAR_SUFFIX):
                continue
            if _is_folder(entry):
                if not entry.is_symlink() and not rules.leave_out(f"{path}/"):
                    waiting.append((f"{path}/", rules))
            elif not rules.leave_out(path):
                sidecar = entries.get(name + SIDECAR_SUFFIX)
                yield CorpusFile(
                    root,
                    path,
                    _joined(prefix, path),
                    is_link=entry.is_symlink(),
                    has_sidecar=sidecar is not None,
                    is_sidecar_link=sidecar is not None and sidecar.is_symlink(),
                )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads nowhere or round in circles: a file that cannot be read
        return False


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name
