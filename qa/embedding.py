"""What is embedded of a document, and the embedding of many: group by group, each chunk kept at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qa.documents import Document
from qa.formats.endings import format_of
from qa.models.encoder import Encoder, Vectors
from qa.models.passage_texts import PassageText
from qa.passages import SMALLEST_ROOM, header_of, split_passages
from qa.sections import Sections
from qa.settings import Settings
from qa.store import Store
from qa.unfinished import UnfinishedVectors

__all__ = ["add_without_vectors", "embed_added"]

#: Passages in memory at once. They are embedded longest first, so that a batch holds texts of one length.
GROUP = 1024
#: Passages embedded and kept at once: so often is progress told, and so soon a cancelled index stops.
CHUNK = 16


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A passage whose row, and the rows of some of its sentences, need vectors."""

    row: int
    sentences: tuple[int, ...]
    passage: PassageText

    @property
    def key(self) -> str:
        """What its vectors are made of: passages of one key have the same."""
        cuts = [self.passage.sentences[place] for place in self.passage.wanted]
        return f"{self.passage.text}\0{[(cut.start, cut.end) for cut in cuts]}"


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
    sections = Sections(document.text, document.marks, document.title)
    passages = split_passages(
        document.text,
        header=_header(document, encoder),
        count_tokens=encoder.count_tokens,
        max_tokens=encoder.max_tokens,
        max_words=settings.passage_words,
        section_at=sections.above,
        together=sections.together,
        menus=format_of(document.file).may_hold_menus,
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
            done = _embed(group[:GROUP], done, store, encoder, unfinished, on_done)
            del group[:GROUP]
    _embed(group, done, store, encoder, unfinished, on_done)


def _embed(
    group: Sequence[_Wanted],
    done: int,
    store: Store,
    encoder: Encoder,
    unfinished: UnfinishedVectors,
    on_done: Callable[[int], None],
) -> int:
    """Embed a group of passages; the count of vectors after it."""
    passages = {wanted.key: wanted.passage for wanted in group}
    vectors = unfinished.find(passages)
    so_far = done + sum(map(len, vectors.values()))
    missing = sorted(
        (key for key in passages if key not in vectors),
        key=lambda key: len(passages[key].text),
        reverse=True,
    )
    for start in range(0, len(missing), CHUNK):
        chunk = missing[start : start + CHUNK]

        def on_batch(of_chunk: int, _: int, so_far: int = so_far) -> None:
            on_done(so_far + of_chunk)

        embedded = encoder.embed_passages([passages[key] for key in chunk], on_batch)
        unfinished.keep(chunk, embedded)
        vectors.update(zip(chunk, embedded, strict=True))
        so_far += sum(map(len, embedded))
    store.set_vectors("passages", ((wanted.row, vectors[wanted.key][0]) for wanted in group))
    store.set_vectors(
        "sentences",
        (
            row
            for wanted in group
            for row in zip(wanted.sentences, vectors[wanted.key][1:], strict=True)
        ),
    )
    done += sum(1 + len(wanted.sentences) for wanted in group)
    on_done(done)
    return done


def _wanted(store: Store, id_: int, encoder: Encoder) -> Iterator[_Wanted]:
    """The passages of a document; a sentence that two of them share belongs to the first."""
    document = store.document(id_)
    title = _header(document, encoder)
    left = {row for row, _ in store.spans_with_vectors("sentences", id_)}
    for row, span in store.spans_with_vectors("passages", id_):
        passage = store.passage(row)
        sentences = passage.sentences
        header = title + passage.section.lines
        wanted = tuple(place for place, s in enumerate(sentences) if s.id in left)
        rows = tuple(sentences[place].id for place in wanted)
        left.difference_update(rows)
        at = span.start - len(header)
        cuts = tuple(sentence.span.counted_from(at) for sentence in sentences)
        text = header + span.of(document.text)
        yield _Wanted(row, rows, PassageText(text, len(header), cuts, wanted))


def _header(document: Document, encoder: Encoder) -> str:
    """What is before all passages of a document: its title and date."""
    header = header_of(document.title, document.date)
    if encoder.count_tokens(header) > encoder.max_tokens - SMALLEST_ROOM:
        return ""  # it would push the passage out of what the encoder sees
    return header


def _says_something(sentence: str) -> bool:
    """False for separators such as ``* * *``, which are nobody's nearest sentence."""
    return sum(character.isalnum() for character in sentence) > 3
