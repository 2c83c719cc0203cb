"""What the store holds: its tables, and the records that are read from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from qa.models.encoder import Vectors
from qa.sections import Section
from qa.text import Span

__all__ = [
    "CLUSTERS_TABLE",
    "FORMAT_VERSION",
    "POSTINGS_TABLES",
    "TABLES",
    "TABLE_NAMES",
    "Clusters",
    "DocumentRecord",
    "IndexDescription",
    "PassageRecord",
    "SentenceRecord",
]

#: Raised whenever a store written before cannot be read as it is any more.
FORMAT_VERSION = 7

TABLES = """
CREATE TABLE description (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    title TEXT NOT NULL, date TEXT, stamp TEXT NOT NULL, generation INTEGER NOT NULL,
    declared_title TEXT, declared_date TEXT, text_sha256 TEXT NOT NULL,
    marks TEXT NOT NULL, text TEXT NOT NULL -- last, so that a list of documents is read without these
);
CREATE INDEX documents_by_digest ON documents (sha256);
CREATE TABLE refused (
    sha256 TEXT NOT NULL, ending TEXT NOT NULL, limits TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (sha256, ending)
) WITHOUT ROWID;
CREATE TABLE sentences (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, embedding BLOB
);
CREATE INDEX sentences_of_document ON sentences (document);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, prose INTEGER NOT NULL,
    section TEXT NOT NULL, columns TEXT NOT NULL,
    first_sentence INTEGER NOT NULL, last_sentence INTEGER NOT NULL, embedding BLOB NOT NULL
);
CREATE INDEX passages_of_document ON passages (document);
CREATE INDEX passages_by_sentence ON passages (first_sentence, last_sentence);
CREATE VIRTUAL TABLE passage_words USING fts5 (
    header, body, tokenize = "porter unicode61 remove_diacritics 2"
);
"""

#: Of a large index only, so that a small one is as it was before there were any (:mod:`qa.clustering`,
#: :mod:`qa.postings`).
CLUSTERS_TABLE = """
CREATE TABLE IF NOT EXISTS clusters (
    kind TEXT PRIMARY KEY, vectors INTEGER NOT NULL, generation INTEGER NOT NULL,
    centroids BLOB NOT NULL, ranges BLOB NOT NULL
)
"""
POSTINGS_TABLES = (
    "CREATE TABLE postings ("
    "id INTEGER PRIMARY KEY, term TEXT NOT NULL, first INTEGER NOT NULL, rows BLOB NOT NULL)",
    "CREATE UNIQUE INDEX postings_of_term ON postings (term, first)",
    "CREATE TABLE posting_totals (passages INTEGER NOT NULL, words INTEGER NOT NULL)",
)

#: In an order in which they can be dropped.
TABLE_NAMES = (
    *("postings", "posting_totals", "clusters"),
    *("passage_words", "passages", "sentences", "documents", "refused", "description"),
)


@dataclass(frozen=True, slots=True)
class IndexDescription:
    """What an index was built from and with; a reader of it must match."""

    format_version: int
    generation: int
    """Counts the transactions that changed the store; the FAISS files carry it too."""
    corpus: str
    encoder_name: str
    encoder_digest: str
    dimension: int
    passage_words: int
    sentence_vectors: bool


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document as listed, without its text."""

    id: int
    file: str
    sha256: str
    title: str
    date: date | None
    size: int
    passages: int
    stamp: str = ""
    """Tells that the file is as it was without reading it (:mod:`qa.stamps`); empty where nothing can."""


@dataclass(frozen=True, slots=True)
class SentenceRecord:
    """A sentence of a passage, with its stored vector's row id."""

    id: int
    span: Span


@dataclass(frozen=True, slots=True)
class PassageRecord:
    """A stored passage; spans count in its document's text."""

    id: int
    document: int
    span: Span
    prose: bool
    sentences: tuple[SentenceRecord, ...]
    section: Section
    """What stands above it in the document and belongs to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """How a large index groups its vectors and shortens them: what its FAISS file is made with."""

    vectors: int
    """How many there were when this was computed."""
    generation: int
    """The one it was computed in."""
    centroids: Vectors
    """Shape (clusters, dimension)."""
    ranges: Vectors
    """Least value and width of each dimension of what is left of a vector without its centroid, shape
    (2, dimension): a byte stands for 256 steps between."""
