"""Measures the chat as a person feels it, with the real program and its real models.

    python scripts/bench_chat.py typing --passages 5000 --seconds 60
    python scripts/bench_chat.py long --turns 300

``typing``: 30 keys a second go to the question box of a chat in a pseudo terminal, while it builds an
index (``--passages 0``: while nothing goes on). A key's echo is the time until the terminal is told to
draw it. ``long``: a conversation of many turns over ``seeds/``; the memory of the process, and the time
from a scroll to its frame.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.terminal import COLUMNS, ROWS, Terminal
from textual.widgets import Input

from qa.sentences import sentences
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.dialogue import Dialogue

KEYS_A_SECOND = 30
#: Keys between two clearings of the box, so that it need not scroll.
WORD = 40


def main() -> None:
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    typing = commands.add_parser("typing")
    typing.set_defaults(run=bench_typing)
    typing.add_argument("--passages", type=int, default=5_000)
    typing.add_argument("--seconds", type=int, default=60)
    long = commands.add_parser("long")
    long.set_defaults(run=bench_long)
    long.add_argument("--turns", type=int, default=300)
    long.add_argument("--questions", type=Path, default=Path("tests/data/seeds_dev.jsonl"))
    long.add_argument("--vectors", type=Path, default=Settings().vectors)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and end the chat with this
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    options.run(options)


# Typing while an index is built


def bench_typing(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        make_corpus(corpus, options.passages or 50)
        command = [sys.executable, "-m", "qa", f"--corpus={corpus}", f"--vectors={folder}/vectors"]
        awaited = ("reading", "embedding") if options.passages else ("Ready",)
        terminal = Terminal(command)
        try:
            terminal.read_until(lambda: terminal.stage in awaited, 600)
            echoes, dropped = type_for(terminal, options.seconds)
            stage = terminal.stage
        finally:
            terminal.close()
    assert stage in awaited, "the index was ready too soon; take more passages"
    doing = f"{options.passages} passages were indexed" if options.passages else "nothing went on"
    keys = len(echoes) + dropped
    print(f"{keys} keys at {KEYS_A_SECOND} a second while {doing}")
    print(f"dropped: {dropped}")
    print(
        f"echo: median {ms(statistics.median(echoes))}, p95 {ms(percentile(echoes, 95))}, ", end=""
    )
    print(f"longest {ms(max(echoes))}")


def make_corpus(folder: Path, passages: int) -> None:
    """One file for each passage: sentences of ``seeds/``, shuffled."""
    folder.mkdir()
    drawn = random.Random(0)
    pool = [
        sentence.of(text)
        for text in (
            path.read_text(encoding="utf-8") for path in sorted(Path("seeds").glob("*.txt"))
        )
        for sentence in sentences(text)
        if 40 < len(sentence.of(text)) < 300
    ]
    for number in range(passages):
        text = " ".join(drawn.sample(pool, 4))
        (folder / f"{number:05d}.txt").write_text(f"{text}\n", encoding="utf-8")


def _is_past(due: float) -> bool:
    return time.perf_counter() >= due


def _all_echoed(terminal: Terminal, word: str, seen: list[float]) -> bool:
    return note_echoes(terminal, word, seen) == WORD


def type_for(terminal: Terminal, seconds: int) -> tuple[list[float], int]:
    """The time of each key's echo in seconds, and how many keys had none."""
    drawn = random.Random(1)
    echoes: list[float] = []
    dropped = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        word = "".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=WORD))
        sent: list[float] = []
        seen: list[float] = []
        terminal.forget()
        due = time.perf_counter()
        while len(sent) < WORD:
            due += 1 / KEYS_A_SECOND
            terminal.read_until(partial(_is_past, due), 1)
            note_echoes(terminal, word, seen)
            terminal.send(word[len(sent)])
            sent.append(time.perf_counter())
            note_echoes(terminal, word, seen)
        terminal.read_until(partial(_all_echoed, terminal, word, seen), 5)
        echoes += [at - before for at, before in zip(seen, sent, strict=False)]
        dropped += WORD - len(seen)
        terminal.send("\x15")  # ctrl+u clears the box
        terminal.read_until(lambda: b"Ask the documents" in terminal.text(), 5)
    return echoes, dropped


def note_echoes(terminal: Terminal, word: str, seen: list[float]) -> int:
    """Append the time of the last output for each further letter of ``word`` that it shows."""
    text = terminal.text()
    while len(seen) < len(word) and word[: len(seen) + 1].encode() in text:
        seen.append(terminal.last_output)
    return len(seen)


# A long conversation


def bench_long(options: argparse.Namespace) -> None:
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    asyncio.run(converse(Settings(vectors=options.vectors), questions, options.turns))


async def converse(settings: Settings, questions: Sequence[str], turns: int) -> None:
    app = ChatApp(settings)
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        for number in range(turns):
            app.query_one("#question", Input).value = questions[number % len(questions)]
            await pilot.press("enter")
            turn = f"#turn-{number}"
            while not app.query(f"{turn} .answer, {turn} .no-answer, {turn} .error"):
                await pilot.pause(0.02)
            assert not app.query(".error"), "a question had no reply; is the index up to date?"
            if (number + 1) % 100 == 0 or number == 0:
                print(f"turn {number + 1}: {memory_mb():.0f} MB", flush=True)
        dialogue = app.query_one(Dialogue)
        frames = []
        for step in range(200):
            before = time.perf_counter()
            dialogue.scroll_relative(y=-7 if step % 2 else -1, animate=False)
            drawn = asyncio.Event()
            app.call_after_refresh(drawn.set)
            await drawn.wait()
            frames.append(time.perf_counter() - before)
        print(
            f"scroll frame: median {ms(statistics.median(frames))}, p95 {ms(percentile(frames, 95))}"
        )
        before = time.perf_counter()
        await pilot.press("x")
        print(f"a key: {ms(time.perf_counter() - before)}")


def memory_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


def percentile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]


def ms(seconds: float) -> str:
    return f"{seconds * 1_000:.1f} ms"


if __name__ == "__main__":
    main()
