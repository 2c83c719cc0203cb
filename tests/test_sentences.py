"""Sentences are slices of their text that lose nothing; lines that were only wrapped do not cut them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.sentences import LONGEST_SENTENCE, sentences, unwrapped_lines
from qa.text import lines
from tests.strategies import prose, texts


def cut(text: str) -> list[str]:
    return [span.of(text) for span in sentences(text)]


@given(st.one_of(texts, prose))
@example("\u200b")
@example("One.\r\nTwo.\x85Three.")
@example("e\u0301" * 1_200)
def test_every_visible_character_lies_in_exactly_one_sentence(text: str) -> None:
    holders = [0] * len(text)
    for span in sentences(text):
        for offset in range(span.start, span.end):
            holders[offset] += 1
    wrong = [
        offset
        for offset, character in enumerate(text)
        if holders[offset] > 1 or (not character.isspace() and holders[offset] != 1)
    ]
    assert wrong == []


@given(st.one_of(texts, prose))
def test_sentences_come_in_order_and_never_overlap(text: str) -> None:
    found = sentences(text)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(st.one_of(texts, prose))
def test_a_sentence_goes_over_no_blank_line_and_has_no_white_space_at_its_ends(text: str) -> None:
    for quote in cut(text):
        assert quote == quote.strip() != ""
        assert all(line.strip() for line in quote.splitlines())
        assert len(quote) <= LONGEST_SENTENCE


def test_sentences_of_the_seeds_are_slices_of_them(seeds: Path) -> None:
    for path in sorted(seeds.glob("*.txt")):
        text = path.read_bytes().decode("utf-8")
        joined = "".join("".join(quote.split()) for quote in cut(text))
        assert joined == "".join(text.split())


@pytest.mark.parametrize(
    "speech",
    [
        ['"We lit fires for six nights.', 'It was not enough," said the grower.'],
        ["“We lit fires for six nights.", "It was not enough,” said the grower."],
        ["'We lit fires for six nights.", "It was not enough,' said the grower."],
        ["“We lit fires for six nights.", "It was not enough.”", "So said the grower."],
    ],
)
def test_speech_is_split_inside_its_quotation_marks(speech: list[str]) -> None:
    assert cut(" ".join(speech)) == speech


def test_speech_in_the_seeds_is_split_inside_its_quotation_marks(seeds: Path) -> None:
    text = (seeds / "002_8486566964dbd0de.txt").read_text(encoding="utf-8")
    found = cut(text)
    assert "'We are very pleased with the dynamics of bilateral relations." in found
    assert "This is not just a phrase, it really is so." in found


@pytest.mark.parametrize(
    "whole",
    [
        "x x x",
        "* * *",
        "Aliyev told Putin that Azerbaijan will deepen relations with Russia (Video, Photo, Updated)",
        "Azerbaijani Politics 26 november — 15:42",
        "20 Jul. 12:35 (UTC+3 MSK)",
        "9 Aug. 14:30 (UTC+3 MSK)",
        "Published on 20 Jul. 2024 in Baku.",
        "Mr. Brown met the U.S. envoy in St. Petersburg.",
        "It is worth 4.5 billion dollars, e.g. in grain.",
        "The train left at 9 a.m. on Monday.",
        "Wait… what?",
        "It was made by Messrs. Tolley of York.",
        "Call Lt. Col. Brown (tel. 020 7946) on Tues. 4 May.",
        "Max. 10 people at a time.",
        "## 1. Scope",
        "2.1. The tenant pays the rent.",
        "They arrived at 9.30 p.m. on Monday.",
        "Fig. 3.1. Map of the harbour of Karsund",
    ],
)
def test_stops_that_end_no_sentence_do_not_split_it(whole: str) -> None:
    assert cut(whole) == [whole]


@pytest.mark.parametrize(
    "pair",
    [
        ("They are taught in Russian.", "324 schools teach it too."),
        ("It burned “to the ground.”", "12 people fled."),
        ("Did it burn?", "1812 says the stone."),
        ("A bag costs £7.90.", "We cannot deliver it."),
        ("Heat it to 65 °C.", "Wipe the glass."),
        ("The grant fell by 5 %.", "“We had hoped for more.”"),
    ],
)
def test_a_sentence_may_begin_or_end_with_a_number(pair: tuple[str, str]) -> None:
    text = " ".join(pair)
    assert [span.of(text) for span in sentences(text)] == list(pair)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("000_065e569533fd9b8a.txt", "date 2025-07-20 20 Jul. 12:35 (UTC+3 MSK)"),
        ("002_8486566964dbd0de.txt", "* * *"),
        ("003_3289713090160099.txt", "x x x"),
        ("003_3289713090160099.txt", "date 2025-10-21 Astana, October 21, AZERTAC"),
        ("004_c3727bf4b6d8c6f9.txt", "© Photo: the Azerbaijani presidential website"),
    ],
)
def test_datelines_and_separators_of_the_seeds_stay_whole(
    seeds: Path, file: str, line: str
) -> None:
    assert line in cut((seeds / file).read_text(encoding="utf-8"))


def test_a_line_without_punctuation_is_cut_at_white_space() -> None:
    text = "word " * 1_000
    found = cut(text)
    assert len(found) == 5
    assert {word for quote in found for word in quote.split()} == {"word"}


# Lines that were wrapped

LETTER = """\
Dear friends,

our income was 212,000 pounds. The greatest part of it, 58 per
cent, came from the entrance fees; the shop brought in 22 per cent
and gifts the rest. Two thirds of it were given by the Carding
Foundation. We had to let two of our nine employees go, which cost
37,500 pounds in all.

Dorothea Pell
Chairwoman of the Trust
"""


def test_a_sentence_goes_on_where_its_line_was_wrapped() -> None:
    assert cut(LETTER) == [
        "Dear friends,",
        "our income was 212,000 pounds.",
        "The greatest part of it, 58 per\ncent, came from the entrance fees; the shop brought in 22 "
        "per cent\nand gifts the rest.",
        "Two thirds of it were given by the Carding\nFoundation.",
        "We had to let two of our nine employees go, which cost\n37,500 pounds in all.",
        "Dorothea Pell",
        "Chairwoman of the Trust",
    ]
    assert cut(LETTER.replace("\n", "\r\n")) == [q.replace("\n", "\r\n") for q in cut(LETTER)]


def test_a_number_at_the_beginning_of_a_wrapped_line_is_no_point_of_a_list() -> None:
    wrapped = "The shop is open from Tuesday to Friday, and on Saturday from 10 to\n14."
    assert cut(wrapped) == [wrapped]
    points = (
        "The committee of the club has decided on Friday to\n1. mend the roof\n2. sell the boat"
    )
    assert len(cut(points)) == 3


def test_a_measure_in_brackets_makes_no_code_of_a_wrapped_line() -> None:
    wrapped = "Under the rafts shoots were shorter (p = 0.031) than those in\nthe open water."
    assert cut(wrapped) == [wrapped]


def test_a_quoted_mail_is_unwrapped_too_but_not_into_the_answer_to_it() -> None:
    mail = (
        "> The beta has so many testers that the crash rate has fallen\n> to 0.4 per cent.\n"
        "> The venue for the launch event, the Boathouse in Bristol, costs\n> 3,600 euros in all and "
        "we can have it for a day\nthat is too dear\n"
    )
    assert [line.of(mail).count("\n") for line in unwrapped_lines(mail)] == [1, 1, 0]


@pytest.mark.parametrize(
    "text",
    [
        "Opening hours of the library in the summer months\nMonday to Friday from nine to five",
        "- two large onions, peeled and cut in small pieces\n- a handful of parsley",
        "The following things are to be brought by all of us:\nfolding chairs, salads and a loudspeaker",
        "flour and salt\nsugar\nbutter",
        "# A heading that is long enough to be taken for a line\nand what follows it",
        "Student of the university           240 pounds\nchildren under twelve               free",
        "| The name of the room and its floor | Price |\n| a small room on the first floor | 20 |",
        "from somewhere import several, things, at, once\nresult = compute_all(several, things)",
        "The mayor of the town has spoken at length about it.\nthen he left",
        "From: Carla Mendes of the northern office in York\nTo: all of the team",
        "title: The state of the harbour in Geneva today\nauthor: Anna Corrigan",
        "> The harbour of the old town was built by the people\n>  >\n",
        "x" * 200 + " and so on and on and on\nand the rest",
        "The first of the lines goes on in the second of them\n\nbut not over a blank one",
    ],
)
def test_what_was_not_wrapped_stays_lines(text: str) -> None:
    assert [line.of(text) for line in unwrapped_lines(text)] == [
        line.of(text) for line in lines(text)
    ]


def test_headlines_of_a_web_page_are_not_taken_for_wrapped_lines(seeds: Path) -> None:
    for path in sorted(seeds.glob("*.txt")):
        text = path.read_bytes().decode("utf-8")
        assert unwrapped_lines(text) == list(lines(text))


@given(st.one_of(texts, prose))
def test_unwrapping_only_joins_lines(text: str) -> None:
    single = list(lines(text))
    joined = unwrapped_lines(text)
    assert {line.start for line in joined} <= {line.start for line in single}
    assert {line.end for line in joined} <= {line.end for line in single}
    assert all(before.end <= after.start for before, after in pairwise(joined))
