"""Files made to harm are refused in one clear sentence, within the limits."""

from __future__ import annotations

import io
import os
import random
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qa.documents import read_document
from qa.errors import DocumentError
from qa.formats.extracted import Extracted, Limits
from qa.formats.extractor import Extractor
from qa.formats.markup import page
from qa.formats.worker import outcome_of
from qa.settings import Settings
from tests.written_files import WRITERS, zipped

LIMITS = Limits.of(Settings())
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
#: "A billion laughs": each entity is ten of the one before.
_LAUGHS = "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">'
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
LAUGHS = f'<!DOCTYPE x [<!ENTITY a "ha">{_LAUGHS}]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/hostname">]>'


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    """Reads in a process of its own, as the program does."""
    one = Extractor(replace(LIMITS, max_extraction_seconds=20))
    yield one
    one.close()


def refusal(extractor: Extractor, file: str, data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        extractor.extract(file, data)
    reason = str(caught.value)
    assert "\n" not in reason
    assert len(reason) < 200
    return reason


def with_part(ending: str, part: str, content: str | bytes) -> bytes:
    """The archive of that ending with one of its members replaced."""
    with zipfile.ZipFile(io.BytesIO(WRITERS[ending]())) as archive:
        members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**members, part: content})


PARTS = {".docx": "word/document.xml", ".epub": "book/package.opf", ".odt": "content.xml"}


@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE], ids=["laughs", "outside"])
@pytest.mark.parametrize("ending", PARTS)
def test_an_archive_that_declares_entities_is_refused(
    extractor: Extractor, ending: str, doctype: str
) -> None:
    data = with_part(ending, PARTS[ending], f"{doctype}<a><p>&j;</p></a>")
    assert refusal(extractor, f"a{ending}", data) == "it declares entities, which are not followed"


@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE], ids=["laughs", "outside"])
def test_entities_that_a_page_declares_are_not_followed(extractor: Extractor, doctype: str) -> None:
    page = f"{doctype}<html><body><p>Before &j; after</p></body></html>"
    host = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else "?"
    for file, data in (
        ("a.html", page.encode()),
        ("a.epub", with_part(".epub", "book/a.xhtml", page)),
    ):
        text = extractor.extract(file, data).text
        assert "haha" not in text
        assert host not in text.split()


@pytest.mark.parametrize("ending", PARTS)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(extractor: Extractor, ending: str) -> None:
    dense = with_part(ending, "media/1.png", b"\0" * 10_000_000)
    assert "more than max_unpacked_ratio (200) times its size" in refusal(
        extractor, f"a{ending}", dense
    )
    large = Extractor(replace(LIMITS, max_unpacked_bytes=100_000))
    many = with_part(ending, "media/1.bin", random.Random(1).randbytes(200_000))
    assert "more than max_unpacked_bytes (100,000) allows" in refusal(large, f"a{ending}", many)
    large.close()


def test_a_member_that_is_larger_than_it_says_is_damage(extractor: Extractor) -> None:
    content = b"<a><p>" + b"x " * 50_000 + b"</p></a>"
    data = bytearray(with_part(".odt", "content.xml", content))
    true = len(content).to_bytes(4, "little")
    while (at := data.find(true)) != -1:
        data[at : at + 4] = (50).to_bytes(4, "little")
    assert "damaged" in refusal(extractor, "a.odt", bytes(data))


@pytest.mark.parametrize(
    ("file", "data", "reason"),
    [
        ("a.html", b"<div>" * 100_000 + b"x", "max_nesting (200) levels"),
        ("a.html", b"<b>" * 100_000 + b"x", "max_nesting (200) levels"),
        ("a.html", b"<div>" * 220 + b"x", "max_nesting (200) levels"),
        ("a.ipynb", b"[" * 100_000, "nested too deeply"),
        ("a.ipynb", b'{"cells":' + b'[{"a":' * 100_000, "nested too deeply"),
        ("a.odt", zipped({"content.xml": b"<a>" * 100_000}), "max_nesting (200) levels"),
        ("a.docx", zipped({"word/document.xml": b"<a>" * 100_000}), "max_nesting (200) levels"),
        ("a.eml", b"Subject: x\nContent-Type: message/rfc822\n\n" * 2_000, "nested"),
    ],
)
def test_a_file_that_is_nested_100_000_levels_deep_is_refused(
    extractor: Extractor, file: str, data: bytes, reason: str
) -> None:
    assert reason in refusal(extractor, file, data)


def test_a_line_without_end_is_refused(extractor: Extractor) -> None:
    line = b"word " * 3_000_000
    assert "longer than the 10 MB" in refusal(extractor, "a.html", b"<p>" + line)
    assert "no table that can be read" in refusal(extractor, "a.csv", b"a,b\n" + line)


def test_a_text_longer_than_allowed_is_refused() -> None:
    limits = replace(LIMITS, max_text_characters=100)
    outcome = outcome_of(".csv", b"a,b\n" + b"1,2\n" * 100, limits)
    assert outcome == "its text is longer than max_text_characters (100) allows"


# PDF


def pdf_of(*objects: bytes) -> bytes:
    """A PDF of these objects, of which the first is the catalogue; PDFium mends the rest."""
    numbered = (b"%d 0 obj%sendobj\n" % (n, part) for n, part in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + b"".join(numbered) + b"trailer<</Root 1 0 R>>\n"


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
EMPTY_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream " % (entries, len(content), content)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf_of(CATALOGUE, b"<</Type/Pages/Kids[2 0 R]/Count 1000000>>"), "1,000,000 pages"),
        (
            pdf_of(
                CATALOGUE,
                b"<</Type/Pages/Kids[" + b"3 0 R " * 6_000 + b"]/Count 6000>>",
                EMPTY_PAGE,
            ),
            "6,000 pages",
        ),
        (pdf_of(CATALOGUE, b"<</Type/Pages/Kids[2 0 R]/Count 3>>"), "damaged"),
        (pdf_of(CATALOGUE, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", EMPTY_PAGE), "run OCR"),
        (b"%PDF-1.7\n" + b"\xff" * 1_000, "damaged"),
        (b"<!DOCTYPE html><p>A page", "no PDF but a web page"),
        (WRITERS[".docx"](), "no PDF but a zip archive"),
        (b"A ferry", "no PDF but something else"),
    ],
)
def test_a_pdf_that_is_none_or_promises_too_much_is_refused(
    extractor: Extractor, data: bytes, reason: str
) -> None:
    assert reason in refusal(extractor, "a.pdf", data)


def test_a_pdf_whose_drawing_calls_itself_costs_its_time_and_no_more() -> None:
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A 4 0 R>>>>"
    page = EMPTY_PAGE.replace(b">>", b"/Resources<</XObject<</A 4 0 R>>>>/Contents 5 0 R>>")
    calls = b"/A Do " * 10
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    data = pdf_of(CATALOGUE, pages, page, stream(calls, form), stream(calls))
    extractor = Extractor(replace(LIMITS, max_extraction_seconds=1))
    refusal(extractor, "a.pdf", data)
    assert extractor.extract("b.html", b"<p>The next one").text == "The next one"
    extractor.close()


def test_a_pdf_that_unpacks_without_end_costs_its_time_or_memory_and_no_more() -> None:
    content = zlib.compress(b"BT /F1 9 Tf " + b"(hello) Tj " * 2_000_000 + b"ET")
    page = EMPTY_PAGE.replace(b">>", b"/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>")
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    data = pdf_of(CATALOGUE, pages, page, stream(content, b"/Filter/FlateDecode"), font)
    limits = replace(LIMITS, max_extraction_seconds=10, max_extraction_memory=500_000_000)
    extractor = Extractor(limits)
    refusal(extractor, "a.pdf", data)
    assert extractor.extract("b.html", b"<p>The next one").text == "The next one"
    extractor.close()


def test_a_pdf_with_a_password_is_refused_with_the_remedy(extractor: Extractor) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=StandardEncryption("secret", strength=128))
    canvas.drawString(72, 700, "A secret")
    canvas.save()
    reason = refusal(extractor, "a.pdf", buffer.getvalue())
    assert reason == "it is protected by a password; save it without one"


# Archives that are none, or locked


@pytest.mark.parametrize(
    ("file", "data", "reason"),
    [
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 500,
            "protected by a password, or of before 2007",
        ),
        ("a.docx", WRITERS[".odt"](), "rename it to .odt"),
        ("a.odt", WRITERS[".docx"](), "it holds no content.xml"),
        ("a.epub", WRITERS[".docx"](), "it holds no META-INF/container.xml"),
        ("a.docx", WRITERS[".pdf"](), "not a whole zip archive"),
        ("a.docx", zipped({"word/document.xml": "<a/>"}), "it has no body"),
        ("a.docx", zipped({"word/document.xml": "not XML"}), "word/document.xml is no XML"),
        (
            "a.odt",
            zipped(
                {"META-INF/manifest.xml": "<m><f><encryption-data/></f></m>", "content.xml": ""}
            ),
            "protected by a password",
        ),
        (
            "a.epub",
            with_part(
                ".epub",
                "META-INF/encryption.xml",
                '<e><CipherReference URI="book/a.xhtml"/></e>',
            ),
            "protected against copying",
        ),
    ],
)
def test_an_archive_of_another_kind_or_locked_is_refused_with_the_reason(
    extractor: Extractor, file: str, data: bytes, reason: str
) -> None:
    assert reason in refusal(extractor, file, data)


def test_an_archive_with_a_password_is_refused(extractor: Extractor) -> None:
    data = bytearray(WRITERS[".odt"]())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) != -1:
            data[at + flags] |= 1
    reason = refusal(extractor, "a.odt", bytes(data))
    assert reason == "it is protected by a password; save it without one"


# Anything


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_that_is_cut_off_anywhere_is_read_in_part_or_refused(ending: str) -> None:
    data = WRITERS[ending]()
    for part in range(1, 20):
        cut = data[: len(data) * part // 20]
        assert isinstance(outcome_of(ending, cut, LIMITS), Extracted | str)


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_with_changed_bytes_is_read_or_refused(ending: str) -> None:
    chance = random.Random(ending)
    whole = WRITERS[ending]()
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        outcome = outcome_of(ending, bytes(data), LIMITS)
        if isinstance(outcome, Extracted):
            outcome.text.encode()  # can be stored
            assert all(mark.start < len(outcome.text) for mark in outcome.marks)


@pytest.mark.parametrize("ending", [".csv", ".docx", ".html", ".pdf"])
def test_a_pipe_or_a_device_is_never_waited_for(tmp_path: Path, ending: str) -> None:
    os.mkfifo(tmp_path / f"pipe{ending}")
    (tmp_path / f"zero{ending}").symlink_to("/dev/zero")
    for file in (f"pipe{ending}", f"zero{ending}"):
        with pytest.raises(DocumentError, match="not a regular file"):
            read_document(tmp_path, file, 1_000)


def test_cells_that_span_each_other_without_end_make_no_endless_row() -> None:
    cells = "<td colspan=50 rowspan=50>x" * 800
    data = f"<table><tr>{cells}{'<tr><td>y<td>z' * 49}</table>".encode()
    assert len(page(data, LIMITS).text) < 10 * len(data)
