"""What was saved of a reply, back: the reply itself, and the documents that it cites.

The inverse of :func:`qa.render.as_data`, but for scores, which were rounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from qa.agreement import Agreement
from qa.answer import Answer, Citation, NoAnswer, Reply, Scores, Stage
from qa.corpus import FileState, resolved_inside
from qa.documents import Document, document_from, read_bytes
from qa.errors import DocumentError, IndexStateError, StoreError
from qa.formats.endings import is_text
from qa.formats.extracted import Limits
from qa.formats.extractor import Extractor
from qa.settings import Settings
from qa.store import Store
from qa.text import Span

__all__ = ["cited_document", "reply_of"]


def reply_of(data: Mapping[str, Any]) -> Reply:
    """The reply that ``data`` was made from.

    Raises:
        StoreError: it is no reply, as can be in a file that was changed by hand.
    """
    try:
        question, confidence = _text(data["question"]), float(data["confidence"])
        citations = tuple(_citation(citation) for citation in data["citations"])
        if data["status"] == "answered":
            if not citations or data["answer"] != citations[0].quote:
                raise ValueError("its answer is not the quote of its first citation")
            return Answer(
                question,
                citations[0].quote,
                confidence,
                citations,
                agreeing=_texts(data["agreement"]["agreeing"]),
                conflicting=_texts(data["agreement"]["conflicting"]),
                understood_as=_text_or_none(data["understood_as"]),
            )
        rejected, refusal = data["rejected"], data["refusal"]
        return NoAnswer(
            question,
            _text(data["reason"]),
            confidence,
            _citation(rejected) if rejected is not None else None,
            stage=Stage(refusal["stage"]),
            needed=float(refusal["needed"]) if refusal["needed"] is not None else None,
            missing=_texts(refusal["missing_words"]),
            understood_as=_text_or_none(data["understood_as"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise StoreError(
            f"A kept reply cannot be read ({reason}); ask its question again."
        ) from error


def cited_document(settings: Settings, citation: Citation) -> Document | None:
    """The document that ``citation`` was cut from, of the file as it is, or as it was indexed.

    ``None`` where both have another text by now: offsets hold in the one that was cited alone. Reads the
    whole file; what would have to be parsed is looked for in the index first.
    """
    for look in (_in_folder, _in_index) if is_text(citation.file) else (_in_index, _in_folder):
        document = look(settings, citation)
        if document is not None and _stands_in(document.text, citation):
            return document
    return None


def _in_folder(settings: Settings, citation: Citation) -> Document | None:
    path = resolved_inside(settings.corpus, citation.file)
    try:
        data = read_bytes(path, settings.max_file_bytes) if path is not None else b""
        if hashlib.sha256(data).hexdigest() == citation.sha256:
            extractor = Extractor(Limits.of(settings))
            return document_from(citation.file, data, extractor=extractor)
    except DocumentError:
        pass  # the index may still hold its text
    return None


def _in_index(settings: Settings, citation: Citation) -> Document | None:
    try:
        with Store.open(settings.vectors) as store:
            for record in store.documents():
                if (record.file, record.sha256) == (citation.file, citation.sha256):
                    return store.document(record.id)
    except (IndexStateError, StoreError):
        pass  # what is wrong with the index is said when it is asked
    return None


def _stands_in(text: str, citation: Citation) -> bool:
    return (
        citation.span.of(text) == citation.quote
        and citation.sentence.of(text) == citation.sentence_text
    )


def _citation(values: Mapping[str, Any]) -> Citation:
    span, sentence = _span(values), _span(values["sentence"])
    quote, sentence_text = _text(values["quote"]), _text(values["sentence"]["text"])
    inside = Span(max(span.start - sentence.start, 0), max(span.end - sentence.start, 0))
    if not sentence.covers(span) or inside.of(sentence_text) != quote:
        raise ValueError("a citation's quote does not stand in its sentence")
    day, scores = values["date"], values["scores"]
    return Citation(
        n=int(values["n"]),
        file=_text(values["file"]),
        sha256=_text(values["sha256"]),
        title=_text(values["title"]),
        date=date.fromisoformat(day) if day is not None else None,
        span=span,
        quote=quote,
        line=int(values["line"]),
        column=int(values["column"]),
        sentence=sentence,
        sentence_text=sentence_text,
        passage=_span(values["passage"]),
        scores=Scores(float(scores["dense"]), float(scores["lexical"]), float(scores["reader"])),
        agrees=bool(values["agrees"]),
        agreement=Agreement(values["agreement"]),
        prefix=_text(values["sentence"]["prefix"]),
        suffix=_text(values["sentence"]["suffix"]),
        file_state=FileState(
            values.get("file_state", FileState.UNCHANGED)
        ),  # older ones do not say
        location=_text_or_none(values.get("location")),
    )


def _span(values: Mapping[str, Any]) -> Span:
    return Span(int(values["start"]), int(values["end"]))


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(_text(value) for value in values)


def _text_or_none(value: Any) -> str | None:
    return _text(value) if value is not None else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value
