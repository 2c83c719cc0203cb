"""Files are parsed in a process of their own; whatever happens to it costs one file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from qa.corpus import Skipped, read_corpus
from qa.documents import Document
from qa.errors import DocumentError
from qa.formats.extracted import Extracted, Limits
from qa.formats.extractor import Extractor
from qa.settings import Settings
from tests.commands import environment
from tests.written_files import SENTENCE, WRITERS

LIMITS = Limits.of(Settings())
PAGE = WRITERS[".html"]()

#: Begins a process that does something to itself when it is sent a file that says so.
OBEDIENT = """
import os, sys, time
from qa.formats import worker
read = worker.outcome_of
def outcome_of(ending, data, limits):
    if b"crash" in data: os.kill(os.getpid(), 11)
    if b"unforeseen" in data: raise OSError
    if b"lie" in data: return {}
    if b"print" in data: print("noise"); os.write(1, b"noise")
    if b"sleep" in data: time.sleep(600)
    if b"spin" in data:
        while True: pass
    if b"grow" in data: bytearray(limits.max_extraction_memory)
    if b"write" in data:
        with open(data.split()[1], "wb") as file: file.write(b"x")
    return read(ending, data, limits)
worker.outcome_of = outcome_of
worker.main()
"""


@pytest.fixture
def extractor() -> Iterator[Extractor]:
    one = Extractor(LIMITS, command=(sys.executable, "-c", OBEDIENT))
    yield one
    one.close()


def refusal(extractor: Extractor, data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        extractor.extract("a.html", data)
    return str(caught.value)


def test_the_process_reads_one_file_after_another(extractor: Extractor) -> None:
    for _ in range(3):
        assert SENTENCE in extractor.extract("a.html", PAGE).text


def test_plain_text_starts_no_process() -> None:
    extractor = Extractor(LIMITS, command=("/nonexistent",))
    assert extractor.extract("a.txt", b"A ferry") == Extracted("A ferry")
    assert "cannot be started" in refusal(extractor, PAGE)


@pytest.mark.parametrize("what", [b"crash", b"unforeseen", b"lie"])
def test_a_crash_costs_one_file(extractor: Extractor, what: bytes) -> None:
    extractor.extract("a.html", PAGE)
    assert "the reader of .html files broke down over it" in refusal(extractor, what)
    assert SENTENCE in extractor.extract("a.html", PAGE).text


@pytest.mark.parametrize("what", [b"sleep", b"spin"])
def test_a_hang_costs_one_file_and_the_time_that_is_allowed(
    extractor: Extractor, what: bytes
) -> None:
    extractor.extract("a.html", PAGE)
    extractor.limits = replace(LIMITS, max_extraction_seconds=1)
    assert "longer than max_extraction_seconds (1) allows" in refusal(extractor, what)
    extractor.limits = LIMITS
    assert SENTENCE in extractor.extract("a.html", PAGE).text


@pytest.mark.skipif(sys.platform == "win32", reason="memory is not limited there")
def test_a_file_that_takes_too_much_memory_is_refused(extractor: Extractor) -> None:
    extractor.limits = replace(LIMITS, max_extraction_memory=400_000_000)
    assert "more memory than max_extraction_memory (400,000,000 bytes)" in refusal(
        extractor, b"grow"
    )
    assert SENTENCE in extractor.extract("a.html", PAGE).text


@pytest.mark.skipif(sys.platform == "win32", reason="files are not limited there")
def test_the_process_cannot_write_files(extractor: Extractor, tmp_path: Path) -> None:
    target = tmp_path / "written"
    refusal(extractor, b"write " + bytes(target))
    assert not target.exists() or target.stat().st_size == 0


def test_what_a_library_prints_does_not_get_among_the_text(extractor: Extractor) -> None:
    assert extractor.extract("a.html", b"<p>print").text == "print"


def test_a_process_that_says_too_much_is_ended() -> None:
    flood = "import sys\nsys.stdout.buffer.write((1 << 40).to_bytes(8, 'big') + b'x' * 1000)"
    extractor = Extractor(LIMITS, command=(sys.executable, "-c", flood))
    assert "broke down" in refusal(extractor, PAGE)
    extractor.close()


def test_the_process_ends_with_the_extractor() -> None:
    script = (
        "import os, sys; from qa.formats.extractor import Extractor; extractor = Extractor();"
        "extractor.extract('a.html', b'<p>A ferry');"
        "print(extractor._process.pid, flush=True); os._exit(1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    reader = int(done.stdout)
    late = time.monotonic() + 60
    while _is_alive(reader):  # until it has read the end of the pipe
        assert time.monotonic() < late


def _is_alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_the_process_imports_no_model_and_no_screen() -> None:
    script = (
        "import sys; from qa.formats import worker; print([name for name in "
        "('torch', 'transformers', 'numpy', 'textual', 'faiss', 'sqlite3') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@dataclass
class FixedMemory:
    """Says the same of every file, and counts how often it is asked."""

    outcome: Extracted | str | None
    asked: int = 0

    def recalled(self, sha256: str, ending: str, limits: str) -> Extracted | str | None:  # noqa: ARG002
        self.asked += 1
        return self.outcome


def test_a_file_that_is_known_is_not_parsed_again() -> None:
    memory = FixedMemory(Extracted("As it was read before"))
    extractor = Extractor(LIMITS, memory, command=("/nonexistent",))
    assert extractor.extract("a.pdf", b"%PDF-") == memory.outcome
    assert extractor.extract("a.txt", b"A ferry").text == "A ferry"
    assert memory.asked == 1
    assert extractor.refusals == []


def test_a_file_that_could_not_be_read_before_is_refused_with_the_same_reason() -> None:
    extractor = Extractor(LIMITS, FixedMemory("it is damaged"), command=("/nonexistent",))
    assert refusal(extractor, PAGE) == "it is damaged"
    assert extractor.refusals == []


def test_what_is_parsed_in_vain_is_noted_with_its_reason(extractor: Extractor) -> None:
    reason = refusal(extractor, b"<p> ")
    assert [(item.ending, item.reason) for item in extractor.refusals] == [(".html", reason)]


def test_one_bad_file_of_each_format_does_not_stop_the_others(tmp_path: Path) -> None:
    for ending, write in WRITERS.items():
        (tmp_path / f"good{ending}").write_bytes(write())
        (tmp_path / f"bad{ending}").write_bytes(b"\0\1\2")
    items = list(read_corpus(tmp_path, 1_000_000, extractor=Extractor(LIMITS)))
    good = [item for item in items if isinstance(item, Document)]
    bad = [item for item in items if isinstance(item, Skipped)]
    assert [item.file for item in good] == sorted(f"good{ending}" for ending in WRITERS)
    assert [item.file for item in bad] == sorted(f"bad{ending}" for ending in WRITERS)
    for item in good:
        at = item.text.index(SENTENCE)
        assert item.location(at) is not None
