"""``qa check`` against the truth of random edits: never a false ``ok``, and what moved is found."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.receipts.check import CheckedAnswer, Finding, Status, check_answers, check_receipt
from qa.receipts.fix import fixing
from qa.receipts.locate import Folded, locate, locate_verbatim, same_words
from qa.receipts.records import Receipt
from qa.receipts.sources import Sources
from qa.text import Span, surroundings
from tests.mutations import EDITS, edit, random_document
from tests.saved import Record, write_answers


@dataclass(frozen=True)
class Case:
    """A receipt, the text that it was of, and the text and name of the file now."""

    receipt: Receipt
    before: str
    after: str
    renamed: bool
    true_sentence: Span | None
    """Where its sentence stands in ``after``; ``None`` if it does no more."""


@st.composite
def cases(draw: st.DrawFn, kinds: st.SearchStrategy[list[str]]) -> Case:
    chance = draw(st.randoms(use_true_random=True))  # a bare seed: texts need no shrinking
    text, sentences = random_document(chance)
    sentence = chance.choice(sentences)
    receipt = receipt_of(text, sentence, chance)
    edited = edit(text, draw(kinds), chance)
    renamed = draw(st.integers(0, 9)) == 0
    return Case(receipt, text, edited.text, renamed, edited.place_of(sentence, text))


def receipt_of(text: str, sentence: Span, chance: random.Random) -> Receipt:
    """A receipt for some words of a sentence, or for all of it."""
    words = [
        at
        for at in range(sentence.start, sentence.end)
        if not text[at].isspace() and (at == sentence.start or text[at - 1].isspace())
    ]
    start = chance.choice(words)
    length = chance.choice([1, 5, 20, len(sentence)])
    quote = text[start : min(start + length, sentence.end)].rstrip()
    prefix, suffix = surroundings(text, sentence)
    return Receipt(
        file="a.txt",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        span=Span(start, start + len(quote)),
        quote=quote,
        sentence=sentence,
        sentence_text=sentence.of(text),
        prefix=prefix,
        suffix=suffix,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated")


def checked(case: Case, folder: Path) -> Finding:
    """How the receipt stands in a folder of nothing but the edited file."""
    for file in folder.iterdir():
        file.unlink()
    name = "b.txt" if case.renamed else "a.txt"
    (folder / name).write_bytes(case.after.encode())
    return check_receipt(case.receipt, Sources(folder, 1_000_000))


ANY_EDITS = st.lists(st.sampled_from(sorted(EDITS)), max_size=4)


@given(case=cases(ANY_EDITS))
@settings(max_examples=400)
def test_a_status_never_says_more_than_is_true(folder: Path, case: Case) -> None:
    finding = checked(case, folder)
    unchanged = case.after == case.before
    assert (finding.status is Status.OK) == (unchanged and not case.renamed)
    if case.renamed:
        assert finding.status is (Status.RENAMED if unchanged else Status.GONE)
    if not finding.status.found:
        assert finding.now is None
        return
    assert finding.now is not None
    quote = finding.now.span.of(case.after)
    sentence = finding.now.sentence.of(case.after)
    assert (quote, sentence) == (finding.now.quote, finding.now.sentence_text)
    assert same_words(quote, case.receipt.quote)
    assert same_words(sentence, case.receipt.sentence_text)
    verbatim = (quote, sentence) == (case.receipt.quote, case.receipt.sentence_text)
    assert (finding.status is Status.REFLOWED) == (not verbatim)


def is_right(case: Case, sentence: Span) -> bool:
    """True for the very place, and for a copy that is no less like the receipt than that place is."""
    assert case.true_sentence is not None
    return sentence == case.true_sentence or likeness(case, sentence) >= likeness(
        case, case.true_sentence
    )


def likeness(case: Case, sentence: Span) -> int:
    """How many words beside a place are those of the receipt."""
    before, after = surroundings(case.after, sentence)
    prefix, suffix = case.receipt.prefix or "", case.receipt.suffix or ""
    return alike(before.split()[::-1], prefix.split()[::-1]) + alike(after.split(), suffix.split())


def alike(one: list[str], other: list[str]) -> int:
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))


@pytest.mark.parametrize("kind", [*EDITS, "all"])
def test_at_least_95_of_100_that_moved_are_found_where_they_are(folder: Path, kind: str) -> None:
    kinds = ANY_EDITS if kind == "all" else st.lists(st.just(kind), min_size=1, max_size=3)
    counts: Counter[bool] = Counter()

    @given(case=cases(kinds))
    @settings(max_examples=150)
    def look(case: Case) -> None:
        if case.true_sentence is None or case.renamed or case.after == case.before:
            return
        now = checked(case, folder).now
        counts[now is not None and is_right(case, now.sentence)] += 1

    look()
    assert counts.total() > 50
    assert counts[True] / counts.total() >= 0.95, counts


@given(case=cases(ANY_EDITS))
def test_the_short_way_finds_what_the_long_one_finds(case: Case) -> None:
    short = locate_verbatim(case.after, case.receipt)
    if short is not None:
        long = locate(Folded(case.after), case.receipt)
        assert long is not None
        assert replace(long, equals=1) == short


def citation_of(n: int, receipt: Receipt) -> Record:
    """A receipt as a citation of an answers file holds it, as far as a check reads it."""
    return {
        "n": n,
        "file": receipt.file,
        "sha256": receipt.sha256,
        "start": receipt.span.start,
        "end": receipt.span.end,
        "quote": receipt.quote,
        "sentence": {
            "start": receipt.sentence.start,
            "end": receipt.sentence.end,
            "text": receipt.sentence_text,
            "prefix": receipt.prefix,
            "suffix": receipt.suffix,
        },
    }


@given(chance=st.randoms(use_true_random=True), kinds=ANY_EDITS)
def test_what_fix_writes_passes_strictly_and_the_rest_is_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    folder: Path,
    chance: random.Random,
    kinds: list[str],
) -> None:
    text, sentences = random_document(chance)
    receipts = [receipt_of(text, chance.choice(sentences), chance) for _ in range(6)]
    records = [
        {"answer": receipts[at].quote, "citations": [citation_of(1, receipts[at]), *more]}
        for at, more in ((0, [citation_of(2, receipts[1])]), (2, []), (3, []), (4, []), (5, []))
    ]
    for file in folder.iterdir():
        file.unlink()
    (folder / "a.txt").write_bytes(edit(text, kinds, chance).text.encode())
    answers = write_answers(tmp_path_factory.getbasetemp() / "a.jsonl", *records)
    out = answers.with_name("b.jsonl")

    before = list(check_answers(answers, Sources(folder, 1_000_000)))
    with fixing(answers, out) as fixer:
        for item in before:
            assert isinstance(item, CheckedAnswer)
            fixer.take(item)
    after = list(check_answers(out, Sources(folder, 1_000_000)))

    for was, item in zip(before, after, strict=True):
        assert isinstance(was, CheckedAnswer)
        assert isinstance(item, CheckedAnswer)
        for n, (old, new) in enumerate(zip(was.findings, item.findings, strict=True)):
            assert new.status is (Status.OK if old.status.found else old.status)
            if old.status.found:
                assert new.now == old.now
            else:
                assert item.answer.receipts[n] == was.answer.receipts[n]
