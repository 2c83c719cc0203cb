"""Where a quote stands in a text that has changed: folded white space and marks, equal sentences."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given

from qa.receipts.locate import MOST_PLACES, Folded, Place, locate, locate_verbatim, same_words
from qa.receipts.records import Receipt
from qa.text import Span, surroundings
from tests.strategies import prose, texts

LOG = (
    "Report of the harbour. In March the crane failed. Nobody was hurt. It was mended at once.\n"
    "In April the quay flooded. Nobody was hurt. The water left by noon.\n"
    "In May a mast broke. Nobody was hurt. The ship sailed on.\n"
)


def receipt_for(sentence: str, text: str = LOG, *, nth: int = 0, quote: str = "") -> Receipt:
    """A receipt for the ``nth`` (from 0) such sentence; for all of it without a ``quote``."""
    at = -1
    for _ in range(nth + 1):
        at = text.index(sentence, at + 1)
    span = Span(at, at + len(sentence))
    quote = quote or sentence
    start = at + sentence.index(quote)
    prefix, suffix = surroundings(text, span)
    return Receipt(
        "log.txt", "", Span(start, start + len(quote)), quote, span, sentence, prefix, suffix
    )


def found(text: str, receipt: Receipt) -> str:
    """What stands in ``text`` at the place that was found; its last ten characters before it too."""
    place = locate(Folded(text), receipt)
    assert place is not None
    return text[max(place.span.start - 10, 0) : place.span.end]


@pytest.mark.parametrize(
    ("nth", "before"), [(0, "e failed. "), (1, " flooded. "), (2, "st broke. ")]
)
def test_of_equal_sentences_the_one_in_its_surroundings_is_meant(nth: int, before: str) -> None:
    receipt = receipt_for("Nobody was hurt.", nth=nth)
    assert found("A new first paragraph.\n" * 9 + LOG, receipt) == before + "Nobody was hurt."


def test_of_copies_in_the_same_surroundings_the_nearest_is_meant() -> None:
    copies = LOG * 5
    receipt = receipt_for("In May a mast broke.", copies, nth=2)
    text = "New. " + copies
    assert locate_verbatim(text, receipt) is None
    place = locate(Folded(text), receipt)
    assert place is not None
    assert (place.sentence.start, place.equals) == (receipt.sentence.start + 5, 4)


def test_one_side_of_the_surroundings_is_enough() -> None:
    edited = LOG.replace("The water left by noon.", "By noon it was dry.")
    receipt = receipt_for("Nobody was hurt.", nth=1)
    assert found("New. " + edited, receipt) == " flooded. Nobody was hurt."


def test_a_short_sentence_in_other_surroundings_alone_is_another() -> None:
    edited = LOG.replace(
        "In April the quay flooded. Nobody was hurt. The water left by noon.\n", ""
    )
    assert locate(Folded(edited), receipt_for("Nobody was hurt.", nth=1)) is None


def test_a_long_sentence_is_known_wherever_it_stands_once() -> None:
    sentence = "The crane of the northern quay was mended by three men of Karsund."
    receipt = receipt_for(sentence, f"Of old. {sentence} More.")
    assert found(f"All is new here: {sentence} And there.", receipt).endswith(sentence)


def test_without_surroundings_the_nearest_place_is_meant() -> None:
    text = "So it was. " * 3
    receipt = Receipt("a.txt", "", Span(14, 16), "it", Span(11, 21), "So it was.")
    place = locate(Folded("X" + text), receipt)
    assert place == Place(Span(15, 17), Span(12, 22), verbatim=True, equals=3)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("“It was not enough,” she said.", '"It was not enough," she said.'),
        ("“It was not enough,” she said.", "«It was not enough,» she said."),
        ("“It was not enough,” she said.", "'It was not enough,' she said."),
        ("They don't know it.", "They don’t know it."),
        ("A line that was\nwrapped here.", "A line\nthat was wrapped\there."),
        ("A line that was wrapped.", "A line   that\r\n\r\n  was\u00a0wrapped."),
        ("He is 5' 8\" tall.", "He is 5′ 8″ tall."),
    ],
)
def test_white_space_and_quotation_marks_may_differ(before: str, after: str) -> None:
    receipt = receipt_for(before, f"Here. {before} There.", quote=before[3:-4])
    text = f"New words. Here. {after} There."
    place = locate(Folded(text), receipt)
    assert place is not None
    assert not place.verbatim
    assert place.sentence.of(text) == after
    assert same_words(place.span.of(text), before[3:-4])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It was 5' long.", 'It was 5" long.'),
        ("It burned in 1812.", "It burned in 1813."),
        ("It burned in 1812.", "It burned in 18 12."),
        ("It burned in 1812.", "It never burned in 1812."),
        ("It burned in 1812.", "it burned in 1812."),
        ("The well-known mill.", "The wellknown mill."),
        ("The rate is -5.", "The rate is 5."),
    ],
)
def test_no_word_may_differ(before: str, after: str) -> None:
    receipt = receipt_for(before, f"Here. {before} There.")
    assert locate(Folded(f"Here. {after} There."), receipt) is None


def test_a_sentence_between_its_neighbours_is_found_by_its_quote_inside() -> None:
    receipt = receipt_for("In May a mast broke.", quote="mast")
    text = "New. " + LOG.replace("a mast", "a\n   mast")
    place = locate(Folded(text), receipt)
    assert place is not None
    assert place.span.of(text) == "mast"
    assert place.sentence.of(text) == "In May a\n   mast broke."


def test_a_file_of_nothing_but_equal_sentences_does_not_take_for_ever() -> None:
    text = "a" * (MOST_PLACES * 10)
    receipt = Receipt("a.txt", "", Span(5, 6), "a", Span(5, 6), "a")
    place = locate(Folded(text), receipt)
    assert place is not None
    assert (place.span, place.equals) == (Span(5, 6), MOST_PLACES)


@given(texts | prose)
def test_a_folded_text_knows_where_each_word_stood(text: str) -> None:
    folded = Folded(text)
    assert "  " not in folded.text
    for at, character in enumerate(text):
        if not character.isspace():
            assert folded.to_original(folded.to_folded(at)) == at
    assert all(0 <= folded.to_folded(at) <= at for at in range(len(text)))
    for at in range(len(folded.text)):
        assert folded.to_folded(folded.to_original(at)) == at


def test_all_white_space_is_folded() -> None:
    spaces = "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1))))
    assert Folded(f"a{spaces}b").text == "a b"
    assert all(Folded(f"a{space}b").text == "a b" for space in spaces)
