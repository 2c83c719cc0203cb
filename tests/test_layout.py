"""Prose is told from the menus, headline lists and footers around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.layout import furniture, is_prose
from qa.text import lines

SENTENCE = "The ferry between Karsund and Hale stopped sailing on Friday."
MENU = ["Home", "News", "Opinion", "Economy", "Culture", "Follow US"]


def marked(text: str) -> dict[str, bool]:
    found = [span.of(text) for span in lines(text)]
    return dict(zip(found, furniture(found), strict=True))


@pytest.mark.parametrize(
    ("line", "prose"),
    [
        (SENTENCE, True),
        ("“It was not enough, and we left.”", True),
        ("He gave three reasons for it:", True),
        ("a line so long that it can be no label " * 3, True),
        ("Privacy Policy", False),
        ("Why?", False),
        ("Aliyev: A unified geo-economic space emerging with Central Asia", False),
    ],
)
def test_a_line_is_prose_if_it_ends_like_a_sentence_or_is_too_long_for_a_label(
    line: str, prose: bool
) -> None:
    assert is_prose(line) is prose


def test_menus_before_and_after_an_article_are_furniture() -> None:
    marks = furniture([*MENU, SENTENCE, SENTENCE, *MENU])
    assert marks == [True] * 6 + [False] * 2 + [True] * 6


def test_a_heading_between_paragraphs_is_not_furniture() -> None:
    assert furniture([SENTENCE, "What happened", SENTENCE]) == [False] * 3


def test_a_lone_sentence_between_two_menus_is_furniture() -> None:
    marks = furniture([*MENU, "By using this site, you agree.", *MENU, SENTENCE, SENTENCE])
    assert marks == [True] * 13 + [False] * 2


@pytest.mark.parametrize(
    "text", [[], MENU, [*MENU, *MENU], [*MENU, "We use cookies on this site."]]
)
def test_a_text_that_is_nothing_but_short_lines_is_its_own_content(text: list[str]) -> None:
    assert furniture(text) == [False] * len(text)


def test_the_menus_of_the_saved_web_page_are_furniture_and_its_article_is_not(seeds: Path) -> None:
    marks = marked((seeds / "001_365d61d638fa9361.txt").read_text(encoding="utf-8"))
    for menu in (
        "Accept",
        "• Karabakh",
        "Follow US",
        "You Might Also Like",
        "Sign in to your account",
    ):
        assert marks[menu]
    article = [line for line, is_furniture in marks.items() if not is_furniture]
    assert article[0].startswith("The year ended successfully for us.")
    assert article[-1].startswith("Once again, I welcome you")
    assert len(article) == 11


@pytest.mark.parametrize("number", ["000", "002", "003", "004"])
def test_a_plain_news_text_has_no_furniture(seeds: Path, number: str) -> None:
    (path,) = seeds.glob(f"{number}_*.txt")
    assert not any(marked(path.read_text(encoding="utf-8")).values())


POINTS = [f"- the {what} of the boat house is to be mended by June" for what in "abcdef"]
ROWS = ["Profile    Width    gilded", *(f"Type {n}    {n} mm    {n}4.00" for n in range(1, 6))]
BARS = [f"| {n} | Holder {n} | {n}0 |" for n in range(6)]
LABELS = [f"Person {n}: present" for n in range(6)]


@pytest.mark.parametrize(
    "run", [POINTS, ROWS, BARS, LABELS], ids=["list", "gaps", "bars", "labels"]
)
def test_tables_and_lists_of_more_than_labels_are_content(run: list[str]) -> None:
    text = [SENTENCE, *run, SENTENCE]
    assert furniture(text) == [False] * len(text)


def test_the_marked_points_of_a_menu_are_furniture() -> None:
    menu = ["• Home", "• News", "• Who we are", "1. Sport", "- Culture", "- Logistics"]
    assert furniture([*menu, SENTENCE, SENTENCE])[: len(menu)] == [True] * len(menu)


@pytest.mark.parametrize(
    "run",
    [
        ["Most read", *(f"{n}. Man is hurt in a crash on road {n}" for n in range(1, 7))],
        [
            "Home | News",
            "Sport  Weather",
            "Log in | Sign up",
            "Share: here",
            "Follow us",
            "Contact us",
        ],
        [f"{what}: all about the {what.lower()} of today" for what in ("Live", "Opinion", "Watch")]
        * 2,
    ],
    ids=["headlines", "bars of a menu", "labels"],
)
def test_headlines_and_menus_with_signs_are_furniture(run: list[str]) -> None:
    assert furniture([*run, SENTENCE, SENTENCE])[: len(run)] == [True] * len(run)
