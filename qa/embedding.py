"""What is embedded of a document, and the embedding of many: group by group, each chunk kept at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qa.documents import Document
from qa.models.encoder import CHUNK, Encoder, Vectors
from qa.passages import SMALLEST_ROOM, header_of, split_passages
from qa.settings import Settings
from qa.store import Store
from qa.unfinished import UnfinishedVectors

__all__ = ["add_without_vectors", "embed_added"]

#: Texts in memory at once. They are embedded longest first, so that a batch holds texts of one length.
GROUP = 4096


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A text that a row of the store needs the vector of."""

    table: str
    row: int
    text: str


def add_without_vectors(
    store: Store,
    document: Document,
    encoder: Encoder,
    settings: Settings,
    *,
    stamp: str,
    generation: int,
) -> int:
    """Cut a document and record it, zeros where its vectors will be; how many there will be."""
    passages = split_passages(
        document.text,
        header=_header(document, encoder),
        count_tokens=encoder.count_tokens,
        max_tokens=encoder.max_tokens,
        max_words=settings.passage_words,
    )
    sentences = sorted({span for passage in passages for span in passage.sentences})
    zeros: Vectors = np.zeros((len(passages), encoder.dimension), dtype=np.float32)
    embedded = [
        settings.sentence_vectors and _says_something(span.of(document.text)) for span in sentences
    ]
    zero = np.zeros(encoder.dimension, dtype=np.float32)
    of_sentences = [zero if wanted else None for wanted in embedded]
    store.add(
        document, passages, zeros, sentences, of_sentences, stamp=stamp, generation=generation
    )
    return len(passages) + sum(embedded)


def embed_added(
    store: Store,
    generation: int,
    encoder: Encoder,
    unfinished: UnfinishedVectors,
    on_done: Callable[[int], None],
) -> None:
    """Give the documents that came with ``generation`` their vectors; only inside a transaction.

    Those that ``unfinished`` holds are taken from there. Which texts share a batch depends on the texts
    alone, and so do the last digits of their vectors: an update that goes on where another was cut off
    comes to the same bytes. ``on_done`` gets the count of vectors so far.
    """
    done = 0
    group: list[_Wanted] = []
    for id_ in store.documents_since(generation - 1):
        group.extend(_wanted(store, id_, encoder))
        while len(group) >= GROUP:
            _embed(group[:GROUP], done, store, encoder, unfinished, on_done)
            done += GROUP
            del group[:GROUP]
    _embed(group, done, store, encoder, unfinished, on_done)


def _embed(
    group: Sequence[_Wanted],
    done: int,
    store: Store,
    encoder: Encoder,
    unfinished: UnfinishedVectors,
    on_done: Callable[[int], None],
) -> None:
    texts = list(dict.fromkeys(wanted.text for wanted in group))
    vectors = unfinished.find(texts)
    missing = sorted((text for text in texts if text not in vectors), key=len, reverse=True)
    for start in range(0, len(missing), CHUNK):
        chunk = missing[start : start + CHUNK]
        so_far = done + len(vectors)

        def on_batch(of_chunk: int, _: int, so_far: int = so_far) -> None:
            on_done(so_far + of_chunk)

        embedded = encoder.embed_documents(chunk, on_batch)
        unfinished.keep(chunk, embedded)
        vectors.update(zip(chunk, embedded, strict=True))
    for table in ("passages", "sentences"):
        store.set_vectors(table, ((w.row, vectors[w.text]) for w in group if w.table == table))
    on_done(done + len(group))


def _wanted(store: Store, id_: int, encoder: Encoder) -> Iterator[_Wanted]:
    """The texts of a document: passages with the header, sentences with the one before them too.

    "Their number is growing by dozens of percent" says nothing without the sentence before it.
    """
    document = store.document(id_)
    header = _header(document, encoder)
    for row, span in store.spans_with_vectors("passages", id_):
        yield _Wanted("passages", row, header + span.of(document.text))
    before = ""
    for row, span in store.spans_with_vectors("sentences", id_):
        sentence = span.of(document.text)
        yield _Wanted("sentences", row, f"{header}{before}{sentence}")
        before = f"{sentence} "


def _header(document: Document, encoder: Encoder) -> str:
    header = header_of(document.title, document.date)
    if encoder.count_tokens(header) > encoder.max_tokens - SMALLEST_ROOM:
        return ""  # it would push the passage out of what the encoder sees
    return header


def _says_something(sentence: str) -> bool:
    """False for separators such as ``* * *``, which are nobody's nearest sentence."""
    return sum(character.isalnum() for character in sentence) > 3
