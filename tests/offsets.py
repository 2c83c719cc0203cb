"""The law, held against one document on its whole way: bytes, text, sentences, passages, store and back."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import strategies as st

from qa.documents import document_from
from qa.errors import DocumentError
from qa.passages import split_passages
from qa.sentences import sentences
from qa.store import Store
from tests.fakes import FakeEncoder
from tests.strategies import prose, texts

__all__ = ["files", "holds", "open_store"]

_ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le-sig", "utf-16-be-sig"])

#: Any text, as the bytes of a file in any encoding that is read.
files: st.SearchStrategy[tuple[str, bytes]] = st.tuples(
    st.one_of(texts, prose, st.lists(st.one_of(texts, prose), max_size=4).map("\n".join)),
    _ENCODINGS,
).map(lambda pair: (pair[0], _encoded(*pair)))


def _encoded(text: str, encoding: str) -> bytes:
    if encoding in ("utf-16-le-sig", "utf-16-be-sig"):
        encoding = encoding.removesuffix("-sig")
        return ("\ufeff" + text).encode(encoding)
    return text.encode(encoding)


def holds(store: Store, text: str, data: bytes) -> int:
    """Assert it for one file, whose text is ``text``, and return how many quotes were looked at.

    ``store`` is in a transaction. A file that is refused (empty, or binary) has none.
    """
    file = f"{hashlib.sha256(data).hexdigest()}.txt"
    try:
        document = document_from(file, data)
    except DocumentError:
        assert "\0" in text or not text.removeprefix("\ufeff").strip()
        return 0
    # A byte order mark is no part of the text; in UTF-8 a text may begin like one.
    assert document.text in (text, text.removeprefix("\ufeff"))
    text = document.text
    encoder = FakeEncoder()
    passages = split_passages(
        text, header="", count_tokens=encoder.count_tokens, max_tokens=60, max_words=40
    )
    spans = sorted({span for passage in passages for span in passage.sentences})
    vectors = encoder.embed_documents([passage.span.of(text) for passage in passages])
    store.remove(file)
    store.add(document, passages, vectors, spans, [None] * len(spans))
    stored = next(record for record in store.documents() if record.file == file)
    back = store.document(stored.id)
    assert (back.text, back.sha256) == (text, hashlib.sha256(data).hexdigest())
    quotes = 0
    for id_ in store.passages_of([stored.id]):
        record = store.passage(id_)
        assert back.text[record.span.start : record.span.end].strip()
        for sentence in record.sentences:
            span = sentence.span
            quote = span.of(text)
            assert back.text[span.start : span.end] == quote == quote.strip() != ""
            line, column = back.lines.position(span.start)
            assert back.lines.start_of(line) + column - 1 == span.start
            quotes += 1
    # Nothing that can be seen is left out: what no passage covers is white space.
    covered = bytearray(len(text))
    for span in spans:
        covered[span.start : span.end] = b"\1" * len(span)
    assert not "".join(c for c, inside in zip(text, covered, strict=True) if not inside).strip()
    assert all(any(span.covers(s) or s.covers(span) for span in spans) for s in sentences(text))
    store.remove(file)
    return quotes


def open_store(folder: Path) -> Store:
    """An empty store in ``folder``."""
    store = Store.open_for_writing(folder)
    with store.transaction():
        store.clear()
    return store
