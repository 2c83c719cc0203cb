"""A document is cut into passages of whole sentences that fit the encoder."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from qa.documents import read_document
from qa.layout import furniture
from qa.models.encoder import Encoder
from qa.passages import Passage, header_of, split_passages
from qa.sentences import sentences
from qa.text import Span, lines
from tests.fakes import FakeEncoder
from tests.strategies import prose, texts

HEADER = "The ferry (2023-05-14)\n"
ROOMY = 1_000
"""More tokens than any sentence has."""
any_text = st.one_of(texts, prose)


def split(text: str, max_words: int = 50, max_tokens: int = 100) -> list[Passage]:
    return split_passages(
        text,
        header=HEADER,
        count_tokens=FakeEncoder().count_tokens,
        max_tokens=max_tokens,
        max_words=max_words,
    )


def letters(text: str) -> int:
    """Counts as an encoder would that had one token for each letter."""
    return len("".join(text.split()))


def uncovered(text: str, passages: list[Passage]) -> str:
    """What no passage holds, without the white space."""
    held = {offset for p in passages for offset in range(p.span.start, p.span.end)}
    return "".join(
        character
        for offset, character in enumerate(text)
        if offset not in held and not character.isspace()
    )


@given(any_text, st.integers(5, 60))
def test_nothing_that_can_be_read_is_lost(text: str, max_words: int) -> None:
    assert uncovered(text, split(text, max_words)) == ""


@given(any_text, st.integers(5, 60))
def test_a_passage_is_made_of_whole_sentences_in_order(text: str, max_words: int) -> None:
    every = sentences(text)
    for passage in split(text, max_words, max_tokens=ROOMY):
        first = every.index(passage.sentences[0])
        assert list(passage.sentences) == every[first : first + len(passage.sentences)]
        assert passage.span.start == passage.sentences[0].start
        assert passage.span.end == passage.sentences[-1].end


@given(any_text, st.integers(5, 60))
def test_a_passage_has_at_most_max_words_unless_it_is_one_sentence(
    text: str, max_words: int
) -> None:
    for passage in split(text, max_words):
        words = len(passage.span.of(text).split())
        assert words <= max_words or len(passage.sentences) == 1


@given(any_text, st.integers(60, 200))
def test_a_passage_fits_the_encoder_together_with_its_header(text: str, max_tokens: int) -> None:
    passages = split_passages(
        text, header=HEADER, count_tokens=letters, max_tokens=max_tokens, max_words=180
    )
    assert all(letters(HEADER + passage.span.of(text)) <= max_tokens for passage in passages)
    assert uncovered(text, passages) == ""


@given(any_text, st.integers(5, 60))
def test_neighbours_share_at_most_one_sentence_and_skip_none(text: str, max_words: int) -> None:
    every = sentences(text)
    for before, after in pairwise(split(text, max_words, max_tokens=ROOMY)):
        last, first = every.index(before.sentences[-1]), every.index(after.sentences[0])
        assert first in (last, last + 1)
        assert every.index(after.sentences[-1]) > last


@given(prose)
def test_prose_and_furniture_never_share_a_passage(text: str) -> None:
    spans = list(lines(text))
    marks = furniture([span.of(text) for span in spans])
    for passage in split(text):
        mixed = {
            mark for span, mark in zip(spans, marks, strict=True) if passage.span.overlaps(span)
        }
        assert mixed == {not passage.prose}


def test_neighbours_share_exactly_one_sentence() -> None:
    text = " ".join(f"Sentence number {n} has exactly seven words." for n in range(20))
    passages = split(text, max_words=28)
    assert [len(passage.sentences) for passage in passages] == [4, 4, 4, 4, 4, 4, 2]
    assert all(before.sentences[-1] == after.sentences[0] for before, after in pairwise(passages))


def test_a_section_is_not_cut_where_it_fits_a_passage_of_its_own() -> None:
    sections = [
        " ".join(f"Part {part} has a line {n}." for n in range(lines))
        for part, lines in enumerate((5, 3, 12, 4, 2))
    ]
    text = "\n\n".join(sections)
    together = [
        Span(text.index(section), text.index(section) + len(section)) for section in sections
    ]
    passages = split_passages(
        text,
        header=HEADER,
        count_tokens=lambda words: len(words.split()),
        max_tokens=ROOMY,
        max_words=42,
        together=together,
    )
    begins = [passage.span.start for passage in passages]
    # The third is longer than a passage, and the fourth has room behind its end.
    assert [span.start in begins for span in together] == [True, True, False, False, True]
    assert uncovered(text, passages) == ""


def test_a_giant_line_without_punctuation_is_cut_and_covered() -> None:
    text = "word " * 5_000
    passages = split(text, max_tokens=100)
    assert uncovered(text, passages) == ""
    assert all(len((HEADER + passage.span.of(text)).split()) <= 100 for passage in passages)


def test_a_giant_word_is_cut_to_what_the_encoder_sees() -> None:
    text = "x" * 3_000
    passages = split_passages(
        text, header=HEADER, count_tokens=letters, max_tokens=100, max_words=50
    )
    assert uncovered(text, passages) == ""
    assert all(letters(HEADER + passage.span.of(text)) <= 100 for passage in passages)


def test_a_short_text_is_one_passage_and_an_empty_one_none() -> None:
    assert [passage.span.of("Short. Text.\n") for passage in split("Short. Text.\n")] == [
        "Short. Text."
    ]
    assert split(" \n") == []


def test_the_header_names_the_document_and_its_date() -> None:
    assert header_of("The ferry", date(2023, 5, 14)) == HEADER
    assert header_of("The ferry", None) == "The ferry\n"


def test_the_article_of_the_saved_web_page_is_apart_from_its_menus(seeds: Path) -> None:
    text = (seeds / "001_365d61d638fa9361.txt").read_text(encoding="utf-8")
    article = [passage for passage in split(text, max_words=180) if passage.prose]
    assert article[0].span.of(text).startswith("The year ended successfully for us.")
    assert article[-1].span.of(text).endswith("the head of state noted.")
    assert not any("You Might Also Like" in passage.span.of(text) for passage in article)


def test_passages_of_the_seeds_fit_the_embedded_encoder(seeds: Path, encoder: Encoder) -> None:
    for path in sorted(seeds.glob("*.txt")):
        document = read_document(seeds, path.name, 100_000)
        header = header_of(document.title, document.date)
        passages = split_passages(
            document.text,
            header=header,
            count_tokens=encoder.count_tokens,
            max_tokens=encoder.max_tokens,
            max_words=180,
        )
        for passage in passages:
            embedded = header + passage.span.of(document.text)
            assert encoder.count_tokens(embedded) <= encoder.max_tokens


def test_a_wrapped_article_is_prose_as_a_whole_one_is() -> None:
    wrapped = "\n".join(
        "the ferry between the two towns stopped because its engine caught" for _ in range(12)
    )
    article = f"The ferry stopped on Friday, as the harbour master told us, since\n{wrapped}\nfire."
    menu = "\n".join(["Home", "News", "Sport", "Weather", "Travel", "Contact", "Imprint"])
    found = split(f"{menu}\n\n{article}\n\n{menu}\n", max_words=500, max_tokens=1_000)
    assert [passage.prose for passage in found] == [False, True, False]
