"""What names a thing by a code, a version or a number is told from what counts things."""

from __future__ import annotations

import pytest

from qa.identifiers import identified, identifiers


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What does E7 mean?", ["E7"]),
        ("Who has borrowed AM-034?", ["AM-034"]),
        ("Who teaches class 4B?", ["class 4B"]),
        ("When will Quill 12.4 be released?", ["12.4"]),
        ("what was fixed in 3.6.2", ["3.6.2"]),
        ("what came with version 4.3?", ["4.3"]),
        ("What is the rent of Unit 9 at the yard?", ["Unit 9"]),
        ("Who lives in flat no. 12?", ["flat no. 12"]),
        ("How many people did the mill employ in 1812?", []),
        ("What did 4 people pay 2.5 million dollars for?", []),
        ("How did prices grow from 3.5 to 4 percent in week 3 months ago?", []),
        ("Which group 9 people founded it?", []),
        ("price of 12.50 or 1,644 tons on 06.03.2024", []),
        ("Who paid $5M for 30C at 10K?", []),
        ("Who lives in flat number 12?", ["flat number 12"]),
        ("Which wine has the number 126?", ["number 126"]),
        ("Who rented room 1950?", ["room 1950"]),
        ("o-23-08 lost mwh", ["o-23-08"]),
        ("what do i bring to h07", ["h07"]),
        ("Which cloth is on loom 204 at the moment?", ["loom 204"]),
        ("is covid-19 or an mp3 played at a u-21 game", []),
        ("Who turned 70 on 14 June 12 and sold it in Paris 2024 for about 300?", []),
        ("What are the first 3 or the top 10 of those under 18 in the late 1990s?", []),
    ],
)
def test_codes_versions_and_numbered_things_are_identifiers(
    question: str, found: list[str]
) -> None:
    assert [identifier.text for identifier in identifiers(question)] == found


@pytest.mark.parametrize(
    ("question", "text", "passed_over"),
    [
        ("What does E7 mean?", "E7 | Pump runs dry", False),
        ("What does E7 mean?", "E70 | Pump runs dry", True),
        ("What does E7 mean?", "The pump ran dry.", False),
        ("How heavy is the DW-35?", "DW 35: 14 kg", False),
        ("Who has AM-034?", "AM-0341, row 34", True),
        ("What came in Quill 4.1?", "## 4.1 (May)", False),
        ("What came in Quill 4.1?", "## 4.1.2 (May), 14.1", True),
        ("What is the rent of unit 4?", "The rent of Unit no. 4 is £940.", False),
        ("What is the rent of unit 4?", "Units 3 and 4 are let at £900.", False),
        ("What is the rent of unit 4?", "Unit 40 is let for 4 years.", True),
        ("Who works on floor 3?", "On the third floor sits the bank.", False),
        ("Who has plot 20?", "| 20 | Tom Hale |\nPlot 3 is free.", False),
        ("Who runs loom 204?", "Loom 210 is run by whoever is free.", True),
        ("Who runs loom 204?", "Looms 203 and 204 are run by Ada.", False),
        ("Who runs loom 204?", "204   Ada   percale", False),
        ("o-23-08 lost mwh", "O-23-07, from 2023-07-18 to 2023-08-03", True),
        ("What does CO2 do?", "CO₂ warms the air, and CO does not.", False),
        ("When did WW2 end?", "World War II ended in May 1945.", False),
        ("What was the revenue in Q3 2024?", "In the third quarter it was 4 million.", False),
    ],
)
def test_a_text_that_names_others_of_the_kind_passes_one_over(
    question: str, text: str, passed_over: bool
) -> None:
    (identifier,) = identifiers(question)
    assert identifier.is_passed_over_in(text) is passed_over


def test_white_space_without_end_is_looked_through_once() -> None:
    (identifier,) = identifiers("Who has plot 20?")
    assert not identifier.is_passed_over_in("\n" * 200_000 + " " * 200_000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The rent of flat 7 is £1,120.", True),
        ("Flat 3 costs £845.", False),
        ("The rent is due on Monday.", None),
    ],
)
def test_a_document_names_what_is_asked_for_or_others_or_neither(
    text: str, told: bool | None
) -> None:
    assert identified(identifiers("What is the rent of flat 7?"), text) is told
