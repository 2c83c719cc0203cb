"""A reply as data, as text, as CSV or as Markdown. Knows no terminal library's widgets."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Sequence
from typing import Any

from qa.agreement import Agreement
from qa.answer import Answer, Citation, NoAnswer, Reply
from qa.formats.endings import is_text
from qa.formats.extracted import PATH_SEPARATOR
from qa.text import displayable, one_line

__all__ = [
    "CSV_COLUMNS",
    "agreement_sentences",
    "as_csv_row",
    "as_data",
    "as_json",
    "as_markdown",
    "as_quotation",
    "as_text",
    "confidence_word",
    "csv_cell",
    "csv_line",
    "markdown_code",
    "markdown_text",
    "marked_sentence",
    "one_line",
    "place_in_words",
    "refusal_line",
    "source_line",
    "standing_in_words",
]

CSV_COLUMNS = (
    "id",
    "question",
    "status",
    "answer",
    "confidence",
    "reason",
    "stage",
    "file",
    "line",
    "location",
    "title",
    "date",
    "sentence",
    "agreeing",
    "conflicting",
    "stale",
    "understood_as",
    "elapsed_ms",
)
_BOLD, _DIM, _REVERSE, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[7m", "\x1b[0m"
#: A cell that a spreadsheet would run as a formula starts like this (OWASP, "CSV Injection"), the wide forms
#: of East Asian scripts among them. One that has the escape already gets another: so it can be taken back.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def as_data(reply: Reply, *, id_: str, elapsed_ms: int) -> dict[str, Any]:
    """The reply as the documented JSON object; all text is verbatim, offsets count characters."""
    answered = isinstance(reply, Answer)
    rejected = reply.rejected if isinstance(reply, NoAnswer) else None
    return {
        "id": id_,
        "question": reply.question,
        "understood_as": reply.understood_as,
        "status": "answered" if answered else "no_answer",
        "answer": reply.text if isinstance(reply, Answer) else None,
        "confidence": round(reply.confidence, 4),
        "reason": reply.reason if isinstance(reply, NoAnswer) else None,
        "refusal": {
            "stage": reply.stage.value,
            "needed": round(reply.needed, 4) if reply.needed is not None else None,
            "missing_words": list(reply.missing),
        }
        if isinstance(reply, NoAnswer)
        else None,
        "elapsed_ms": elapsed_ms,
        "citations": [_citation(c) for c in reply.citations] if isinstance(reply, Answer) else [],
        "agreement": {
            "agreeing": list(reply.agreeing),
            "conflicting": list(reply.conflicting),
            "single_source": reply.single_source,
        }
        if isinstance(reply, Answer)
        else None,
        "rejected": _citation(rejected) if rejected is not None else None,
    }


def as_json(data: dict[str, Any] | list[dict[str, Any]], *, indent: int | None = None) -> str:
    """``data`` as JSON; one line without ``indent``."""
    return json.dumps(data, ensure_ascii=False, indent=indent)


def as_text(reply: Reply, *, width: int = 80, colour: bool = False) -> str:
    """The reply for a person at a terminal: the answer, its sentence with it marked, the citations."""

    def styled(style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if colour else text

    opening, closing = (_REVERSE, _PLAIN) if colour else (">>", "<<")
    if isinstance(reply, NoAnswer):
        parts = [styled(_BOLD, "No answer."), _wrapped(displayable(reply.reason), width)]
        parts.append(styled(_DIM, refusal_line(reply.stage)))
        if reply.rejected is not None:
            parts.append(styled(_DIM, "The nearest passage, not good enough to be an answer:"))
            sentence = marked_sentence(reply.rejected, opening, closing)
            parts.append(_wrapped(f"  {sentence}", width, "  "))
            parts.append(f"  {source_line(reply.rejected)}")
        return "\n".join(parts)
    first = reply.citations[0]
    percent = round(reply.confidence * 100)
    parts = [
        styled(_BOLD, _wrapped(one_line(reply.text), width)),
        styled(_DIM, f"confidence {percent}% ({confidence_word(reply.confidence)})"),
        _wrapped(" ".join(agreement_sentences(as_data(reply, id_="", elapsed_ms=0))), width),
        "",
        _wrapped("  " + marked_sentence(first, opening, closing), width, "  "),
        "",
        source_line(first),
    ]
    for citation in reply.citations[1:]:
        stands = standing_in_words(citation.agreement, again=citation.file == first.file)
        parts.append(source_line(citation) + (f" ({stands})" if stands else ""))
        parts.append(_wrapped(f"    {one_line(citation.sentence_text)}", width, "    "))
    return "\n".join(parts)


def standing_in_words(agreement: str | None, *, again: bool) -> str:
    """How a further citation stands to the answer; ``again`` if it is of the same document."""
    if agreement == Agreement.AGREES:
        return "says it again" if again else "says the same"
    return "says otherwise" if agreement == Agreement.CONFLICTS else ""


def refusal_line(stage: str) -> str:
    """Which stage refused, for a person."""
    return f"Refused at the {stage} stage."


def agreement_sentences(data: dict[str, Any], *, conflicts: bool = True) -> list[str]:
    """Which documents agree with an answer and, with ``conflicts``, which contradict it, for a person.

    A cited document is named by its number, any other by its file.
    """
    summary = data["agreement"]
    numbers: dict[str, str] = {}
    for citation in data["citations"]:
        if citation["agreement"] != Agreement.OTHER:
            numbers.setdefault(citation["file"], f"[{citation['n']}]")
    others = [numbers.get(file, file) for file in summary["agreeing"]]
    sentences = [
        "Single source: no other document says the same."
        if summary["single_source"]
        else f"Also in {_listed(others)}."
    ]
    if conflicts:
        for citation in data["citations"]:
            if citation["agreement"] == Agreement.CONFLICTS:
                day = f" ({citation['date']})" if citation["date"] else ""
                sentences.append(f"[{citation['n']}]{day} says otherwise: “{citation['quote']}”.")
    uncited = [file for file in summary["conflicting"] if file not in numbers]
    if uncited:
        sentences.append(f"Otherwise also in {_listed(uncited)}.")
    return [one_line(sentence) for sentence in sentences]


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def confidence_word(confidence: float) -> str:
    """A word for a probability, the same on every surface."""
    for least, word in ((0.85, "high"), (0.6, "good"), (0.35, "fair")):
        if confidence >= least:
            return word
    return "low"


def source_line(citation: Citation) -> str:
    """``[1] title, date, file:line, location``, and if the file is not as it was indexed, that too.

    A document without a date says so by its absence.
    """
    return one_line(f"[{citation.n}] {citation.title}, {_dated_place(citation)}")


def _stale(citation: Citation) -> str:
    return f" ({citation.file_state})" if citation.stale else ""


def _dated_place(citation: Citation) -> str:
    day = f"{citation.date.isoformat()}, " if citation.date is not None else ""
    place = place_in_words(citation.file, citation.line, _below_title(citation))
    return f"{day}{place}{_stale(citation)}"


def _below_title(citation: Citation) -> str | None:
    """The location without the title that a path of headings may begin with: it stands before it already."""
    outermost, _, below = (citation.location or "").partition(PATH_SEPARATOR)
    return below or None if outermost == citation.title else citation.location


def place_in_words(file: str, line: int | None, location: str | None) -> str:
    """``notes.md:12, Trade › Exports`` or ``report.pdf, page 3``: where a person finds it in the original.

    The line is left out where it is one of an extracted text, which no other program shows.
    """
    at = f"{file}:{line}" if line is not None and is_text(file) else file
    return f"{at}, {location}" if location else at


def marked_sentence(citation: Citation, opening: str, closing: str) -> str:
    """The citation's sentence in one line, its span between ``opening`` and ``closing``."""
    text, span = citation.sentence_text, citation.span.counted_from(citation.sentence.start)
    before, quote, after = text[: span.start], span.of(text), text[span.end :]
    return f"{one_line(before)}{opening}{one_line(quote)}{closing}{one_line(after)}"


def as_quotation(citation: Citation) -> str:
    """The quote in one line with where it stands, to be pasted into a text."""
    return one_line(f"“{citation.quote}” ({citation.title}, {_dated_place(citation)})")


def as_csv_row(data: dict[str, Any]) -> list[str]:
    """The cells of :data:`CSV_COLUMNS`, made harmless to a spreadsheet that would run a formula."""
    first = (data["citations"] or [{}])[0]
    values = {
        **data,
        "stage": (data["refusal"] or {}).get("stage"),
        **{key: first.get(key) for key in ("file", "line", "location", "title", "date")},
        "stale": {True: "yes", False: "no"}.get(first.get("stale", "")),
        "sentence": first.get("sentence", {}).get("text"),
        **{
            key: "; ".join((data["agreement"] or {}).get(key, ()))
            for key in ("agreeing", "conflicting")
        },
    }
    return [csv_cell(values[column]) for column in CSV_COLUMNS]


def csv_line(cells: list[str] | tuple[str, ...]) -> str:
    """``cells`` as one line of RFC 4180 CSV, with its line break."""
    stream = io.StringIO()
    # With \r\n as the line's end the writer quotes a cell that holds either character.
    csv.writer(stream, lineterminator="\r\n").writerow(cells)
    return stream.getvalue().removesuffix("\r\n") + "\n"


def as_markdown(data: dict[str, Any], notes: Sequence[str] = ()) -> str:
    """The reply as a section of a Markdown report; ``notes`` on the question stand under it."""
    lines = [f"## {markdown_text(data['question'])}", ""]
    if data.get("understood_as"):
        notes = (f"Understood as: {data['understood_as']}", *notes)
    for note in notes:
        lines += [f"*{markdown_text(note)}*", ""]
    if data["status"] == "answered":
        first = data["citations"][0]
        lines += [f"**{markdown_text(data['answer'])}** (confidence {data['confidence']:.0%})", ""]
        lines += [f"> {markdown_text(first['sentence']['text'])}", ""]
        lines += [markdown_text(" ".join(agreement_sentences(data))), ""]
    else:
        lines += [f"*No answer.* {markdown_text(data['reason'])}", ""]
        lines += [refusal_line(data["refusal"]["stage"]), ""]
        if data["rejected"] is not None:
            nearest = data["rejected"]
            lines += [f"> {markdown_text(nearest['sentence']['text'])}", ""]
            lines += [f"The best span, rejected: “{markdown_text(nearest['quote'])}”", ""]
            lines.append(_numbered(nearest))
    for citation in data["citations"]:
        lines.append(_numbered(citation))
    return "\n".join(lines).rstrip() + "\n"


def _numbered(citation: dict[str, Any]) -> str:
    day = f", {citation['date']}" if citation["date"] else ""
    stale = f" (*{markdown_text(citation['file_state'])}*)" if citation.get("stale") else ""
    place = markdown_code(place_in_words(citation["file"], citation["line"], None))
    location = f", {markdown_text(citation['location'])}" if citation.get("location") else ""
    return f"{citation['n']}. {markdown_text(citation['title'])}{day}, {place}{location}{stale}"


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "n": citation.n,
        "file": citation.file,
        "sha256": citation.sha256,
        "title": citation.title,
        "date": citation.date.isoformat() if citation.date is not None else None,
        "start": citation.span.start,
        "end": citation.span.end,
        "quote": citation.quote,
        "line": citation.line,
        "column": citation.column,
        "location": citation.location,
        "sentence": {
            "start": citation.sentence.start,
            "end": citation.sentence.end,
            "text": citation.sentence_text,
            "prefix": citation.prefix,
            "suffix": citation.suffix,
        },
        "passage": {"start": citation.passage.start, "end": citation.passage.end},
        "stale": citation.stale,
        "file_state": citation.file_state.value,
        "agrees": citation.agrees,
        "agreement": citation.agreement.value,
        "scores": {
            "dense": round(citation.scores.dense, 4),
            "lexical": round(citation.scores.lexical, 4),
            "reader": round(citation.scores.reader, 4),
        },
    }


def _wrapped(text: str, width: int, indent: str = "") -> str:
    return textwrap.fill(
        text, width=max(width, 20), subsequent_indent=indent, break_on_hyphens=False
    )


def markdown_text(text: str) -> str:
    """``text`` as Markdown that shows these very characters, in one line."""
    escaped = "".join(f"\\{c}" if c in "\\`*_[]<>#|!&~" else c for c in one_line(text))
    # What would begin a list or underline a heading, at the start of a line alone.
    return re.sub(r"^(\s*)(?:(\d+)([.)])|([-+=]))", r"\1\2\\\3\4", escaped)


def markdown_code(text: str) -> str:
    """``text`` as a code span, fenced by more backticks than it holds in a row."""
    text = one_line(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def csv_cell(value: Any) -> str:
    """A value as a cell; text that a spreadsheet would run as a formula gets a ``'`` in front.

    To have the text back, take one ``'`` away where a cell begins with ``'`` and what it guards.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and _FORMULA.match(text) else text
