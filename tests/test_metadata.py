"""Titles and dates come from a document's first lines, or from the sidecar that corrects them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qa.errors import DocumentError
from qa.metadata import LARGEST_SIDECAR, Metadata, infer_metadata, read_sidecar
from qa.titles import LONGEST_TITLE

BODY = "\n\nThe ferry between Karsund and Hale stopped sailing on Friday. Nobody was hurt.\n"


@pytest.mark.parametrize(
    ("number", "title", "day"),
    [
        ("000", "Azerbaijan and China have very strong relations", date(2025, 7, 20)),
        (
            "001",
            "Aliyev cited the relationship between Russia and Azerbaijan as an example",
            date(2024, 3, 6),
        ),
        (
            "002",
            "Aliyev told Putin that Azerbaijan will deepen relations with Russia "
            "(Video, Photo, Updated)",
            None,
        ),
        ("003", "On October 21, Ilham Aliyev, President of the Republic", date(2025, 10, 21)),
        ("004", "Azerbaijani President Ilham Aliyev addressed the meeting", date(2024, 8, 9)),
    ],
)
def test_titles_and_dates_of_the_seeds(
    seeds: Path, number: str, title: str, day: date | None
) -> None:
    (path,) = seeds.glob(f"{number}_*.txt")
    found = infer_metadata(path.read_text(encoding="utf-8"))
    assert found.title is not None
    assert found.title.startswith(title)
    assert found.date == day


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("# The ferry burns", "The ferry burns"),
        ("## The ferry burns ##", "The ferry burns"),
        ("title: The ferry burns", "The ferry burns"),
        ('---\nTitle:   "The ferry burns"\ndate: 2023-05-14\n---', "The ferry burns"),
        ("The ferry burns", "The ferry burns"),
        ("The   ferry\tburns", "The ferry burns"),
        ("The ferry burns\n14 May 2023", "The ferry burns"),
        ("“Nobody was hurt”", "“Nobody was hurt”"),
        (
            "© Photo: the harbour office",
            "The ferry between Karsund and Hale stopped sailing on Friday. Nobody was hurt.",
        ),
    ],
)
def test_a_title_is_found_in_the_shapes_that_texts_give_it(head: str, title: str) -> None:
    assert infer_metadata(head + BODY).title == title


INGREDIENTS = "Serves 6\nIngredients\n900 g lamb\n3 carrots\n1 tsp thyme\nsalt and pepper\n"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n\nEveryone is permitted to copy "
            "and distribute verbatim copies\nof this license document, but changing it is not allowed.",
            "GNU GENERAL PUBLIC LICENSE",
        ),
        (
            f"Elsie's Lamb and Barley Stew\n{INGREDIENTS}\nHeat the oven until it is hot.",
            "Elsie's Lamb and Barley Stew",
        ),
        (
            "Lease Agreement\n\nbetween two parties\n\nIn this Agreement:\n\nThe tenant shall pay the rent.",
            "Lease Agreement",
        ),
        (
            "Adjusting the limits\n\nthe server keeps what many clients ask it for in its memory so that\n"
            "a denial of service cannot come from there.",
            "Adjusting the limits",
        ),
        (
            "1. Roof repair\nDmitri presented three quotes to us.",
            "Dmitri presented three quotes to us.",
        ),
    ],
    ids=[
        "over a date",
        "over a list",
        "apart",
        "over a wrapped text",
        "a numbered heading is none",
    ],
)
def test_the_first_line_is_the_title_where_it_reads_as_one(text: str, title: str) -> None:
    assert infer_metadata(text).title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "HARBOUR SWIMMING CLUB\nMinutes of the meeting of 8 April 2025, 19:30, boathouse\n\n"
            "Present: Ada Lind\n\n1. Money\nApproved as it stands.\n",
            "HARBOUR SWIMMING CLUB: Minutes of the meeting of 8 April 2025, 19:30, boathouse",
        ),
        (
            "LEASE OF A SHOP\n\nbetween\nAda Lind, 4 Mill Lane (“the Tenant”)\nand\n"
            "Hale & Sons Ltd, Karsund\n\n1. TERM\n1.1 It begins on 1 May.\n",
            "LEASE OF A SHOP between Ada Lind and Hale & Sons Ltd",
        ),
        (
            "PRICE LIST - Oster Frames\nPrepared for: Ada Lind\n\nFraming, per hour    58.00\n"
            "All prices are those of the year.\n",
            "PRICE LIST - Oster Frames",
        ),
        (
            "Nether Housing\n2 Plover Rise\n\nMrs Lind\n\nDear Mrs Lind,\n\nThe heating of your house\n\n"
            "I am writing to tell you what will happen this summer.\n",
            "The heating of your house",
        ),
        (
            "Rent arrears\n\nDear Ada,\n\nThank you very much\n\nThe roof is mended now, at last.\n",
            "Rent arrears",
        ),
        (
            "BBC NEWS\nHome\nNews\nSport\nWeather\nPlayer\nPrime minister resigns\n"
            "The prime minister resigned on Friday, as everybody had expected.\n"
            "Nobody in the town was surprised.\nThe king has been told of it.\n",
            "Prime minister resigns",
        ),
        ("ACME LTD\nPage 1 of 12\nThe year was a good one for all of our works.\n", "ACME LTD"),
        (
            "Approved as they stand.\nThe balance is now larger than ever before.\n",
            "The balance is now larger than ever before.",
        ),
        (
            "ABOUT US\nCONTACT US\nOUR CLUB\nTHE TEAM\nOUR SHOP\nOUR NEWS\n"
            "The mill burned down in the night of Friday.\nNobody of the family was hurt by it.\n",
            "OUR NEWS",
        ),
    ],
    ids=[
        *(
            "minutes",
            "contract",
            "a labelled line",
            "letter",
            "its own title",
            "the name of a site",
        ),
        *("pages", "a sentence is none", "menu"),
    ],
)
def test_a_title_in_capitals_and_the_subject_of_a_letter_are_found(text: str, title: str) -> None:
    assert infer_metadata(text).title == title


def test_the_day_on_which_somebody_was_born_is_not_that_of_the_text() -> None:
    assert infer_metadata(
        "Curriculum Vitae\n\nBorn: 3 June 1984\n\nEdinburgh, 5 May 2024"
    ).date == date(2024, 5, 5)


def test_a_long_title_is_cut_between_words() -> None:
    title = infer_metadata("# " + "harbour " * 40 + BODY).title
    assert title is not None
    assert len(title) <= LONGEST_TITLE
    assert title.endswith("harbour…")


def test_a_heading_of_nothing_is_no_title() -> None:
    assert infer_metadata("# ##\n").title is None


def test_an_empty_title_line_is_no_title() -> None:
    assert infer_metadata('title: ""' + BODY).title != ""


def test_a_text_of_nothing_has_neither_title_nor_date() -> None:
    assert infer_metadata(" \n") == Metadata(None, None)


@pytest.mark.parametrize(
    "head",
    [
        "2023-05-14",
        "date: 2023-05-14",
        "14 May 2023",
        "14th of May, 2023",
        "May 14, 2023",
        "Karsund, Sunday, MAY 14th 2023",
        "Published May 14, 2023 | 300 Views",
        "Version 2023-99-99\n2023-05-14",
    ],
)
def test_a_date_is_found_in_the_shapes_that_texts_give_it(head: str) -> None:
    assert infer_metadata(head + BODY).date == date(2023, 5, 14)


@pytest.mark.parametrize(
    "text",
    [
        "The bridge was opened on 4 May 1901, and closed again.",
        "14 May, 09:30" + BODY,
        "2023-02-30" + BODY,
    ],
)
def test_a_date_inside_a_sentence_or_without_a_year_or_of_no_calendar_is_no_date(text: str) -> None:
    assert infer_metadata(text).date is None


@pytest.mark.parametrize(
    ("sidecar", "expected"),
    [
        ('title = "Fire aboard"\ndate = 2023-05-14', Metadata("Fire aboard", date(2023, 5, 14))),
        ('date = "14 May 2023"', Metadata(None, date(2023, 5, 14))),
        ("date = 2023-05-14T09:30:00Z", Metadata(None, date(2023, 5, 14))),
        ("", Metadata(None, None)),
        ('\ufefftitle = "Fire aboard"', Metadata("Fire aboard", None)),
    ],
)
def test_a_sidecar_gives_title_and_date(tmp_path: Path, sidecar: str, expected: Metadata) -> None:
    path = tmp_path / "a.txt.meta.toml"
    path.write_text(sidecar, encoding="utf-8")
    assert read_sidecar(path) == expected


@pytest.mark.parametrize(
    "sidecar",
    [
        b"title = Fire aboard",
        b"title = 5",
        b'date = "next Sunday"',
        b"date = 09:30:00",
        b"date = false",
        b'titel = "Fire aboard"',
        b'title = "\xff"',
        b"title = " + b"[" * 20_000,
        b"#" * (LARGEST_SIDECAR + 1),
    ],
)
def test_a_broken_sidecar_is_an_error_that_names_it(tmp_path: Path, sidecar: bytes) -> None:
    path = tmp_path / "a.txt.meta.toml"
    path.write_bytes(sidecar)
    with pytest.raises(DocumentError, match=r"its sidecar a\.txt\.meta\.toml"):
        read_sidecar(path)
