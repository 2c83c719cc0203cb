"""A row of a table is written out as a sentence, and each cell of it is known by its place in the text."""

from __future__ import annotations

import pytest

from qa.table_rows import tables
from qa.written_rows import written_rows

PLOTS = """\
| Plot | Holder | Rent | Crop |
|------|--------|------|------|
| 1 | Ada Lind | £48 | leeks |
| 2 | Tom Hale | £26 | |
"""
STOCK = "SKU: TL-1, Item: Claw hammer, Stock: 42\nSKU: TL-2, Item: Rubber mallet, Stock: 23\n"
GLASS = (
    "GLASS (per square metre)\n\n"
    "Float glass, thin      38.00\nMuseum glass         212.00\nAcrylic              96.00\n"
)


@pytest.mark.parametrize(
    ("text", "above", "written"),
    [
        (
            PLOTS,
            "",
            ["Ada Lind – Plot: 1; Rent: £48; Crop: leeks.", "Tom Hale – Plot: 2; Rent: £26."],
        ),
        (
            STOCK,
            "",
            ["Claw hammer – SKU: TL-1; Stock: 42.", "Rubber mallet – SKU: TL-2; Stock: 23."],
        ),
        (
            "| 7 | Ada Lind | £48 |\n| 8 | Tom Hale | £26 |\n",
            "| Plot | Holder | Rent |",
            ["Ada Lind – Plot: 7; Rent: £48.", "Tom Hale – Plot: 8; Rent: £26."],
        ),
        (
            GLASS,
            "",
            [
                "GLASS (per square metre)\nFloat glass, thin – 38.00.",
                "GLASS (per square metre)\nMuseum glass – 212.00.",
                "GLASS (per square metre)\nAcrylic – 96.00.",
            ],
        ),
        (
            "Motorcycle    11.50    14.00\nVan           41.00    53.00\n",
            "              Inish    Torsa",
            ["Motorcycle – Inish: 11.50; Torsa: 14.00.", "Van – Inish: 41.00; Torsa: 53.00."],
        ),
        (
            "| Sunday | 9:00 | closed. |\n",
            "| Day | Pool | Sauna |",
            ["Sunday – Pool: 9:00; Sauna: closed."],
        ),
        (
            "Ada Lind | Chair\nTom Hale | Treasurer\nEva Ros | Secretary\n",
            "",
            ["Ada Lind – Chair.", "Tom Hale – Treasurer.", "Eva Ros – Secretary."],
        ),
        (
            "SKU: V-1, Item: V-nails, Note: few\nSKU: V-2, Item: Wood glue\n",
            "",
            ["V-nails – SKU: V-1; Note: few.", "Wood glue – SKU: V-2."],
        ),
        (
            "|---|---|---|\n| 7 | Ada Lind | £48 |\n| 8 | Tom Hale | £26 |\n",
            "| Plot | Holder | Rent |",
            ["Ada Lind – Plot: 7; Rent: £48.", "Tom Hale – Plot: 8; Rent: £26."],
        ),
        (
            "Tickets\n\n- Adults: £9.50\n- Under 6: free\n- Family (two adults): £22\n",
            "",
            [
                "Tickets\nAdults – £9.50.",
                "Tickets\nUnder 6 – free.",
                "Tickets\nFamily (two adults) – £22.",
            ],
        ),
        (
            "Error: fan stopped, Error: call Ivor, Host: beta\n" * 2,
            "",
            ["fan stopped – Error: call Ivor; Host: beta."] * 2,
        ),
        ("Ann: Good morning.\nTom: 9 already?\nAnn: I overslept.\n", "", []),
        ("The mill burned. Nobody was hurt.\nIt was rebuilt.\n", "", []),
    ],
    ids=[
        "bars",
        "named",
        "cut from its names",
        "without names",
        "names without the first",
        "a last row",
        "no names",
        "an empty cell left out",
        "cut at its rule",
        "a list of prices",
        "a name twice",
        "talk",
        "no table",
    ],
)
def test_a_row_says_what_it_is_about_and_then_each_column(
    text: str, above: str, written: list[str]
) -> None:
    assert [row.text for row in written_rows(text, tables(text, above))] == written


@pytest.mark.parametrize("text", [PLOTS, STOCK, GLASS])
def test_each_cell_is_the_same_where_it_is_read_and_where_it_stands(text: str) -> None:
    for row in written_rows(text, tables(text)):
        for written, stands in row.cells:
            assert written.of(row.text) == stands.of(text) != ""
            assert row.line.covers(stands)


RESERVOIRS = """\
Dam no.    Built  Full   Now    Warden             Fishing
---------  -----  -----  -----  -----------------  --------
Blackmoss  1887   2,140  1,990  Gwendal Corrigeau  yes
Pinfold    1986   310                              no, the lining of the dam is being repaired
Wexley     1958   8,300  5,190  Imke Stralendorps no
Thrane     1904   5,600 4,310   Parveen Sohalki    fly only
Under water
Fishing is   allowed from the dam, and never anywhere else.

Cards are sold at the gate.
"""


def cells(text: str) -> list[list[str]]:
    return [[cell.of(text) for cell in row.cells] for table in tables(text) for row in table.rows]


def test_columns_begin_where_their_underlines_do() -> None:
    (table,) = tables(RESERVOIRS)
    assert table.names == ("Dam no.", "Built", "Full", "Now", "Warden", "Fishing")
    assert cells(RESERVOIRS) == [
        ["Blackmoss", "1887", "2,140", "1,990", "Gwendal Corrigeau", "yes"],
        ["Pinfold", "1986", "310", "", "", "no, the lining of the dam is being repaired"],
        ["Wexley", "1958", "8,300", "5,190", "Imke Stralendorps", "no"],
        ["Thrane", "1904", "5,600", "4,310", "Parveen Sohalki", "fly only"],
        ["Under water", "", "", "", "", ""],
    ]


def test_a_table_may_be_indented_and_stand_between_double_rules() -> None:
    text = """
      ======  =====  ======
      Gauge   May    June
      ======  =====  ======
      Head    188    141
      Bridge         99
      ======  =====  ======
    """
    (table,) = tables(text)
    assert (table.names, table.ruled) == (("Gauge", "May", "June"), True)
    assert cells(text) == [["Head", "188", "141"], ["Bridge", "", "99"]]


def test_without_underlines_an_empty_cell_is_told_by_the_row_above() -> None:
    text = (
        "Day        Pool         Sauna    Guests\n"
        "Monday     6:30-21:30   12:00    112\n"
        "Tuesday                 12:00    98\n"
        "Sunday     9:00-18:00   closed   140\n"
        "The pool is   closed on holidays.\n"
    )
    assert cells(text)[1] == ["Tuesday", "", "12:00", "98"]
    assert len(cells(text)) == 3


@pytest.mark.parametrize("below", ["Tue\t\t12\t98\n", "Tuesday it was closed    12    98\n"])
def test_a_row_that_does_not_stand_below_the_others_is_none_of_theirs(below: str) -> None:
    text = "Day        Pool    Sauna    Guests\nMonday     6:30    12:00    112\n" * 2
    assert all(len(row) == 4 for row in cells(text + below))


def test_two_blanks_after_a_full_stop_divide_columns_only_beside_others() -> None:
    text = "BH no.  Pipe     Cap\nSV-02   50 mm    locked\nSV-04   80 mm    screw\n"
    assert [table.names for table in tables(text)] == [("BH no.", "Pipe", "Cap")]
    assert cells(text) == [["SV-02", "50 mm", "locked"], ["SV-04", "80 mm", "screw"]]
    assert not cells("It was no.  7 of ten.  Nobody came.\n" * 3)


def test_dots_lead_from_a_label_to_its_value() -> None:
    text = (
        "Duties\nCoffee, roasted ......... 12 %\nTea . . . . . . . . . . 9 %\nBooks.........free\n"
    )
    assert [row.text for row in written_rows(text, tables(text))] == [
        "Duties\nCoffee, roasted – 12 %.",
        "Duties\nTea – 9 %.",
        "Duties\nBooks – free.",
    ]


@pytest.mark.parametrize("line", ["And then .... nothing.\n", "Well......\n", "..........\n"])
def test_one_line_with_dots_is_no_list(line: str) -> None:
    assert not cells(f"He waited.\n{line}Nobody came.\n")


def test_a_sentence_over_a_table_is_no_caption() -> None:
    text = "These are the plots.\n" + PLOTS
    assert next(written_rows(text, tables(text))).text.startswith("Ada Lind")


def test_lines_of_a_log_that_share_one_name_are_no_table_of_all_their_names() -> None:
    log = "".join(f"Time: {n}, user{n}: in\n" for n in range(200))
    assert all(len(table.names) <= 2 for table in tables(log))


def test_rows_that_leave_out_what_others_name_have_as_many_cells() -> None:
    text = "SKU: V-1, Item: Nails, Note: few\nSKU: V-2, Note: old\nSKU: V-3, Item: Glue\n"
    (table,) = tables(text)
    assert table.names == ("SKU", "Item", "Note")
    assert {len(row.cells) for row in table.rows} == {3}
    assert [row.text for row in written_rows(text, [table])] == [
        "V-1 – Item: Nails; Note: few.",
        "V-2 – Note: old.",
        "V-3 – Item: Glue.",
    ]
