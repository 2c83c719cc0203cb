"""Text as HTML, for pages that hold all they need: escaping, the style sheet, and a citation's block."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from importlib.resources import files

from qa.render import one_line
from qa.text import Span

__all__ = ["artefact", "as_html", "as_html_lines", "citation_block", "marked", "minute", "style"]


def as_html(text: str) -> str:
    """``text`` as HTML that shows these very characters, in one line."""
    return html.escape(one_line(text))


def as_html_lines(text: str) -> str:
    """``text`` as HTML, each of its lines that is not blank on a line of its own."""
    return "\n".join(as_html(line.strip()) for line in text.splitlines() if line.strip())


def marked(text: str, span: Span) -> str:
    """``text`` as HTML with ``span`` of it marked."""
    before, quote, after = text[: span.start], span.of(text), text[span.end :]
    return f"{as_html(before)}<mark>{as_html(quote)}</mark>{as_html(after)}"


def citation_block(
    *,
    n: int,
    title: str,
    day: str | None,
    place: str,
    stands: str,
    quotation: str,
    receipt: str,
    attributes: str = "",
    status: str = "",
) -> str:
    """A citation as an item of a list; ``quotation``, ``attributes`` and ``status`` are HTML."""
    relation = f" · {as_html(stands)}" if stands else ""
    time = f", <time>{as_html(day)}</time>" if day is not None else ""
    return (
        f'<li value="{n}"{attributes}><cite><bdi>{as_html(title)}</bdi></cite>{time}, '
        f"<code>{as_html(place)}</code>{relation}\n{status}"
        f'<blockquote dir="auto">{quotation}</blockquote>\n'
        f'<p class="receipt">{as_html(receipt)}</p></li>'
    )


def minute(moment: datetime) -> str:
    """A moment in UTC, to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def artefact(name: str) -> str:
    """A text file that comes with the package."""
    return files("qa").joinpath("artefacts", name).read_text("utf-8")


def style() -> str:
    """The style sheet that all pages have in common."""
    return artefact("page.css")
