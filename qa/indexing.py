"""Brings the index up to date with the folder: what changed, and the one transaction that records it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from qa.corpus import LOCK_FILE, CorpusFile, Read, Skipped, Unchanged, find_files, read_changed
from qa.documents import Document
from qa.embedding import add_without_vectors, embed_added
from qa.errors import CorpusError, IndexStateError, StoreError, UsageError
from qa.formats.extracted import Extracted, Limits
from qa.formats.extractor import Extractor
from qa.models.encoder import Encoder
from qa.roots import Corpus, corpus_words, identity_of, roots_of
from qa.schema import FORMAT_VERSION, DocumentRecord, IndexDescription
from qa.settings import Settings
from qa.store import STORE_FILE, Store
from qa.text import one_line
from qa.unfinished import UNFINISHED_FILE, UnfinishedVectors, discard_unfinished
from qa.vectors import discard_vectors, follow_clusters, save_vectors, vectors_fit

__all__ = ["IndexReport", "Progress", "changed_files", "update_index"]

#: ``progress(stage, done, total)``, stage being "reading" (files) or "embedding" (texts).
Progress = Callable[[str, int, int], None]
#: So many skipped files are named where there is nothing else.
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one update did."""

    documents: int
    passages: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    moved_from: str | None = None
    """The folder that the index held before, if it was another."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Files with their old names and their new ones: nothing else of them is different."""

    @property
    def changes(self) -> str:
        """How many files were new, changed, renamed or removed, in words; empty if none was."""
        counts = (
            ("new", self.added),
            ("changed", self.changed),
            ("renamed", self.renamed),
            ("removed", self.removed),
        )
        return ", ".join(f"{len(files)} {what}" for what, files in counts if files)

    def as_data(self) -> dict[str, Any]:
        """The documented JSON object."""
        return {
            "documents": self.documents,
            "passages": self.passages,
            "added": list(self.added),
            "changed": list(self.changed),
            "renamed": [{"from": old, "to": new} for old, new in self.renamed],
            "removed": list(self.removed),
            "skipped": [
                # A name that is no text has no place in JSON as it is.
                {"file": os.fsencode(item.file).decode("utf-8", "replace"), "reason": item.reason}
                for item in self.skipped
            ],
        }


def update_index(
    settings: Settings,
    encoder: Encoder,
    *,
    progress: Progress | None = None,
    rebuild: bool = False,
    verify: bool = False,
    clock: Callable[[], int] | None = None,
) -> IndexReport:
    """Make the index in ``settings.vectors`` say what the folder ``settings.corpus`` says now.

    Only files that are new or may have changed are read, with ``verify`` all; only what is new in them is
    embedded. All is written in one transaction, with one document in memory at a time; what was embedded
    is kept beside it, so that an update that is cut off goes on where it stopped. The FAISS files follow.
    ``clock`` gives the time in nanoseconds since 1970.

    Raises:
        CorpusError: no such folder, or nothing in it to read.
        UsageError: the folders of the corpus, or of corpus and index, are not apart.
        IndexStateError: the index was built with another encoder, format or passage length.
        StoreError: the store is corrupt, locked, or the disk is full.
    """
    corpus, vectors = settings.corpus, settings.vectors
    for root in roots_of(corpus).values():
        if root.resolve() == vectors.resolve():
            raise UsageError(
                f"The index cannot lie among the documents in {root}; name another --vectors DIR."
            )
    tell = progress if progress is not None else _silent
    files = find_files(corpus)
    limits = Limits.of(settings)
    if not (vectors / STORE_FILE).exists():
        with closing(Extractor(limits)) as extractor:
            found = read_changed(files, corpus, settings.max_file_bytes, {}, extractor=extractor)
            _require_text(corpus, found)
    was_there = vectors.exists()
    with (
        Store.open_for_writing(vectors, rebuild=rebuild) as store,
        _no_empty_folder(vectors, was_there),
        closing(Extractor(limits, _Extractions(store))) as extractor,
    ):
        if rebuild:
            # Of a corrupt store the generation is lost and begins anew: FAISS files of an older one must
            # not pass for the new one's.
            discard_vectors(vectors)
        with store.transaction():
            last = _readable_description(store) if rebuild else store.description()
            before = None if rebuild else last
            if before is None:
                store.clear()
            else:
                _require_same_settings(before, encoder, settings, vectors)
            generation = last.generation + 1 if last is not None else 1
            update = _Update(store, encoder, settings, generation, files, tell)
            update.follow(verify, clock, extractor)
            report = update.report(before)
            description = _description(settings, encoder, generation, before)
            changes_store = before is None or report.changes or report.moved_from is not None
            if changes_store:
                update.embed()
                store.describe(description)
                store.follow_postings(generation, settings.exact_up_to)
                follow_clusters(store, generation, settings.exact_up_to)
        if changes_store:
            store.flush_log()
        discard_unfinished(vectors)
        current = description if changes_store or before is None else before
        if not vectors_fit(vectors, store, current.generation):
            save_vectors(vectors, store, current.generation)
        return report


@contextmanager
def _no_empty_folder(folder: Path, was_there: bool) -> Iterator[None]:
    """A first update that ends before anything was embedded leaves no folder behind.

    What it removes is its own: the lock is held meanwhile.
    """
    try:
        yield
    except BaseException:
        if not was_there and not (folder / UNFINISHED_FILE).exists() and not Store.exists(folder):
            with suppress(OSError):
                for left in (STORE_FILE, f"{STORE_FILE}-wal", f"{STORE_FILE}-shm", LOCK_FILE):
                    (folder / left).unlink(missing_ok=True)
                folder.rmdir()
        raise


class _Extractions:
    """What an index holds of files that were parsed; those that could not be are tried again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def recalled(self, sha256: str, ending: str, limits: str) -> Extracted | None:
        outcome = self._store.recalled(sha256, ending, limits)
        return None if isinstance(outcome, str) else outcome


def changed_files(
    corpus: Corpus, store: Store, max_file_bytes: int, limits: Limits | None = None
) -> list[str]:
    """Files that are new, gone or different since the index was built; empty when it is up to date.

    What is not plain text is parsed only if it is new.
    """
    known = {record.file: record for record in store.documents()}
    stamps = {file: record.stamp for file, record in known.items()}
    changed: set[str] = set()
    kept: set[str] = set()
    with closing(Extractor(limits, memory=store)) as extractor:
        for item in read_changed(
            find_files(corpus), corpus, max_file_bytes, stamps, extractor=extractor
        ):
            if isinstance(item, Unchanged):
                kept.add(item.file)
            elif isinstance(item, Read):
                file = item.document.file
                kept.add(file)
                if file not in known or _identity(item.document) != _identity(known[file]):
                    changed.add(file)
    return sorted(changed | (set(known) - kept))


class _Update:
    """One update: what is found in the folder, and written to the store as it is found."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        settings: Settings,
        generation: int,
        files: Sequence[CorpusFile],
        progress: Progress,
    ) -> None:
        self._store, self._encoder, self._settings = store, encoder, settings
        self._generation, self._files, self._progress = generation, files, progress
        self._known = {record.file: record for record in store.documents()}
        there = {found.file for found in files}
        self._lost = {
            _content(record): file for file, record in self._known.items() if file not in there
        }
        """Documents whose file is no longer there, by what tells that another is the same."""
        self._kept: set[str] = set()
        self._added: list[str] = []
        self._changed: list[str] = []
        self._renamed: list[tuple[str, str]] = []
        self._removed: list[str] = []
        self._skipped: list[Skipped] = []
        self._wanted = 0

    def follow(self, verify: bool, clock: Callable[[], int] | None, extractor: Extractor) -> None:
        """Read what may have changed, and record documents without their vectors.

        Raises:
            CorpusError: there is nothing to read.
        """
        stamps = {} if verify else {file: record.stamp for file, record in self._known.items()}
        for item in read_changed(
            self._files,
            self._settings.corpus,
            self._settings.max_file_bytes,
            stamps,
            lambda done, total: self._progress("reading", done, total),
            clock,
            extractor,
        ):
            if isinstance(item, Skipped):
                self._skipped.append(item)
            elif isinstance(item, Unchanged):
                self._kept.add(item.file)
            else:
                self._take(item)
        if not self._kept:
            # A folder that was emptied and a disk that is not mounted look the same.
            earlier = self._settings.vectors if self._known else None
            raise _nothing_to_read(self._settings.corpus, self._skipped, earlier)
        staying = self._kept | {old for old, _ in self._renamed}
        self._removed = [file for file in self._known if file not in staying]
        for file in self._removed:
            self._store.remove(file)
        if self._removed or self._changed:
            self._store.purge_words()
        if self._store.refusals() != set(extractor.refusals):
            self._store.refuse(extractor.refusals)

    def _take(self, read: Read) -> None:
        document, file = read.document, read.document.file
        self._kept.add(file)
        known = self._known.get(file)
        if known is not None and _identity(known) == _identity(document):
            if read.stamp != known.stamp:
                self._store.restamp(file, read.stamp)
            return
        old = self._lost.pop(_content(document), None) if known is None else None
        if old is not None:
            self._store.rename(old, file, read.stamp)
            self._renamed.append((old, file))
            return
        if known is not None:
            self._store.remove(file)
        (self._added if known is None else self._changed).append(file)
        self._wanted += add_without_vectors(
            self._store,
            document,
            self._encoder,
            self._settings,
            stamp=read.stamp,
            generation=self._generation,
        )

    def embed(self) -> None:
        """Give the documents that are new their vectors."""
        if not self._wanted:
            return
        total = self._wanted
        self._progress("embedding", 0, total)  # the first batch takes a while
        folder, encoder = self._settings.vectors, self._encoder
        with UnfinishedVectors(folder, encoder.digest, encoder.dimension) as unfinished:
            embed_added(
                self._store,
                self._generation,
                encoder,
                unfinished,
                lambda done: self._progress("embedding", done, total),
            )

    def report(self, before: IndexDescription | None) -> IndexReport:
        elsewhere = before is not None and before.corpus != identity_of(self._settings.corpus)
        return IndexReport(
            documents=len(self._kept),
            passages=self._store.passage_count(),
            added=tuple(self._added),
            changed=tuple(self._changed),
            removed=tuple(self._removed),
            skipped=tuple(self._skipped),
            moved_from=before.corpus if elsewhere and before is not None else None,
            renamed=tuple(self._renamed),
        )


def _silent(*_: object) -> None:
    """Progress that nobody watches."""


def _identity(item: Document | DocumentRecord) -> tuple[str, str, date | None]:
    """What the passages of a document, and all vectors of them, are made of."""
    return item.sha256, item.title, item.date


def _content(item: Document | DocumentRecord) -> tuple[str, tuple[str, str, date | None]]:
    """And of a document under another name: the ending says how its bytes are read."""
    return PurePosixPath(item.file).suffix.lower(), _identity(item)


def _require_text(corpus: Corpus, items: Iterable[Read | Unchanged | Skipped]) -> None:
    skipped: list[Skipped] = []
    for item in items:
        if not isinstance(item, Skipped):
            return
        skipped.append(item)
    raise _nothing_to_read(corpus, skipped)


def _nothing_to_read(
    corpus: Corpus, skipped: Sequence[Skipped], index: Path | None = None
) -> CorpusError:
    """``index`` is the folder of one that holds what the corpus held before."""
    named = [one_line(f"skipped {item.file}: {item.reason}") for item in skipped[:MOST_NAMED]]
    reasons = "".join(f"\n  {line}" for line in named)
    more = f"\n  and {len(skipped) - MOST_NAMED} more" if len(skipped) > MOST_NAMED else ""
    folder, hold = ("folder", "holds") if len(roots_of(corpus)) == 1 else ("folders", "hold")
    stays = (
        f" The index still has the documents of before; delete {index} if they are to be forgotten."
        if index is not None
        else ""
    )
    return CorpusError(
        f"The corpus {folder} {corpus_words(corpus)} {hold} no text to read; put .txt, .md or .pdf files "
        f"there, or name another with --corpus DIR.{stays}{reasons}{more}"
    )


def _readable_description(store: Store) -> IndexDescription | None:
    """What a store of whatever state says of itself: generations go on where the last one ended."""
    try:
        return store.description()
    except StoreError:
        return None


def _require_same_settings(
    before: IndexDescription, encoder: Encoder, settings: Settings, vectors: Path
) -> None:
    mend = "build it anew with: qa index --rebuild"
    if before.encoder_digest != encoder.digest:
        raise IndexStateError(
            f"The index in {vectors} was built with the model {before.encoder_name} and not with "
            f"{encoder.name}; keep the old one with --model {before.encoder_name}, or {mend}"
        )
    if (before.passage_words, before.sentence_vectors) != (
        settings.passage_words,
        settings.sentence_vectors,
    ):
        raise IndexStateError(
            f"The index in {vectors} was built with passage_words = {before.passage_words} and "
            f"sentence_vectors = {str(before.sentence_vectors).lower()}; set these, or {mend}"
        )


def _description(
    settings: Settings, encoder: Encoder, generation: int, before: IndexDescription | None
) -> IndexDescription:
    corpus = identity_of(settings.corpus)
    if before is not None:  # the encoder need not be loaded to say how long its vectors are
        return replace(before, generation=generation, corpus=corpus, encoder_name=encoder.name)
    return IndexDescription(
        format_version=FORMAT_VERSION,
        generation=generation,
        corpus=corpus,
        encoder_name=encoder.name,
        encoder_digest=encoder.digest,
        dimension=encoder.dimension,
        passage_words=settings.passage_words,
        sentence_vectors=settings.sentence_vectors,
    )
