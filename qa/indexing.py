"""Brings the index up to date with the folder: what changed, and the one transaction that records it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from qa.corpus import Skipped, read_corpus
from qa.documents import Document
from qa.errors import CorpusError, IndexStateError, StoreError, UsageError
from qa.formats.extracted import Extracted, Limits
from qa.formats.extractor import Extractor, Memory
from qa.models.encoder import Encoder, Vectors
from qa.passages import SMALLEST_ROOM, Passage, header_of, split_passages
from qa.schema import FORMAT_VERSION, DocumentRecord, IndexDescription
from qa.settings import Settings
from qa.store import Store
from qa.text import Span
from qa.vectors import discard_vectors, open_vectors, save_vectors

__all__ = ["IndexReport", "Progress", "changed_files", "update_index"]

#: ``progress(stage, done, total)``, stage being "reading" (files) or "embedding" (texts).
Progress = Callable[[str, int, int], None]


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

    @property
    def changes(self) -> str:
        """How many files were new, changed or removed, in words; empty if none was."""
        counts = (("new", self.added), ("changed", self.changed), ("removed", self.removed))
        return ", ".join(f"{len(files)} {what}" for what, files in counts if files)


@dataclass(frozen=True)
class _Prepared:
    document: Document
    header: str
    passages: list[Passage]
    sentences: list[Span]


def update_index(
    settings: Settings,
    encoder: Encoder,
    *,
    progress: Progress | None = None,
    rebuild: bool = False,
) -> IndexReport:
    """Make the index in ``settings.vectors`` say what the folder ``settings.corpus`` says now.

    Only new and changed documents are embedded. Everything is embedded before anything is written, and
    written in one transaction; the FAISS files follow.

    Raises:
        CorpusError: no such folder, or nothing in it to read.
        IndexStateError: the index was built with another encoder, format or passage length.
        StoreError: the store is corrupt, locked, or the disk is full.
    """
    corpus, vectors = settings.corpus, settings.vectors
    if corpus.resolve() == vectors.resolve():
        raise UsageError(
            f"The index cannot lie among the documents in {corpus}; name another --vectors DIR."
        )
    with _extractions(vectors, rebuild) as memory:
        extractor = Extractor(Limits.of(settings), memory)
        documents, skipped = _read(corpus, settings.max_file_bytes, progress, extractor)
        extractor.close()
    with Store.open_for_writing(vectors, rebuild=rebuild) as store:
        if rebuild:
            # Of a corrupt store the generation is lost and begins anew: FAISS files of an older one must
            # not pass for the new one's.
            discard_vectors(vectors)
        last = _readable_description(store) if rebuild else store.description()
        before = None if rebuild else last
        if before is not None:
            _require_same_settings(before, encoder, settings, vectors)
        known = {} if before is None else {record.file: record for record in store.documents()}
        added, changed, removed = _compare(documents, known)
        prepared = [_prepare(documents[file], encoder, settings) for file in (*added, *changed)]
        embeddings = _embed(prepared, encoder, settings.sentence_vectors, progress)

        description = _description(corpus, encoder, settings, last)
        if (
            before is None
            or added
            or changed
            or removed
            or before.corpus != description.corpus
            or store.refusals() != set(extractor.refusals)
        ):
            with store.transaction():
                # Another process may have written while this one embedded.
                if not rebuild and store.description() != before:
                    raise IndexStateError(
                        f"Another process has just updated the index in {vectors}; "
                        "run the command again."
                    )
                if before is None:
                    store.clear()
                for file in (*removed, *changed):
                    store.remove(file)
                for item, (passage_vectors, sentence_vectors) in zip(
                    prepared, embeddings, strict=True
                ):
                    store.add(
                        item.document,
                        item.passages,
                        passage_vectors,
                        item.sentences,
                        sentence_vectors,
                    )
                store.refuse(extractor.refusals)
                store.describe(description)
            save_vectors(vectors, store, description.generation)
        elif open_vectors(vectors, store, before.generation).rebuilt:
            save_vectors(vectors, store, before.generation)
        elsewhere = before is not None and before.corpus != description.corpus
        return IndexReport(
            documents=len(documents),
            passages=store.passage_count(),
            added=tuple(added),
            changed=tuple(changed),
            removed=tuple(removed),
            skipped=tuple(skipped),
            moved_from=before.corpus if elsewhere and before is not None else None,
        )


def _readable_description(store: Store) -> IndexDescription | None:
    """What a store of whatever state says of itself: generations go on where the last one ended."""
    try:
        return store.description()
    except StoreError:
        return None


class _Extractions:
    """What an index holds of files that were parsed; those that could not be are tried again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def recalled(self, sha256: str, ending: str, limits: str) -> Extracted | None:
        outcome = self._store.recalled(sha256, ending, limits)
        return None if isinstance(outcome, str) else outcome


@contextmanager
def _extractions(vectors: Path, rebuild: bool) -> Iterator[Memory | None]:
    """The extractions of the index as it is; none where it is to be built anew."""
    try:
        store = None if rebuild else Store.open(vectors)
    except (IndexStateError, StoreError):
        store = None  # what is wrong with it is said when it is opened for writing
    if store is None:
        yield None
        return
    with store:
        yield _Extractions(store)


def changed_files(
    corpus: Path, store: Store, max_file_bytes: int, limits: Limits | None = None
) -> list[str]:
    """Files that are new, gone or different since the index was built; empty when it is up to date.

    What is not plain text is parsed only if it is new.
    """
    extractor = Extractor(limits, memory=store)
    documents: dict[str, Document] = {
        item.file: item
        for item in read_corpus(corpus, max_file_bytes, extractor=extractor)
        if isinstance(item, Document)
    }
    extractor.close()
    known = {record.file: record for record in store.documents()}
    added, changed, removed = _compare(documents, known)
    return sorted((*added, *changed, *removed))


def _read(
    corpus: Path, max_file_bytes: int, progress: Progress | None, extractor: Extractor
) -> tuple[dict[str, Document], list[Skipped]]:
    documents: dict[str, Document] = {}
    skipped: list[Skipped] = []

    def on_file(done: int, total: int) -> None:
        if progress is not None:
            progress("reading", done, total)

    for item in read_corpus(corpus, max_file_bytes, on_file, extractor):
        if isinstance(item, Skipped):
            skipped.append(item)
        else:
            documents[item.file] = item
    if not documents:
        reasons = "".join(f"\n  skipped {item.file}: {item.reason}" for item in skipped)
        raise CorpusError(
            f"The corpus folder {corpus} holds no text to read; "
            f"put .txt, .md or .pdf files there, or name another with --corpus DIR.{reasons}"
        )
    return documents, skipped


def _compare(
    documents: Mapping[str, Document], known: Mapping[str, DocumentRecord]
) -> tuple[list[str], list[str], list[str]]:
    """Files that are new, files that are different, and files that are gone."""
    added = [file for file in documents if file not in known]
    changed = [
        file
        for file, document in documents.items()
        if file in known and _identity(document) != _identity(known[file])
    ]
    removed = [file for file in known if file not in documents]
    return added, changed, removed


def _identity(item: Document | DocumentRecord) -> tuple[str, str, date | None]:
    return item.sha256, item.title, item.date


def _prepare(document: Document, encoder: Encoder, settings: Settings) -> _Prepared:
    header = header_of(document.title, document.date)
    if encoder.count_tokens(header) > encoder.max_tokens - SMALLEST_ROOM:
        header = ""  # it would push the passage out of what the encoder sees
    passages = split_passages(
        document.text,
        header=header,
        count_tokens=encoder.count_tokens,
        max_tokens=encoder.max_tokens,
        max_words=settings.passage_words,
    )
    sentences = sorted({span for passage in passages for span in passage.sentences})
    return _Prepared(document, header, passages, sentences)


def _embed(
    prepared: Sequence[_Prepared],
    encoder: Encoder,
    sentence_vectors: bool,
    progress: Progress | None,
) -> list[tuple[Vectors, list[Vectors | None]]]:
    """Vectors of all passages and sentences, embedded in one run and dealt back per document."""
    texts: list[str] = []
    for item in prepared:
        text = item.document.text
        texts.extend(item.header + passage.span.of(text) for passage in item.passages)
        if sentence_vectors:
            texts.extend(_sentences_in_context(item))

    def on_batch(done: int, total: int) -> None:
        if progress is not None:
            progress("embedding", done, total)

    if texts:
        on_batch(0, len(texts))  # the first batch takes a while, and nothing may say "reading" then
    vectors = (
        encoder.embed_documents(texts, on_batch)
        if texts
        else np.empty((0, encoder.dimension), dtype=np.float32)
    )
    dealt: list[tuple[Vectors, list[Vectors | None]]] = []
    position = 0
    for item in prepared:
        of_passages = vectors[position : position + len(item.passages)]
        position += len(item.passages)
        of_sentences: list[Vectors | None] = []
        for span in item.sentences:
            if sentence_vectors and _says_something(span.of(item.document.text)):
                of_sentences.append(vectors[position])
                position += 1
            else:
                of_sentences.append(None)
        dealt.append((of_passages, of_sentences))
    return dealt


def _sentences_in_context(item: _Prepared) -> Iterator[str]:
    """The sentences that get a vector, each with the header and the sentence before it in front.

    "Their number is growing by dozens of percent" says nothing without the sentence before it.
    """
    text = item.document.text
    before = ""
    for span in item.sentences:
        sentence = span.of(text)
        if _says_something(sentence):
            yield f"{item.header}{before}{sentence}"
            before = f"{sentence} "


def _says_something(sentence: str) -> bool:
    """False for separators such as ``* * *``, which are nobody's nearest sentence."""
    return sum(character.isalnum() for character in sentence) > 3


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
    corpus: Path, encoder: Encoder, settings: Settings, before: IndexDescription | None
) -> IndexDescription:
    return IndexDescription(
        format_version=FORMAT_VERSION,
        generation=before.generation + 1 if before is not None else 1,
        corpus=str(corpus.resolve()),
        encoder_name=encoder.name,
        encoder_digest=encoder.digest,
        dimension=encoder.dimension,
        passage_words=settings.passage_words,
        sentence_vectors=settings.sentence_vectors,
    )
