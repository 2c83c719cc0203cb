"""What stands above a place of a document and belongs to it is known there: headings, names of columns."""

from __future__ import annotations

from qa.formats.extracted import Mark
from qa.formats.plain import markdown_marks
from qa.sections import Section, Sections

NOTES = """\
# Quill, release notes

## 4.1.0 (27 January)

### New

- A dark theme.

## 4.0.2 (3 March)

| Plot | Holder | Crop |
|------|--------|------|
| 1 | Ada Lind | leeks |
| 2 | Tom Hale | onions |
"""


def above(text: str, words: str, title: str = "Quill, release notes") -> Section:
    return Sections(text, markdown_marks(text), title).above(text.index(words))


def test_the_path_of_the_headings_without_the_title_stands_above_a_line() -> None:
    assert above(NOTES, "- A dark") == Section("4.1.0 (27 January) › New")
    assert above(NOTES, "- A dark", title="notes.md").path.startswith(
        "Quill, release notes › 4.1.0"
    )
    assert above("# Quill\n\nThe mill.\n\nThe inn.\n", "The inn", "Quill") == Section()
    long = "word " * 20
    assert above(f"# {long}\n\n## Fees\n\nThe inn.\n", "The inn", long.strip()) == Section("Fees")


def test_a_heading_stands_not_above_itself() -> None:
    assert above(NOTES, "### New") == Section("4.1.0 (27 January)")
    assert above(NOTES, "# Quill") == Section()


def test_below_the_first_row_of_a_table_the_names_of_its_columns_stand_above() -> None:
    assert above(NOTES, "| 2 |") == Section("4.0.2 (3 March)", "| Plot | Holder | Crop |")
    assert above(NOTES, "| 2 |").lines == "4.0.2 (3 March)\n| Plot | Holder | Crop |\n"
    assert above(NOTES, "| Plot |") == Section("4.0.2 (3 March)")


def test_names_that_leave_out_the_first_column_keep_their_place() -> None:
    text = "FARES\n\n         Inish    Torsa\nAdult    7.40     9.90\nChild    3.70     4.95\n"
    assert above(text, "Child").columns == "         Inish    Torsa"


def test_pages_and_rows_are_no_headings() -> None:
    text = "page 1 of 2\n\nThe mill burned.\n\nThe inn is old.\n"
    marks = [Mark(0, "page 1"), Mark(31, "attached message: The roof")]
    assert Sections(text, marks, "").above(20) == Section()
    assert Sections(text, marks, "").above(40) == Section()


def test_a_cell_of_a_notebook_is_under_the_heading_of_an_earlier_one() -> None:
    marks = [Mark(0, "cell 3, Trade › Exports"), Mark(20, "cell 4, Trade › Exports")]
    assert Sections("## Exports\n\nprint(tons)\n", marks, "").above(21).path == "Trade › Exports"


def test_what_a_row_says_of_its_columns_itself_needs_no_names_above() -> None:
    text = "Item: hammer, Stock: 4\nItem: saw, Stock: 9\nItem: file, Stock: 2\n"
    assert Sections(text, [], "").above(text.index("Item: file")) == Section()


def test_a_row_of_names_that_is_very_long_is_left_out() -> None:
    names = " | ".join(f"name of column {n}" for n in range(20))
    row = " | ".join(f"cell {n}" for n in range(20))
    text = f"{names}\n---\n{row}\n{row}\n{row}\n"
    assert Sections(text, [], "").above(text.rindex("cell 0")) == Section()


def test_sections_and_tables_with_the_line_over_them_are_kept_together() -> None:
    text = f"{NOTES}\nPrices\n\nAdult    7.40     9.90\nChild    3.70     4.95\nDog      1.00     1.50\n"
    together = [span.of(text) for span in Sections(text, markdown_marks(text), "Quill").together]
    assert "### New\n\n- A dark theme.\n\n" in together
    assert any(kept.startswith("## 4.0.2") and kept.endswith("1.50\n") for kept in together)
    assert any(
        kept.startswith("| Plot") or (kept.startswith("## 4.0.2") and kept.endswith("onions |"))
        for kept in together
    )
    assert any(kept.startswith("Prices") and kept.endswith("1.50") for kept in together)
