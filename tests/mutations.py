"""Documents that are edited at random while the true place of one sentence is kept.

Each character of a document carries the offset it had; a new or copied one carries none. So the
truth of an edit does not come from searching, and a search can be judged by it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from qa.text import Span

__all__ = ["EDITS", "Edited", "edit", "random_document"]

_WORDS = (
    "the mill burned winter ferry Karsund keeper granite 1812 16,000 harvest of to was not in and "
    "said bees honey lamp oil coast harbour engine fire crew ten minutes don't naïve 😀 œuvre"
).split()
_QUOTED = ["“%s”", '"%s"', "‘%s’", "«%s»"]
_STYLES = ['“”„"«»', "‘’'"]
_GAPS = [" ", "\n", "\n    ", "  ", "\r\n", "\t", "\u00a0", " \n "]


@dataclass(frozen=True)
class Edited:
    """A document after its edits."""

    characters: list[tuple[str, int | None]]
    """Each character with the offset that it had at first."""

    @property
    def text(self) -> str:
        return "".join(character for character, _ in self.characters)

    def place_of(self, span: Span, original: str) -> Span | None:
        """Where the words of ``span`` stand now, if they are whole, in order, with nothing between."""
        wanted = [at for at in range(span.start, span.end) if not original[at].isspace()]
        places = {at: place for place, (_, at) in enumerate(self.characters) if at is not None}
        if any(at not in places for at in wanted):
            return None
        start, end = places[wanted[0]], places[wanted[-1]] + 1
        inside = [(c, at) for c, at in self.characters[start:end] if not c.isspace()]
        if [at for _, at in inside] != wanted:
            return None
        # White space between two words may have changed, but not come or gone.
        now = "".join(c for c, _ in self.characters[start:end]).split()
        before = span.of(original).split()
        same = [len(word) for word in now] == [len(word) for word in before]
        return Span(start, end) if same else None


def random_document(chance: random.Random) -> tuple[str, list[Span]]:
    """Paragraphs of sentences, some sentences more than once; and where each sentence stands."""
    sentences = [_sentence(chance) for _ in range(chance.randint(4, 14))]
    text, spans = "", []
    for _ in range(chance.randint(4, 25)):
        sentence = chance.choice(sentences)
        spans.append(Span(len(text), len(text) + len(sentence)))
        text += sentence + chance.choice([" ", " ", "\n", "\n\n"])
    return text, spans


def _sentence(chance: random.Random) -> str:
    words = chance.choices(_WORDS, k=chance.randint(2, 14))
    if chance.random() < 0.4:
        at = chance.randrange(len(words))
        words[at] = chance.choice(_QUOTED) % words[at]
    return " ".join(words).capitalize() + "."


Edit = Callable[[Edited, random.Random], Edited]


def _range(edited: Edited, chance: random.Random, most: int) -> tuple[int, int]:
    start = chance.randint(0, len(edited.characters))
    return start, min(start + chance.randint(0, most), len(edited.characters))


def _insert(edited: Edited, chance: random.Random) -> Edited:
    at, _ = _range(edited, chance, 0)
    new = " ".join(_sentence(chance) for _ in range(chance.randint(1, 3)))
    new = chance.choice(["", " ", "\n"]) + new + chance.choice(["", " ", "\n"])
    return Edited([*edited.characters[:at], *((c, None) for c in new), *edited.characters[at:]])


def _delete(edited: Edited, chance: random.Random) -> Edited:
    start, end = _range(edited, chance, 120)
    return Edited(edited.characters[:start] + edited.characters[end:])


def _duplicate(edited: Edited, chance: random.Random) -> Edited:
    start, end = _range(edited, chance, 200)
    copy = [(c, None) for c, _ in edited.characters[start:end]]
    at, _ = _range(edited, chance, 0)
    return Edited([*edited.characters[:at], *copy, *edited.characters[at:]])


def _reflow(edited: Edited, chance: random.Random) -> Edited:
    characters: list[tuple[str, int | None]] = []
    in_gap = False
    for character, at in edited.characters:
        if not character.isspace():
            characters.append((character, at))
        elif not in_gap:
            gap = chance.choice(_GAPS) if chance.random() < 0.3 else character
            characters += [(c, None) for c in gap]
        in_gap = character.isspace()
    return Edited(characters)


def _swap_quotes(edited: Edited, chance: random.Random) -> Edited:
    new = {c: chance.choice(style) for style in _STYLES for c in style}
    return Edited([(new.get(c, c), at) for c, at in edited.characters])


EDITS: dict[str, Edit] = {
    "insert": _insert,
    "delete": _delete,
    "duplicate": _duplicate,
    "reflow": _reflow,
    "swap quotes": _swap_quotes,
}


def edit(text: str, kinds: list[str], chance: random.Random) -> Edited:
    """``text`` after one edit of each of ``kinds``, in this order."""
    edited = Edited([(character, at) for at, character in enumerate(text)])
    for kind in kinds:
        edited = EDITS[kind](edited, chance)
    return edited
