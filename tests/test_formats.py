"""Each format becomes text with marks that lead back to where in the file a sentence stands."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import DocumentError
from qa.formats.endings import ENDINGS, format_of, is_text
from qa.formats.extracted import Extracted, Limits, Mark, location_at
from qa.formats.extractor import Extractor
from qa.formats.plain import markdown_marks
from qa.formats.worker import outcome_of
from qa.sentences import sentences
from qa.settings import Settings
from tests.written_files import SENTENCE, WRITERS, zipped

LIMITS = Limits.of(Settings())
#: Where the known sentence stands in the file of each ending.
PLACES = {
    ".csv": "row 3",
    ".docx": "Trade › Exports",
    ".eml": "attached message: Exports",
    ".epub": "Trade › Exports",
    ".html": "Trade › Exports",
    ".ipynb": "cell 2, Trade › Exports",
    ".md": "Trade › Exports",
    ".odt": "Trade › Exports",
    ".pdf": "page 2",
    ".tsv": "row 3",
}


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    one = Extractor(LIMITS)
    yield one
    one.close()


def read(ending: str, data: bytes) -> Extracted:
    """What the reader of that ending makes of ``data``, in this process."""
    outcome = outcome_of(ending, data, LIMITS)
    assert isinstance(outcome, Extracted), outcome
    return outcome


def refusal(ending: str, data: bytes) -> str:
    outcome = outcome_of(ending, data, LIMITS)
    assert isinstance(outcome, str)
    return outcome


@pytest.mark.parametrize("ending", WRITERS)
def test_a_known_sentence_is_one_sentence_of_the_text_and_its_mark_leads_back_to_it(
    extractor: Extractor, ending: str
) -> None:
    found = extractor.extract(f"report{ending}", WRITERS[ending]())
    at = found.text.index(SENTENCE)
    assert found.text[at : at + len(SENTENCE)] == SENTENCE
    assert location_at(found.marks, at) == PLACES[ending]
    assert any(
        span.start <= at and span.end >= at + len(SENTENCE) for span in sentences(found.text)
    )


@pytest.mark.parametrize("ending", WRITERS)
def test_the_same_bytes_are_the_same_text_in_this_process_and_in_the_other(
    extractor: Extractor, ending: str
) -> None:
    data = WRITERS[ending]()
    assert extractor.extract(f"a{ending}", data) == read(ending, data) == read(ending, data)


@pytest.mark.parametrize("ending", WRITERS)
def test_marks_stand_in_order_within_the_text(ending: str) -> None:
    found = read(ending, WRITERS[ending]())
    starts = [mark.start for mark in found.marks]
    assert starts == sorted(set(starts))
    assert all(0 <= start < len(found.text) for start in starts)
    assert all(mark.label and "\n" not in mark.label for mark in found.marks)


@pytest.mark.parametrize("ending", [".docx", ".epub", ".eml", ".html", ".odt", ".pdf"])
def test_a_file_that_names_itself_has_that_title(ending: str) -> None:
    assert read(ending, WRITERS[ending]()).title == "Harbour report"


@pytest.mark.parametrize("ending", [".epub", ".eml", ".html", ".odt"])
def test_a_file_that_is_dated_has_that_date(ending: str) -> None:
    assert read(ending, WRITERS[ending]()).date == date(2024, 3, 6)


def test_every_ending_names_a_reader_that_is_there() -> None:
    for ending in ENDINGS:
        format_of(f"a{ending}").extract(b"# A ferry", LIMITS) if is_text(f"a{ending}") else None
        assert format_of(f"A{ending.upper()}") is ENDINGS[ending]


@pytest.mark.parametrize(
    ("file", "advice"),
    [
        ("a.doc", ".docx"),
        ("a.xlsx", ".csv"),
        ("a.zip", "unpack"),
        ("a.jpg", "OCR"),
        ("a.q", ".txt"),
    ],
)
def test_a_kind_that_is_not_read_is_refused_with_what_to_do(file: str, advice: str) -> None:
    with pytest.raises(DocumentError, match=rf"files are not read; .*{advice}"):
        format_of(file)


# Markdown


def test_markdown_headings_are_paths_and_code_holds_none() -> None:
    text = "Before\n# A #\n## B\n```\n# no heading\n```\n### C\n## D\n#hash\n# \n# E\n"
    labels = [mark.label for mark in markdown_marks(text)]
    assert labels == ["A", "A › B", "A › B › C", "A › D", "E"]
    assert location_at(markdown_marks(text), text.index("Before")) is None
    assert location_at(markdown_marks(text), text.index("no heading")) == "A › B"


@pytest.mark.parametrize(
    ("code", "inside"),
    [
        ("    # install the tools\n", "indented"),
        ("\t# install the tools\n", "indented by a tab"),
        ("```\n```python\n# install\n```\n", "a fence with a word closes none"),
        ("````\n```\n# install\n````\n", "nor does a shorter one"),
        ("~~~\n```\n# install\n~~~\n", "nor one of another kind"),
    ],
)
def test_what_looks_like_a_heading_in_code_is_none(code: str, inside: str) -> None:
    labels = [mark.label for mark in markdown_marks(f"# A\n\n{code}\n## B\n")]
    assert labels == ["A", "A › B"], inside


def test_a_heading_may_be_indented_a_little_and_code_may_stand_in_a_line() -> None:
    labels = [mark.label for mark in markdown_marks("   # A\n```code```\n## B\n")]
    assert labels == ["A", "A › B"]


@given(st.text(st.sampled_from("# ab`~\n\r\t"), max_size=60))
def test_a_mark_of_markdown_stands_on_its_heading(text: str) -> None:
    for mark in markdown_marks(text):
        assert text[mark.start] == "#"


def test_a_path_of_long_headings_keeps_the_nearest() -> None:
    text = "".join(f"{'#' * level} {str(level) * 200}\n" for level in range(1, 7))
    last = markdown_marks(text)[-1].label
    assert len(last) <= 200
    assert last.endswith("666…")


# Web pages


def page(body: str, head: str = "") -> str:
    return read(".html", f"<html><head>{head}</head><body>{body}</body></html>".encode()).text


def test_a_page_is_its_article_without_menus_scripts_and_what_is_hidden() -> None:
    text = read(".html", WRITERS[".html"]()).text
    for left_out in ("Home", "Weather", "script", "hidden trap", "Cookies"):
        assert left_out not in text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>One\n two<br>three</p><p>four", "One two\nthree\n\nfour"),
        ("<ul><li>One<li>two</ul><p>three", "One\ntwo\n\nthree"),
        ("<pre>one\n  two</pre>three", "one\n  two\n\nthree"),
        ("a<b>b</b>c <i>d</i>", "abc d"),
        ("<table><tr><td>a<td>b<tr><td><p>c</p><td>d</table>", "a | b\nc | d"),
        ("<table><tr><td><h1>A</h1><p>b</p><td>c</table>", "A\n\nb\n\nc"),
        ("<table><tr><td>a<br>b<td>c<tr><td>d<td>e</table>", "a b | c\nd | e"),
        ("<table><tr><th>A<th>B<tr><td>c<td>d</table>", "A | B\n--- | ---\nc | d"),
        (
            "<table><tr><td>Menu<td>One.<br><br>Two.<br><br>Three.</table>",
            "Menu\n\nOne.\nTwo.\nThree.",
        ),
        ("<table><thead><tr><td>A<td>B</thead><tr><td>c<td>d</table>", "A | B\n--- | ---\nc | d"),
        ("<table><tr><th>A<td>b<tr><th>C<td>d</table>", "A | b\nC | d"),
        ("<table><tr><th>A<th>B</table>", "A | B"),
        ("<table><tr><td>a<td><td>b<tr><td>c<td>d<td>e</table>", "| a |  | b |\nc | d | e"),
        ("<table><tr><td colspan=2>a<td>b<tr><td>c<td>d<td>e</table>", "| a |  | b |\nc | d | e"),
        (
            "<table><tr><td rowspan=2>a<td>b<tr><td>c<tr><td>d<td>e</table>",
            "a | b\n|  | c |\nd | e",
        ),
        ("<table><tr><td>a<td>b</td>stray words</tr></table>", "a | b | stray words"),
        (
            "<table><tr><td>a<div hidden>x</div> b<td>c<tr><td>d<td>e</table>",
            "a b | c\nd | e",
        ),
        (
            "<table><tr><td rowspan=9>a<td>b</table><table><tr><td>c<div>d</div></table>",
            "a | b\n\nc\n\nd",
        ),
        ("<table><tr><td colspan=9999>a<td>b</table>", f"| a | {' | ' * 49}b |"),
        ("<table><tr><th>A<th>B<tr><td colspan=2>c<tr><td>d<td>e</table>", "A | B\n\nc\n\nd | e"),
        ("<h1></h1><p>&lt;b&gt; &amp;amp; &#0;", "<b> &amp; \N{REPLACEMENT CHARACTER}"),
        ("<p>one<script>x</script> two<div>three</div>four", "one two\n\nthree\n\nfour"),
        ("<article><nav>menu</nav>one</article>", "one"),
        ("<nav>only a menu</nav>", "only a menu"),
        (
            "<p>A list <a>of</a></p><ul><li><a>x</a> is told of here at some length</ul>",
            "A list of\n\nx is told of here at some length",
        ),
    ],
)
def test_a_page_reads_as_a_browser_shows_it(body: str, text: str) -> None:
    assert page(body) == text


def test_a_page_that_names_its_main_part_is_that_part() -> None:
    article = "The ferry sails at noon. " * 10
    assert "Teaser" not in page(f"<div>Teaser</div><main><p>{article}</p></main><div>Teaser</div>")
    assert "Teaser" in page("<div>Teaser</div><main>Short</main>")


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="article:published_time" content="2024-03-06T10:00:00Z">',
        '<script type="application/ld+json">{"datePublished": "2024-03-06"}</script>',
    ],
)
def test_a_page_is_of_the_day_on_which_it_was_published(head: str) -> None:
    found = read(".html", f"<head>{head}</head><p>A ferry</p>".encode())
    assert found.date == date(2024, 3, 6)


@pytest.mark.parametrize(
    "data",
    [
        "<meta charset=windows-1251><p>Порт".encode("cp1251"),
        '<?xml version="1.0" encoding="koi8-r"?><p>Порт'.encode("koi8-r"),
        "<p>Порт".encode("utf-16"),
        "<p>Порт".encode(),
    ],
)
def test_a_page_is_decoded_as_it_declares(data: bytes) -> None:
    assert read(".html", data).text == "Порт"


# Word, OpenDocument and books

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def word(body: str, **parts: str) -> Extracted:
    members = {f"word/{name}.xml": content for name, content in parts.items()}
    members["word/document.xml"] = f"<w:document {_W}><w:body>{body}</w:body></w:document>"
    return read(".docx", zipped(members))


def test_tracked_changes_of_a_word_document_count_as_accepted() -> None:
    body = (
        "<w:p><w:ins><w:r><w:t>It </w:t></w:r></w:ins><w:del><w:r><w:delText>was</w:delText><w:t>was"
        "</w:t></w:r></w:del><w:r><w:t>is new.</w:t><w:tab/><w:t>So</w:t></w:r></w:p>"
    )
    assert word(body).text == "It is new.\tSo"


def test_a_word_document_gives_its_controls_boxes_and_footnotes() -> None:
    body = (
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:r><w:t>Around.</w:t><w:pict><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p>"
        "</w:txbxContent></w:pict></w:r></w:p>"
    )
    notes = (
        f'<w:footnotes {_W}><w:footnote w:type="separator"><w:p><w:r><w:t>-</w:t></w:r></w:p>'
        "</w:footnote><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    found = word(body, footnotes=notes)
    assert found.text == "In a control.\n\nAround.\n\nIn a box.\n\nA note."
    assert found.marks == (Mark(found.text.index("A note"), "footnotes"),)


def test_a_heading_style_of_a_word_document_may_rest_on_another() -> None:
    styles = (
        f'<w:styles {_W}><w:style w:styleId="H"><w:name w:val="heading 2"/></w:style>'
        '<w:style w:styleId="Own"><w:basedOn w:val="H"/></w:style>'
        '<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style>'
        '<w:style w:styleId="B"><w:basedOn w:val="A"/></w:style></w:styles>'
    )
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{style}</w:t></w:r></w:p>'
        for style in ("Own", "A")
    )
    assert word(body, styles=styles).marks == (Mark(0, "Own"),)


def word_cell(text: str, *, run: str = "", cell: str = "") -> str:
    words = f"<w:p><w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"
    return f"<w:tc><w:tcPr>{cell}</w:tcPr>{words}</w:tc>"


BODY_ROW = f"<w:tr>{word_cell('Ann')}{word_cell('12')}</w:tr>"


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (word_cell("Name") + word_cell("Age"), "Name | Age\nAnn | 12"),
        (
            f"<w:trPr><w:tblHeader/></w:trPr>{word_cell('Name')}{word_cell('Age')}",
            "Name | Age\n--- | ---\nAnn | 12",
        ),
        (
            word_cell("Name", run="<w:b/>") + word_cell("Age", run="<w:b/>"),
            "Name | Age\n--- | ---\nAnn | 12",
        ),
        (word_cell("Name", run="<w:b/>") + word_cell("Age"), "Name | Age\nAnn | 12"),
        (
            word_cell("Name", run="<w:b/>") + word_cell("Age", run='<w:b w:val="0"/>'),
            "Name | Age\nAnn | 12",
        ),
        (word_cell("Members", cell='<w:gridSpan w:val="2"/>'), "Members\nAnn | 12"),
        (word_cell("") + word_cell("Age"), "|  | Age |\nAnn | 12"),
        (
            word_cell("") + word_cell("Name", run="<w:b/>") + word_cell("Age", run="<w:b/>"),
            "|  | Name | Age |\n--- | --- | ---\nAnn | 12",
        ),
        (
            f'<w:trPr><w:tblHeader w:val="0"/></w:trPr>{word_cell("Name")}{word_cell("Age")}',
            "Name | Age\nAnn | 12",
        ),
        (
            f'<w:trPr><w:gridBefore w:val="1"/></w:trPr>{word_cell("A")}{word_cell("B")}',
            "|  | A | B |\nAnn | 12",
        ),
    ],
)
def test_the_first_row_of_a_word_table_names_its_columns_if_it_is_marked_so_or_bold(
    row: str, lines: str
) -> None:
    assert word(f"<w:tbl><w:tr>{row}</w:tr>{BODY_ROW}</w:tbl>").text == lines


def test_the_rows_that_an_open_document_repeats_on_each_page_name_columns() -> None:
    header = "<table-row><table-cell><p>Name</p></table-cell><table-cell><p>Age</p></table-cell></table-row>"
    row = (
        "<table-row><table-cell><p>Ann</p></table-cell><covered-table-cell/>"
        '<table-cell number-columns-repeated="2"><p>12</p></table-cell></table-row>'
    )
    content = f"<d><table><table-header-rows>{header}</table-header-rows>{row}</table></d>"
    text = read(".odt", zipped({"content.xml": content})).text
    assert text == "Name | Age\n--- | ---\n| Ann |  | 12 | 12 |"


def test_deleted_text_and_comments_of_an_open_document_are_left_out() -> None:
    content = (
        "<d><tracked-changes><p>Gone.</p></tracked-changes><p>Kept<annotation><p>A comment</p>"
        '</annotation> <s c="3"/>so<note><note-citation>1</note-citation><note-body><p>A note.</p>'
        "</note-body></note>.</p></d>"
    )
    assert read(".odt", zipped({"content.xml": content})).text == "Kept    so.\n\nA note."


def test_chapters_of_a_book_come_in_the_order_of_its_spine() -> None:
    text = read(".epub", WRITERS[".epub"]()).text
    assert text.index("Trade") < text.index("Exports")


# PDF


def pdf(*strings: tuple[float, float, str], size: float = 12) -> str:
    """The text of a page with these strings at these places, in points from its lower left corner."""
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    canvas.setFont("Helvetica", size)
    for x, y, string in strings:
        canvas.drawString(x, y, string)
    canvas.save()
    return read(".pdf", stream.getvalue()).text


def test_lines_of_a_pdf_are_joined_to_paragraphs() -> None:
    lines = [
        (72, 700, "The harbour of Karsund was made larger after the storm of"),
        (72, 686, "1962, since the old pier could not shelter the new ferries."),
        (72, 650, "It has two cranes, and a lighthouse stands at its end, which"),
        (72, 636, "was built in 1871."),
        (72, 622, "Nobody lives there any more but the keeper and his dog, and"),
        (72, 608, "the gulls."),
    ]
    assert pdf(*lines).split("\n\n") == [
        "The harbour of Karsund was made larger after the storm of 1962, since the old pier could not "
        "shelter the new ferries.",
        "It has two cranes, and a lighthouse stands at its end, which was built in 1871.",
        "Nobody lives there any more but the keeper and his dog, and the gulls.",
    ]


def test_points_of_a_list_in_a_pdf_are_paragraphs() -> None:
    lines = [
        (72, 700, "1. The cranes are"),
        (72, 686, "painted red"),
        (72, 672, "2. The pier is not"),
    ]
    assert pdf(*lines) == "1. The cranes are painted red\n\n2. The pier is not"


def test_a_pdf_that_does_not_name_itself_is_called_by_its_largest_letters() -> None:
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    canvas.setTitle("report-final.docx")
    for size, y, string in (
        (9, 760, "For members"),
        (20, 700, "The harbour"),
        (20, 676, "of Karsund"),
    ):
        canvas.setFont("Helvetica", size)
        canvas.drawString(72, y, string)
    canvas.setFont("Helvetica", 10)
    for line in range(5):
        canvas.drawString(72, 600 - 12 * line, "It was made larger after the storm of 1962.")
    canvas.save()
    assert read(".pdf", stream.getvalue()).title == "The harbour of Karsund"


def test_lines_of_a_pdf_that_end_early_stay_lines() -> None:
    lines = [(72, 700, "Year Tons"), (72, 686, "2023 450"), (72, 672, "2024 470")]
    full = (72, 658, "The tons are those of wool that left the harbour in a year.")
    assert pdf(*lines, full).startswith("Year Tons\n2023 450\n2024 470")


# Tables, notebooks and mails


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Year;Tons\n2020;450\n\n2021;470\n", "Year: 2020, Tons: 450\nYear: 2021, Tons: 470"),
        (b"1,2\n3,4\n", "1, 2\n3, 4"),
        (b'Name,Note\nHale,"a, ""b""\nc"\n', 'Name: Hale, Note: a, "b" c'),
        (b"Name,Note\nHale\nKarsund,b,c\n", "Name: Hale\nName: Karsund, Note: b, c"),
        (b"Name,Note\n", "Name, Note"),
        (
            b'Year,Note,Tons\n2021,"The mayor said ""no, never"" to it",470\n',
            'Year: 2021, Note: The mayor said "no, never" to it, Tons: 470',
        ),
        (b'Size,Tons\n5" pipe,4\n"6",5\n', 'Size: 5" pipe, Tons: 4\nSize: 6, Tons: 5'),
        (b'A,B\n"open,1\nc,2\n', 'A: "open, B: 1\nA: c, B: 2'),
        ("Größe,Länge\n1,2\n".encode("cp1252"), "Größe: 1, Länge: 2"),
    ],
)
def test_a_row_says_which_column_each_value_is_of(data: bytes, text: str) -> None:
    assert read(".csv", data).text == text


def test_a_quotation_mark_that_nothing_closes_swallows_no_rows() -> None:
    table = read(".tsv", b'Year\tNote\n2020\t"Quoted start\n2021\tb\n')
    assert table.text == 'Year: 2020, Note: "Quoted start\nYear: 2021, Note: b'
    assert [mark.label for mark in table.marks] == ["row 2", "row 3"]


def test_an_open_quotation_mark_before_a_long_rest_costs_no_file() -> None:
    table = read(".csv", b'Name,Text\nA,"open\n' + b"B,some words here\n" * 80_000)
    assert len(table.marks) == 80_001


def test_many_quotation_marks_take_no_time_to_speak_of() -> None:
    assert read(".csv", b'a,"b",c\n' + b'"' * 2_000 + b"x\n").text
    assert markdown_marks("# a" + " " * 50_000 + "b")


def test_a_value_may_be_long() -> None:
    assert len(read(".csv", b"Name,Note\nHale," + b"a " * 100_000).text) == 200_017


def test_a_row_is_numbered_as_in_the_file() -> None:
    assert [mark.label for mark in read(".csv", b"A,B\n1,2\n\n3,4\n").marks] == ["row 2", "row 4"]


def test_a_notebook_of_format_3_is_read() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Trade"]},
        {"cell_type": "code", "input": "2 + 2", "outputs": [{"text": "4"}]},
    ]
    found = read(".ipynb", json.dumps({"worksheets": [{"cells": cells}]}).encode())
    assert found.text == "## Trade\n\n2 + 2\n\n4"
    assert found.marks[1] == Mark(found.text.index("2 +"), "cell 2, Trade")


def test_the_sections_of_a_cell_are_marked_each() -> None:
    source = "Before.\n# A\nOne.\n## B\nTwo."
    found = read(".ipynb", json.dumps({"cells": [{"source": source}]}).encode())
    assert location_at(found.marks, found.text.index("Before")) == "cell 1"
    assert location_at(found.marks, found.text.index("One")) == "cell 1, A"
    assert location_at(found.marks, found.text.index("Two")) == "cell 1, A › B"


def test_a_mail_without_plain_text_is_read_as_a_page() -> None:
    message = EmailMessage()
    message["Subject"] = "Ferry"
    message.set_content("<p>It sails at <b>noon</b>.</p>", subtype="html")
    assert read(".eml", message.as_bytes()).text == "Subject: Ferry\n\nIt sails at noon."


def test_lines_of_a_mail_that_were_broken_to_be_sent_are_whole_again() -> None:
    head = b"Subject: A\nContent-Type: text/plain; format=flowed\n\n"
    found = read(".eml", head + b"The ferry \nsails at noon.\n> quoted\n Stuffed\n-- \nEdda\n")
    assert found.text.endswith("The ferry sails at noon.\n> quoted\nStuffed\n--\nEdda")


@pytest.mark.parametrize(
    ("ending", "data", "reason"),
    [
        (".eml", b"Dear all,\nno header here", "it is no mail"),
        (".ipynb", b"{}", "it has no cells"),
        (".ipynb", b'{"cells": 5}', "it has no cells"),
        (".html", b"<p> </p>", "it holds no text"),
        (".csv", b",,\n,,\n", "it holds no text"),
        (".odt", zipped({"content.xml": "<a/>"}), "it holds no text"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_or_holds_nothing_is_refused(
    ending: str, data: bytes, reason: str
) -> None:
    assert reason in refusal(ending, data)
