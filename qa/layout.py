"""Tells prose from furniture: the menus, headline lists and footers of a saved web page.

A line counts by how it ends and how long it is, then by its neighbours, after the context-sensitive
pass of jusText (Pomikálek, "Removing Boilerplate and Duplicate Content from Web Corpora", 2011),
which does the same for HTML blocks. Furniture stays searchable; it is only kept out of the passages
of the article and ranked behind them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

__all__ = ["furniture", "is_prose"]

#: A run of lines without sentences is furniture from this length on; shorter ones are headings.
SHORTEST_RUN = 6
#: A lone sentence between two such runs is furniture too (a cookie notice), if it has fewer words.
LONGEST_STRAY = 40

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
    for running_text, run in groupby(prose):
        length = len(list(run))
        marks.extend([not running_text and length >= SHORTEST_RUN] * length)
    return marks if not all(marks) else [False] * len(lines)


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
