"""What is asked may stand in the heading over the line that a question describes."""

from __future__ import annotations

import pytest

from qa.headings import asked_of_heading
from qa.sentences import sentences
from qa.terms import stem_set
from qa.text import Span

NOTES = """\
## 4.1.0 (27 January 2025)

### New

- A dark theme for the night
- Pages can be sorted

## 4.0.2 (3 March 2024)

- A redirect at sign-in that never ended
"""
PLAIN = """\
Version 9.1 -- 6 December 2024
 * Login by e-mail link failed.
Version 9.0 -- 30 September 2024
 * A dark theme. It came in 2024.
"""


def asked(question: str, text: str, line: str) -> str | None:
    start = text.index(line)
    read = Span(start, start + len(line))
    weights = dict.fromkeys(stem_set(question), 1.0)
    found = asked_of_heading(question, text, read, sentences(text), weights)
    return found.of(text) if found is not None else None


@pytest.mark.parametrize(
    ("question", "text", "line", "answer"),
    [
        ("Which version brought the dark theme?", NOTES, "- A dark theme for the night", "4.1.0"),
        ("In which release can pages be sorted?", NOTES, "- Pages can be sorted", "4.1.0"),
        ("release with the endless redirect", NOTES, "- A redirect at sign-in", "4.0.2"),
        ("When did the dark theme come?", NOTES, "- A dark theme for the night", "27 January 2025"),
        ("What version mended login by link?", PLAIN, "* Login by e-mail link failed.", "9.1"),
        ("When was login mended?", PLAIN, "* Login by e-mail link failed.", "6 December 2024"),
        (
            "When was the verify command introduced?",
            "## [3.7.0] – 2023-03-02\n- A verify command\n",
            "- A verify command",
            "2023-03-02",
        ),
        # Read elsewhere, the line that the question describes decides.
        (
            "Which version mended the endless redirect?",
            NOTES,
            "## 4.1.0 (27 January 2025)",
            "4.0.2",
        ),
        (
            "When was the redirect at sign-in mended?",
            NOTES,
            "- Pages can be sorted",
            "3 March 2024",
        ),
    ],
)
def test_the_heading_answers_which_version_and_when(
    question: str, text: str, line: str, answer: str
) -> None:
    assert asked(question, text, line) == answer


@pytest.mark.parametrize(
    ("question", "text", "line"),
    [
        ("What theme is there?", NOTES, "- A dark theme for the night"),
        ("When did the dark theme come?", PLAIN, "It came in 2024."),
        ("Which version is the newest?", NOTES, "## 4.1.0 (27 January 2025)"),
        (
            "When did the mill burn?",
            "Karsund, 3 May 2024\nThe mill burned to the ground and nobody was hurt.",
            "The mill burned to the ground and nobody was hurt.",
        ),
        (
            "When does the pool open?",
            "# Timetable of 3 May 2024\n\nIt opens at 6:30.\n",
            "It opens at 6:30.",
        ),
        (
            "When is the roof mended?",
            "# Minutes of 4 May 2023\n\n- Before Easter.\n",
            "- Before Easter.",
        ),
        ("Does the update fix the login?", "## 4.2.0\n\n- Login is fixed.\n", "- Login is fixed."),
        ("What does the release fix?", "## 4.2.0\n\n- Login is fixed.\n", "- Login is fixed."),
        ("What does the new edition say of dogs?", "## 3.2 Dogs\n\nNone.\n", "None."),
    ],
    ids=[
        *("something else is asked", "the line says it itself", "the heading itself", "a dateline"),
        *("a time of day", "a title with a date", "whether", "what", "an edition's section"),
    ],
)
def test_elsewhere_a_heading_answers_nothing(question: str, text: str, line: str) -> None:
    assert asked(question, text, line) is None
