"""A session: one corpus, its index and models opened once, any number of questions asked of it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qa.answer import Citation, Reply, make_reply, with_file_states
from qa.calibration import load_calibration
from qa.candidates import Candidate, Reader
from qa.corpus import FileState, corpus_files, file_state
from qa.dialogue import Reading, plausibility, readings
from qa.documents import Document
from qa.errors import IndexStateError, QuestionError
from qa.evidence import Calibrator, Evidence, evidence_of
from qa.formats.extracted import Limits
from qa.indexing import IndexReport, Progress, changed_files, update_index
from qa.loading import LoadedReader, loading
from qa.models.encoder import Encoder, EncoderLoader, deferred_encoder, load_encoder
from qa.retrieval import Retrieval, retrieve
from qa.roots import corpus_words, identity_of
from qa.schema import DocumentRecord, IndexDescription
from qa.settings import Settings, index_command
from qa.store import Store
from qa.vectors import VectorIndex, open_vectors

__all__ = [
    "Inquiry",
    "Session",
    "build_index",
    "index_exists",
    "list_sources",
    "require_question",
]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A reply with everything it was chosen from."""

    reply: Reply
    retrieval: Retrieval
    candidates: tuple[Candidate, ...]
    documents: Mapping[str, Document]
    """The cited documents, by file, of the same generation of the index as the reply."""
    files: Mapping[int, str] = field(default_factory=dict)
    """The files of the retrieved passages' documents, by their ids, of that same generation."""

    @property
    def evidence(self) -> Evidence | None:
        """What the confidence rests on; ``None`` where no sentence could answer."""
        return evidence_of(self.retrieval, self.candidates)


class Session:
    """Answers questions about one corpus. May be called from any thread, one question at a time."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        vectors: VectorIndex,
        encoder: Encoder,
        reader: Reader,
        calibrator: Calibrator,
        made_for: str = "",
        stale_calibration: bool = False,
    ) -> None:
        self.settings = settings
        self.made_for = made_for
        """What a calibration made with this session holds for: its reader and its encoder."""
        self.stale_calibration = stale_calibration
        """A calibration lies with the index, but made for another reader or encoder: it is not used."""
        self._store = store
        self._vectors = vectors
        self._encoder = encoder
        self._reader = reader
        self._calibrator = calibrator
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        encoder: Encoder | None = None,
        reader: LoadedReader | None = None,
        load: EncoderLoader = load_encoder,
        as_shipped: bool = False,
        at_once: int = 1,
    ) -> Session:
        """Open the index and load the models; slow the first time in a process.

        Nothing is written. ``encoder`` and ``reader`` are ones that are loaded already; ``as_shipped``
        leaves out the calibration that is stored with the index. The cores are shared by ``at_once``
        sessions that answer at the same time: this one and those :meth:`beside` it.

        Raises:
            IndexStateError: no index, or one of another corpus, model or format.
            StoreError: the store or the calibration is corrupt.
            ModelError: the model cannot be loaded.
        """
        store = Store.open(settings.vectors)
        try:
            description = _described(store, settings)
            with loading(settings.reader, at_once, reader) as loaded_reader:
                encoder = encoder if encoder is not None else load(settings.model)
                _require_encoder(description, encoder, settings)
                with store.snapshot():
                    vectors = open_vectors(
                        settings.vectors, store, description.generation, settings.clusters_searched
                    )
                own = None if as_shipped else load_calibration(settings.vectors)
                loaded = loaded_reader()
            made_for = f"{loaded.identity} with {description.encoder_digest}"
            fitting = own is not None and own.made_for == made_for
            calibrator = own.calibrator if own is not None and fitting else loaded.calibrator
            return cls(
                settings,
                store,
                vectors,
                encoder,
                loaded.reader,
                calibrator,
                made_for,
                stale_calibration=own is not None and not fitting,
            )
        except BaseException:
            store.close()
            raise

    def beside(self) -> Session:
        """Another session on the same index with the same models, to answer at the same time.

        Raises:
            IndexStateError, StoreError: as :meth:`open`.
        """
        store = Store.open(self.settings.vectors)
        return Session(
            self.settings,
            store,
            replace(self._vectors, store=store),
            self._encoder,
            self._reader,
            self._calibrator,
            self.made_for,
            self.stale_calibration,
        )

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def adjust(self, *, threshold: float | None, citations: int) -> None:
        """Answer with this threshold and so many citations from the next question on.

        Raises:
            UsageError: one of them is out of range.
        """
        with self._lock:
            self.settings = replace(self.settings, threshold=threshold, citations=citations)

    def ask(self, question: str, earlier: Sequence[Reply] = ()) -> Reply:
        """The reply to ``question``, after the replies of the dialogue so far, oldest first.

        Raises:
            QuestionError: it is empty or too long.
            StoreError: the store has become unreadable.
        """
        return self.inquire(question, earlier=earlier).reply

    def inquire(
        self,
        question: str,
        *,
        files: Collection[str] | None = None,
        earlier: Sequence[Reply] = (),
    ) -> Inquiry:
        """The reply to ``question`` with the passages and candidates it was chosen from.

        ``files`` keeps the question to these documents; one that the index does not hold is no error.
        ``earlier`` is the dialogue so far: a follow-up question is read in each way it may be meant, and
        the most plausible reply is the one that counts.

        Raises:
            QuestionError, StoreError: as :meth:`ask`.
        """
        question = require_question(question, self.settings.max_question_characters)
        with self._lock, self._store.snapshot():
            self._follow_generation()
            among = None if files is None else self._ids_of(files)
            inquiries = [
                self._inquire(question, reading, among) for reading in readings(question, earlier)
            ]
        best = max(inquiries, key=lambda i: plausibility(question, i.reply, earlier))
        return replace(best, reply=with_file_states(best.reply, self._file_state))

    def _inquire(self, question: str, reading: Reading, among: list[int] | None) -> Inquiry:
        found = retrieve(
            reading.sought,
            store=self._store,
            vectors=self._vectors,
            encoder=self._encoder,
            limit=self.settings.passages_read,
            among=among,
        )
        retrieval = replace(found, question=reading.question)
        candidates = tuple(self._reader.read(retrieval))
        cited: dict[int, Document] = {}

        def document(id_: int) -> Document:
            if id_ not in cited:
                cited[id_] = self._store.document(id_)
            return cited[id_]

        reply = make_reply(
            retrieval,
            candidates,
            document=document,
            calibrator=self._calibrator,
            threshold=self.settings.threshold,
            limit=self.settings.citations,
        )
        understood_as = reading.sought if reading.sought != question else None
        reply = replace(reply, question=question, understood_as=understood_as)
        files = self._store.files_of({passage.document for passage in retrieval.passages})
        return Inquiry(reply, retrieval, candidates, {d.file: d for d in cited.values()}, files)

    def document(self, file: str) -> Document | None:
        """The document of that file as it was indexed, or ``None`` if the index does not hold it."""
        with self._lock, self._store.snapshot():
            for record in self._store.documents():
                if record.file == file:
                    return self._store.document(record.id)
        return None

    def documents(self) -> list[DocumentRecord]:
        """All documents of the index, by file name."""
        with self._lock, self._store.snapshot():
            return self._store.documents()

    def changed_files(self) -> list[str]:
        """Files of the corpus that are not as they were indexed."""
        with self._lock:
            settings = self.settings
            return changed_files(
                settings.corpus, self._store, settings.max_file_bytes, Limits.of(settings)
            )

    def _file_state(self, citation: Citation) -> FileState:
        return file_state(
            self.settings.corpus, citation.file, citation.sha256, self.settings.max_file_bytes
        )

    def _ids_of(self, files: Collection[str]) -> list[int]:
        return [record.id for record in self._store.documents() if record.file in files]

    def _follow_generation(self) -> None:
        """Take up what another process has indexed since; store and vectors always of one generation."""
        description = _described(self._store, self.settings)
        if description.generation != self._vectors.generation:
            _require_encoder(description, self._encoder, self.settings)
            self._vectors = open_vectors(
                self.settings.vectors,
                self._store,
                description.generation,
                self.settings.clusters_searched,
            )


def build_index(
    settings: Settings,
    *,
    progress: Progress | None = None,
    rebuild: bool = False,
    verify: bool = False,
    load: EncoderLoader = deferred_encoder,
) -> tuple[IndexReport, Encoder]:
    """Bring the index up to date; the encoder comes back, for a session to go on with.

    An embedded one is loaded only if it was needed.

    Raises:
        CorpusError, IndexStateError, StoreError, ModelError: as :func:`qa.indexing.update_index`.
    """
    encoder = load(settings.model)
    report = update_index(settings, encoder, progress=progress, rebuild=rebuild, verify=verify)
    return report, encoder


def index_exists(folder: Path) -> bool:
    """True if there is an index in ``folder``, in whatever state."""
    return Store.exists(folder)


def list_sources(settings: Settings) -> list[DocumentRecord]:
    """The documents of the index, without loading a model.

    Raises:
        IndexStateError, StoreError: as :meth:`Session.open`.
    """
    with Store.open(settings.vectors) as store:
        _described(store, settings)
        return store.documents()


def require_question(question: str, longest: int) -> str:
    """``question`` in one line, if it is one.

    Raises:
        QuestionError: it is empty or longer than ``longest`` characters.
    """
    question = " ".join(question.split())
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise QuestionError("The question is not UTF-8 text; type it again.")
    if not any(character.isalnum() for character in question):
        raise QuestionError("The question is empty; ask something in words.")
    if len(question) > longest:
        raise QuestionError(
            f"The question has {len(question):,} characters and {longest:,} are allowed; "
            "ask it shorter, or raise max_question_characters in qa.toml."
        )
    return question


def _described(store: Store, settings: Settings) -> IndexDescription:
    description = store.description()
    if description is None:
        raise IndexStateError(f"The index in {settings.vectors} is empty; build it with: qa index")
    if description.corpus != identity_of(settings.corpus):
        corpus_files(settings.corpus)  # a folder that is not there is the nearer mistake
        raise IndexStateError(
            f"The index in {settings.vectors} is of the folder {corpus_words(description.corpus)} and "
            f"not of {corpus_words(settings.corpus)}; give that one with --corpus, or run: "
            f"{index_command(replace(settings, vectors=Path('ANOTHER_FOLDER')))}"
        )
    return description


def _require_encoder(description: IndexDescription, encoder: Encoder, settings: Settings) -> None:
    if description.encoder_digest != encoder.digest:
        raise IndexStateError(
            f"The index in {settings.vectors} was built with the model {description.encoder_name} "
            f"and not with {encoder.name}; ask with --model {description.encoder_name}, "
            f"or build it anew with: qa index --rebuild --model {encoder.name}"
        )
