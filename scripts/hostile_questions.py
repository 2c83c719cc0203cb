"""Questions that try something: empty, huge, of other scripts, with operators, escapes and markup."""

from __future__ import annotations

import json
import random
from pathlib import Path

__all__ = ["hostile_questions", "write_questions"]

PLAIN = (
    "Where did the two presidents meet?",
    "How many students study in Russian?",
    "When was the lighthouse on Grey Point built?",
    "What did the minister say about trade?",
    "Who was the last keeper?",
    "Why did the ferry stop sailing?",
)
OPERATORS = (
    'NEAR(lighthouse keeper, 5)"',
    '"unbalanced quotation',
    "light* OR house AND NOT keeper",
    "-lighthouse +keeper ^built",
    "header:lighthouse body:keeper",
    "{header body}: keeper",
    "'; DROP TABLE documents; --",
    '" OR 1=1 UNION SELECT text FROM documents --',
    "passage_words MATCH ?",
    "keeper%00 _ % \\",
    "NEAR((((((((",
    "AND OR NOT",
)
OTHER_SCRIPTS = (
    "Когда был построен маяк?",
    "灯台はいつ建てられましたか？",
    "متى بنيت المنارة؟",
    "מתי נבנה המגדלור?",
    "प्रकाशस्तंभ कब बनाया गया था?",
    "등대는 언제 지어졌습니까?",
    "Quand le phare a-t-il été bâti ? 🏗️👩‍👩‍👧‍👦",
    "Z͑ͫ̓ͪ̂ͫ̽a̴l͠g̷o when built?",
)
TRICKS = (
    "\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 keeper?",
    "\u202ereversed\u2066 keeper?",
    "[bold]keeper[/] [link=file:///etc/passwd]x[/link]?",
    "<script>alert(1)</script> keeper?",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*keeper",
    "＝1+1 keeper",
    "keeper\x00hidden",
    "\x7f\x80\x9bkeeper",
    "\ufeffkeeper\ufffe\uffff",
    "keeper \ud800 half",
    "../../etc/passwd",
    "%s %n {0} ${HOME} `id` $(id)",
)
EMPTY = ("", " ", "\t", "?!", "…", "\u200b", "\x00")


def hostile_questions(count: int, seed: int = 1) -> list[str]:
    """So many texts, one in four an ordinary question; the same for the same ``seed``."""
    chance = random.Random(seed)
    return [_one(chance) for _ in range(count)]


def _one(chance: random.Random) -> str:
    kind = chance.randrange(12)
    if kind < 3:
        return chance.choice(PLAIN)
    if kind < 5:
        return chance.choice(OPERATORS)
    if kind == 5:
        return chance.choice(OTHER_SCRIPTS)
    if kind == 6:
        return chance.choice(TRICKS)
    if kind == 7:
        return chance.choice(EMPTY)
    if kind == 8:  # long, too long, and far too long
        return chance.choice(PLAIN) + " keeper" * chance.choice((50, 280, 3_000, 30_000))
    if kind == 9:  # one word without end
        return "k" * chance.choice((500, 1_900, 2_001))
    if kind == 10:  # any characters at all
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(80)))
    return chance.choice(OPERATORS) + chance.choice(TRICKS) + chance.choice(OTHER_SCRIPTS)


def write_questions(path: Path, questions: list[str]) -> None:
    """As ``.jsonl``, with lines among them that are no JSON or bring hostile ids."""
    with path.open("w", encoding="utf-8") as stream:
        for number, question in enumerate(questions):
            row: object = {"id": f"q{number}", "question": question}
            if number % 50 == 7:
                row = {"id": f"\x1b]0;x\x07{number}\u202e=\ud800", "question": question}
            if number % 50 == 11:
                row = [question]
            line = json.dumps(row)
            stream.write(line[: len(line) // 2] if number % 50 == 13 else line)
            stream.write("\n")
