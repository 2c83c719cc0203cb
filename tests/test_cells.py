"""A cell is told by the names of its column and of its row, or not at all."""

from __future__ import annotations

import pytest

from qa.cells import cell_asked_for
from qa.text import Span

BARS = """\
Prices of the swimming hall.

| Membership | Adults | Students | Seniors (65+) |
|---|---|---|---|
| Single visit | £7.50 | £5.00 | £5.50 |
| Monthly pass | £39 | £25 | £29 |
| Annual pass | £390 | £240 | £275 |
| Family pass | £64 | – | – |
"""
NAMED = """\
Product: Wall bracket, Colour: black, Price: 8.40, Stock: 950
Product: Wall bracket, Colour: white, Price: 8.40, Stock: 0
Product: Shelf board, Colour: white, Price: 19.95, Stock: 310
"""
GAPS = """\
Day              Pool           Sauna
Monday           6:30–21:30     12:00–21:00
Sunday           9:00–18:00     closed
"""
UNNAMED = """\
FARES (single, in pounds)

                 Inish      Torsa
Adult            7.40       9.90
Bicycle          2.00       2.50
Motorcycle       11.50      14.00
"""
# As tables of pages and of Word texts are, without bars at their ends.
EXTRACTED = "Country | Exports in tons | Ships\nSelmar | 470 | 12\nOrvale | 1,644 | 9\n"

TIMES = """\
Stop | Bus 1 | Bus 2
--- | --- | ---
Station | 7:25 | 15:18
Church | 7:50 | 15:43
Pier | 8:14 | 16:07
"""


def asked(question: str, text: str) -> str | None:
    cell = cell_asked_for(question, text, Span(len(text) - 20, len(text) - 10), {})
    return cell.of(text) if cell is not None else None


@pytest.mark.parametrize(
    ("question", "text", "cell"),
    [
        ("How much does a student pay for an annual pass?", BARS, "£240"),
        ("What is a monthly pass for adults?", BARS, "£39"),
        ("How many white wall brackets are in stock?", NAMED, "0"),
        ("What is the price of a shelf board?", NAMED, "19.95"),
        ("Is the sauna open on Sunday?", GAPS, "closed"),
        ("When is the pool open on Monday?", GAPS, "6:30–21:30"),
        ("How many tons did Selmar export?", EXTRACTED, "470"),
        ("What is the fare of a motorcycle to Torsa?", UNNAMED, "14.00"),
        ("When is the 15:18 from the station at the pier?", TIMES, "16:07"),
        ("Leaving the station at 07:25: arrival at the church?", TIMES, "7:50"),
        ("I get on at 7:25. When do I reach the church?", TIMES, "7:50"),
    ],
)
def test_the_question_names_a_column_and_a_row(question: str, text: str, cell: str) -> None:
    assert asked(question, text) == cell


@pytest.mark.parametrize(
    ("question", "text", "why"),
    [
        ("How much is an annual pass?", BARS, "no column is named"),
        ("What do students pay?", BARS, "no row is named"),
        ("What do students and adults pay for an annual pass?", BARS, "two columns are named"),
        ("What do students pay for a pass?", BARS, "several rows are meant"),
        ("What do students pay for a family pass?", BARS, "the cell holds nothing"),
        ("How many wall brackets are in stock?", NAMED, "two rows are meant"),
        ("Who built the hall?", BARS, "the question is about another thing"),
        ("Who sells a shelf board at that price?", NAMED, "a price is nobody"),
        ("How many hours is the sauna open on Sunday?", GAPS, "the cell holds no number"),
        (
            "How many people went to Basel after the Monday tour?",
            "Bern | Monday | 390\nBasel | Tuesday | 240\nChur | Friday | 100\n",
            "the names of the columns are not there",
        ),
    ],
)
def test_where_the_cell_is_not_told_there_is_none(question: str, text: str, why: str) -> None:
    assert asked(question, text) is None, why


@pytest.mark.parametrize(
    "prose",
    [
        "The pool opened on Monday.  It was closed on Sunday.\nThe sauna opened too.  It was hot.\n"
        "The hall was full.  It was Sunday.\n",
        "The pool and the sauna of the hall are open  on Monday and on Sunday for all who come\n"
        * 3,
        "Day: Monday\nPool: open\nSauna: closed\n",
        "",
    ],
)
def test_prose_is_no_table(prose: str) -> None:
    assert cell_asked_for("Is the pool open on Sunday?", prose, Span(0, len(prose)), {}) is None


def test_years_may_name_columns() -> None:
    table = "Country | 2023 | 2024\nSelmar | 470 | 512\nOrvale | 1,644 | 1,701\n"
    assert asked("What did Selmar export in 2024?", table) == "512"


def test_a_row_that_lacks_what_the_one_read_in_holds_is_not_meant() -> None:
    text = "Item | Price\nblack tea | 3\ngreen rare coffee | 4\n"
    near = Span(text.index("black"), text.index("black") + 9)
    question = "What is the price of black tea or rare coffee?"
    assert cell_asked_for(question, text, near, {"coffee": 5.0, "rare": 5.0}) is None


def test_a_rarer_word_counts_more() -> None:
    text = "Name | Age\nlong oak board | 3\nlong pine board | 4\nthin oak board | 5\n"
    near = Span(text.index("thin"), text.index("thin") + 4)
    question = "What is the age of the long thin board?"
    weights = {"long": 1.0, "thin": 5.0, "board": 0.1}
    cell = cell_asked_for(question, text, near, weights)
    assert cell is not None
    assert cell.of(text) == "5"


def test_another_table_than_the_one_read_in_is_not_looked_at() -> None:
    text = f"{EXTRACTED}\nThe harbour was built in 1871 by the town.\n"
    near = Span(text.index("The harbour"), len(text) - 1)
    assert cell_asked_for("How many tons did Selmar export?", text, near, {}) is None


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When is the 15:18 at the pier?", TIMES.replace("16:07", "–")),
        ("When does the 15:18 leave the station?", TIMES),
        ("What is the total for the 5 lamps?", "Lamps | 5 | £20\nChairs | 12 | £30\nTotal | |\n"),
    ],
)
def test_no_cell_is_looked_up_across_where_it_holds_no_time_or_the_question_none(
    question: str, text: str
) -> None:
    assert asked(question, text) is None
