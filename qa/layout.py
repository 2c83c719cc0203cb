"""Tells prose from furniture: the menus, headline lists and footers of a saved web page.

A line counts by how it ends and how long it is, then by its neighbours, after the context-sensitive
pass of jusText (Pomikálek, "Removing Boilerplate and Duplicate Content from Web Corpora", 2011),
which does the same for HTML blocks. Furniture stays searchable; it is only kept out of the passages
of the article and ranked behind them. Tables and lists of more than labels are content of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from qa.table_rows import tables

__all__ = ["furniture", "is_prose"]

#: A run of lines without sentences is furniture from this length on; shorter ones are headings.
SHORTEST_RUN = 6
#: A lone sentence between two such runs is furniture too (a cookie notice), if it has fewer words.
LONGEST_STRAY = 40

#: A point of a list with so many words says something; the entries of a menu have fewer.
SHORTEST_POINT = 4
#: So large a share of a run being rows of tables and points of lists, it is no furniture.
SHARE_OF_CONTENT = 0.5

_POINT = re.compile(r"[-*•–+]\s+")
_SENTENCE_END = re.compile(r"""[.!?…:;,]["'”’»)\]]*$""")
_WORD = re.compile(r"\w+")


def is_prose(line: str) -> bool:
    """True if ``line`` reads as running text: it ends like a sentence, or is too long for a label."""
    words = len(_WORD.findall(line))
    return words >= 25 or (words >= 5 and _SENTENCE_END.search(line.rstrip()) is not None)


def furniture(lines: Sequence[str]) -> list[bool]:
    """For each of the non-blank ``lines`` of a text, in order, whether it is furniture.

    A text without any prose has no furniture either: a list or a poem is its own content.
    """
    prose = [is_prose(line) for line in lines]
    if not any(prose):
        return [False] * len(lines)
    for position in _strays(lines, prose):
        prose[position] = False
    marks: list[bool] = []
    for running_text, places in groupby(range(len(lines)), key=prose.__getitem__):
        run = [lines[place] for place in places]
        is_furniture = not running_text and len(run) >= SHORTEST_RUN and not _is_content(run)
        marks.extend([is_furniture] * len(run))
    return marks if not all(marks) else [False] * len(lines)


def _is_content(run: Sequence[str]) -> bool:
    """True of a table, and of a list whose points say something."""
    rows = sum(len(table.rows) for table in tables("\n".join(run)))
    points = sum(map(_is_point, run))
    return rows + points >= SHARE_OF_CONTENT * len(run)


def _is_point(line: str) -> bool:
    """True of a point with a bullet; headlines are numbered."""
    marker = _POINT.match(line.strip())
    return marker is not None and len(_WORD.findall(line)) >= SHORTEST_POINT


def _strays(lines: Sequence[str], prose: Sequence[bool]) -> list[int]:
    """Positions of lone prose lines with furniture, or the edge of the text, on both sides."""
    half = SHORTEST_RUN // 2
    found = []
    for position, line in enumerate(lines):
        before = prose[max(0, position - half) : position]
        after = prose[position + 1 : position + 1 + half]
        alone = not any(before) and not any(after) and (len(before) == half or len(after) == half)
        if prose[position] and alone and len(_WORD.findall(line)) < LONGEST_STRAY:
            found.append(position)
    return found
