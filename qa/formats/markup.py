"""Web pages (.html): the text of the article, by what its elements are, without the site's menus."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from qa.errors import DocumentError
from qa.formats.archive import day_of, refuse_excess, require_shallow
from qa.formats.encodings import declared_in_page, decoded
from qa.formats.extracted import Blocks, Extracted, Limits, in_one_line
from qa.formats.table_lines import MOST_COLUMNS, TableLines, spanned

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["add_page", "page", "page_element", "page_title"]

#: What runs in a line of text; every other element begins and ends a paragraph.
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q ruby s samp "
    "small span strike strong sub sup time tt u var wbr".split()
)
#: What is not text, or is no part of what the page tells.
_NEVER = frozenset(
    "audio base button canvas embed head iframe input link map math meta noframes noscript object option "
    "rp rt script select style svg template textarea title video".split()
)
#: What surrounds an article on a site.
_SURROUNDINGS = frozenset("aside dialog footer menu nav".split())
_SURROUNDING_ROLES = frozenset(
    "alert banner complementary contentinfo dialog menu menubar navigation search toolbar".split()
)
_LISTS = frozenset("dl ol table ul".split())
#: A list of at least so many links with hardly any words beside them is a menu.
FEWEST_LINKS = 3
LINKS_OF_A_MENU = 0.9
#: A cell with more line breaks holds paragraphs of a page that a table lays out.
MOST_BREAKS = 3
#: An element that claims to be the page's main one must hold so many characters.
SMALLEST_MAIN = 140

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PUBLISHED = re.compile(r'"datePublished"\s*:\s*"(\d{4}-\d{2}-\d{2})')
_DATE_NAMES = frozenset(
    "article:published_time date datepublished dc.date dc.date.issued dcterms.created dcterms.date "
    "dcterms.issued og:article:published_time parsely-pub-date pubdate publishdate".split()
)


def page(data: bytes, limits: Limits) -> Extracted:
    """The main text of a page, its headings as marks.

    Raises:
        DocumentError: it is no text, is nested too deeply, or shows no words.
    """
    root = page_element(decoded(data, declared_in_page(data)), limits)
    blocks = Blocks(limits)
    add_page(_main(root), blocks, menus=False)
    if not blocks:  # nothing but what looks like a menu
        add_page(root, blocks, menus=True)
    return blocks.extracted(page_title(root), _published(root))


def page_element(text: str, limits: Limits) -> HtmlElement:
    """The root of a page, as libxml2 mends it.

    Raises:
        DocumentError: there is nothing in it, or it is nested too deeply.
    """
    from lxml import etree, html

    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False
    )
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError("it holds no text") from error
    refuse_excess(parser.error_log, limits)
    require_shallow(root, limits)
    return root


def page_title(root: HtmlElement) -> str | None:
    """What a page calls itself: for sharing, which leaves out the site's name, or in its title."""
    for meta in root.iter("meta"):
        if (meta.get("property") or "").lower() == "og:title" and meta.get("content"):
            return str(meta.get("content"))
    title = next(root.iter("title"), None)
    return title.text_content() if title is not None else None


def add_page(root: HtmlElement, blocks: Blocks, *, menus: bool) -> None:
    """Add what ``root`` shows, paragraph by paragraph; lists and rows line by line.

    ``menus`` takes in what surrounds an article on a site too.
    """
    from lxml import etree

    line = _Line(blocks)
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if element is not root and _left_out(element, menus):
                walk.skip_subtree()
                continue
            line.open(element)
            line.add(element.text)
            continue
        if element is root:
            line.close(element)
        elif not _left_out(element, menus):
            line.close(element)
            line.add(element.tail)
        else:
            if tag not in _INLINE | _NEVER:
                line.end()
            line.add(element.tail)
    line.end()


class _Row:
    """A row of a table, as its cells come."""

    def __init__(self, element: HtmlElement, spans: dict[int, int]) -> None:
        """``spans``: over how many rows more a cell above reaches, by column; brought up to date here."""
        self.element = element
        self._spans = spans
        self._cells: list[str] = []

    def add(self, cell: HtmlElement, text: str) -> None:
        """The next cell; what it spans is left empty."""
        self._leave_what_is_spanned()
        at, width, rows = len(self._cells), _span(cell, "colspan"), _span(cell, "rowspan")
        self._cells.append(text)
        if at + width > MOST_COLUMNS:
            return
        self._cells += [""] * (width - 1)
        if rows > 1:
            self._spans.update(dict.fromkeys(range(at, at + width), rows - 1))

    def _leave_what_is_spanned(self) -> None:
        while self._spans.get(len(self._cells), 0):
            self._spans[len(self._cells)] -= 1
            self._cells.append("")

    def cells(self, stray: str) -> list[str]:
        """All of them, once the last has come; ``stray`` is what stands behind it."""
        self._leave_what_is_spanned()
        return [*self._cells, stray] if stray else self._cells

    @property
    def names_columns(self) -> bool:
        """True if the page says that its cells name the columns below."""
        cells = [cell.tag for cell in self.element if cell.tag in ("td", "th")]
        return self.element.getparent().tag == "thead" or "td" not in cells


def _span(cell: HtmlElement, of: str) -> int:
    return max(1, spanned((cell.get(of) or "").strip()))


class _Line:
    """The text of the current paragraph, until an element that ends it."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._pieces: list[str] = []
        self._verbatim = 0
        self._separator = "\n\n"
        self._row: _Row | None = None
        self._table: HtmlElement | None = None
        self._table_lines = TableLines(blocks)
        self._spans: dict[int, int] = {}

    def add(self, text: str | None) -> None:
        if text:
            self._pieces.append(text)

    def open(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag == "br":
            within_row = " " if self._row is not None else "\v"
            self._pieces.append("\n" if self._verbatim else within_row)
        elif self._row is not None:
            self._pieces.append(" " if tag not in _INLINE else "")
        elif tag == "tr" and self._begins_row(element):
            self.end()
            table = next(element.iterancestors("table"), None)
            if table is not self._table:
                self._table, self._table_lines, self._spans = table, TableLines(self._blocks), {}
            self._row = _Row(element, self._spans)
        elif tag not in _INLINE:
            self.end()
            self._verbatim += tag == "pre"
            if tag in _LISTS and element.getparent().tag != "li":
                self._separator = "\n\n"

    def _begins_row(self, element: HtmlElement) -> bool:
        is_spanned = self._table is not None and any(self._spans.values())
        goes_on = is_spanned and next(element.iterancestors("table"), None) is self._table
        return _is_row(element, 1 if goes_on else 2)

    def close(self, element: HtmlElement) -> None:
        tag = element.tag
        if self._row is not None:
            if element is self._row.element:
                cells = self._row.cells(in_one_line("".join(self._pieces)))
                self._table_lines.add(cells, names=self._row.names_columns)
                self._row = None
                self._pieces = []
            elif tag in ("td", "th"):
                self._row.add(element, in_one_line("".join(self._pieces)))
                self._pieces = []
            elif tag not in _INLINE:
                self._pieces.append(" ")
        elif isinstance(tag, str) and re.fullmatch("h[1-6]", tag):
            text = "".join(self._pieces)
            self._pieces = []
            self._table, self._spans = None, {}
            self._blocks.heading(int(tag[1]), text)
            self._separator = "\n\n"
        elif tag not in _INLINE and tag != "br":
            self.end("\n" if tag in ("li", "dt", "dd") else "\n\n")
            self._verbatim -= tag == "pre"

    def end(self, separator: str = "\n\n") -> None:
        """Make a paragraph of what has come; ``separator`` is what stands before the next of its kind.

        Within a row nothing ends but cells.
        """
        if self._row is not None:
            self._pieces.append(" ")
            return
        text = "".join(self._pieces)
        self._pieces = []
        if not self._verbatim:
            text = self._spaced(text)
        if text.strip():
            before = self._separator if separator == "\n" else "\n\n"
            self._blocks.add(text, separator=before)
            self._separator = separator
            self._table, self._spans = None, {}

    @staticmethod
    def _spaced(text: str) -> str:
        """White space as a browser shows it; a ``<br>`` begins a line."""
        return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\v"))))


def _left_out(element: HtmlElement, menus: bool) -> bool:
    tag = element.tag
    if not isinstance(tag, str) or tag in _NEVER:
        return True
    if (
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or _HIDDEN.search(element.get("style") or "")
    ):
        return True
    if menus:
        return False
    role = (element.get("role") or "").lower()
    return (
        (tag in _SURROUNDINGS and element.getparent().tag != "blockquote")
        or role in _SURROUNDING_ROLES
        or (tag in ("ul", "ol") and _is_menu(element))
    )


def _is_menu(list_: HtmlElement) -> bool:
    linked = [" ".join(link.text_content().split()) for link in list_.iter("a")]
    if len(linked) < FEWEST_LINKS:
        return False
    characters = len("".join(list_.text_content().split()))
    return len("".join("".join(linked).split())) >= LINKS_OF_A_MENU * characters


def _is_row(row: HtmlElement, fewest: int) -> bool:
    """False for a row that only lays out a page: that holds whole sections of it, or fewer cells."""
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    if any(sum(1 for _ in cell.iter("br")) > MOST_BREAKS for cell in cells):
        return False
    apart = {"table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "blockquote"}
    return len(cells) >= fewest and not any(
        part.tag in apart or (part.tag == "p" and part.getprevious() is not None)
        for part in row.iter()
    )


def _main(root: HtmlElement) -> HtmlElement:
    """The one element that a page says is its main one, or all of it."""
    for wanted in ("//main | //*[@role='main']", "//article"):
        found = root.xpath(wanted)
        outer = [one for one in found if not any(other in found for other in one.iterancestors())]
        if len(outer) == 1 and len(outer[0].text_content()) >= SMALLEST_MAIN:
            return outer[0]
    return root


def _published(root: HtmlElement) -> date | None:
    for meta in root.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        day = day_of(meta.get("content")) if name.lower() in _DATE_NAMES else None
        if day is not None:
            return day
    for script in root.iter("script"):
        found = _PUBLISHED.search(script.text or "")
        if found:
            return day_of(found[1])
    times = {day_of(time.get("datetime")) for time in root.iter("time")}
    return times.pop() if len(times) == 1 else None
