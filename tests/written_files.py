"""A small file of each format, as the writing side of a library makes it, all telling the same."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage

__all__ = ["SENTENCE", "WRITERS", "zipped"]

#: Stands in each file, in its section "Exports" under "Trade".
SENTENCE = "Exports of wool grew by 11% in 2023, said the harbour master."
OPENING = "The port of Karsund opened in 1901 and has two cranes."

PAGE = f"""<!DOCTYPE html>
<html lang="en"><head><title>Harbour report</title><meta name="date" content="2024-03-06">
<script>var hidden = "script";</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/news">News</a></li></ul></nav>
<ul><li><a href="/a">Sports</a></li><li><a href="/b">Culture</a></li><li><a href="/c">Weather</a></li></ul>
<h1>Trade</h1><p>{OPENING}</p>
<h2>Exports</h2><p>Exports of <b>wool</b> grew by 11% in&nbsp;2023,
said the harbour master.</p>
<table><tr><th>Year</th><th>Tons</th></tr><tr><td>2023</td><td>450</td></tr></table>
<p style="display: none">A hidden trap.</p><footer>Cookies and terms</footer></body></html>
"""

_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
_PACKAGE = (
    '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<metadata><dc:title>Harbour report</dc:title><dc:date>2024-03-06</dc:date></metadata><manifest>"
    '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="b"/><itemref idref="a"/></spine></package>'
)
_CHAPTER = (
    '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
    "<head><title>{title}</title></head><body>{body}</body></html>"
)
_OPENDOCUMENT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text>'
    '<text:h text:outline-level="1">Trade</text:h>'
    f"<text:p>{OPENING}</text:p>"
    '<text:h text:outline-level="2">Exports</text:h>'
    "<text:p>Exports of <text:span>wool</text:span> grew by<text:s/>11% in 2023, said the harbour master."
    "</text:p><table:table><table:table-row><table:table-cell><text:p>Year</text:p></table:table-cell>"
    "<table:table-cell><text:p>Tons</text:p></table:table-cell></table:table-row></table:table>"
    "</office:text></office:body></office:document-content>"
)
_OPENDOCUMENT_META = (
    '<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:title>Harbour report</dc:title>'
    "<dc:date>2024-03-06T10:00:00</dc:date></office:meta></office:document-meta>"
)


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            # One moment for all, so that the same members are the same bytes.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _docx() -> bytes:
    import docx

    document = docx.Document()
    document.core_properties.title = "Harbour report"
    document.add_heading("Trade", 1)
    document.add_paragraph(OPENING)
    document.add_heading("Exports", 2)
    paragraph = document.add_paragraph("Exports of ")
    paragraph.add_run("wool").bold = True
    paragraph.add_run(" grew by 11% in 2023, said the harbour master.")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Year", "Tons"
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _pdf() -> bytes:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    styles = getSampleStyleSheet()
    stream = io.BytesIO()
    SimpleDocTemplate(stream, title="Harbour report", invariant=1).build(
        [
            Paragraph("Trade", styles["Heading1"]),
            Paragraph(OPENING, styles["BodyText"]),
            PageBreak(),
            Paragraph("Exports", styles["Heading2"]),
            # Long enough to be broken over lines.
            Paragraph(f"{OPENING} {SENTENCE} {OPENING}", styles["BodyText"]),
        ]
    )
    return stream.getvalue()


def _odt() -> bytes:
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": _OPENDOCUMENT,
            "meta.xml": _OPENDOCUMENT_META,
        }
    )


def _epub() -> bytes:
    first = f"<h1>Trade</h1><p>{OPENING}</p>"
    second = f"<h2>Exports</h2><p>{SENTENCE}</p>"
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": _CONTAINER,
            "book/package.opf": _PACKAGE,
            "book/a.xhtml": _CHAPTER.format(title="Two", body=second),
            "book/b.xhtml": _CHAPTER.format(title="One", body=first),
        }
    )


def _ipynb() -> bytes:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Trade\n", OPENING]},
        {"cell_type": "markdown", "metadata": {}, "source": f"## Exports\n{SENTENCE}"},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "source": ["print(450)"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["450\n"]}],
        },
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _eml() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Häfen <a@example.org>", "b@example.org"
    message["Subject"], message["Date"] = "Harbour report", "Wed, 06 Mar 2024 10:00:00 +0100"
    message.set_content(OPENING)
    message.add_alternative(f"<p>{OPENING}</p>", subtype="html")
    inner = EmailMessage()
    inner["Subject"] = "Exports"
    inner.set_content(SENTENCE)
    message.add_attachment(inner)
    message.add_attachment(b"\0\1", maintype="image", subtype="png", filename="crane.png")
    return message.as_bytes()


def _table(separator: str) -> bytes:
    rows = [["Place", "Note"], ["Karsund", OPENING], ["Hale", SENTENCE]]
    quoted = (separator.join(f'"{value}"' for value in row) for row in rows)
    return "\r\n".join(quoted).encode()


#: What writes the file of each ending.
WRITERS: dict[str, Callable[[], bytes]] = {
    ".csv": lambda: _table(","),
    ".docx": _docx,
    ".eml": _eml,
    ".epub": _epub,
    ".html": PAGE.encode,
    ".ipynb": _ipynb,
    ".md": f"# Trade\n\n{OPENING}\n\n## Exports\n\n{SENTENCE}\n".encode,
    ".odt": _odt,
    ".pdf": _pdf,
    ".tsv": lambda: _table("\t"),
}
