"""``qa index`` as a person uses it: nothing new is quick, what is skipped is told, a folder is followed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.commands.opening import described
from qa.corpus import Skipped
from qa.indexing import IndexReport, update_index
from qa.settings import Settings
from tests.commands import environment, qa, qa_process
from tests.fakes import FakeEncoder


def reported(*skipped: Skipped) -> IndexReport:
    return IndexReport(4, 9, ("a.txt",), (), (), skipped)


def binary(count: int) -> list[Skipped]:
    return [Skipped(f"{n}.txt", "it is binary, not text") for n in range(count)]


# What is said


def test_a_few_skipped_files_are_each_named_with_the_reason() -> None:
    said = described(reported(*binary(3)), Settings()).splitlines()
    assert said == [
        *(f"skipped {n}.txt: it is binary, not text" for n in range(3)),
        "4 documents, 9 passages in vectors (1 new)",
    ]


def test_many_skipped_files_are_counted_by_reason_the_most_first() -> None:
    other = [
        Skipped(f"old-{n}.txt", f"it is not UTF-8 text (byte {n}); save it as UTF-8")
        for n in range(40)
    ]
    large = [
        Skipped(f"l-{n}.txt", f"it is {n + 9:,} bytes, more than max_file_bytes (8) allows")
        for n in range(4)
    ]
    said = described(reported(*large, *binary(1), *other), Settings()).splitlines()
    assert said == [
        "skipped 40 files: it is not UTF-8 text; save it as UTF-8 "
        "(old-0.txt, old-1.txt, old-2.txt and 37 more)",
        "skipped 4 files: it is so many bytes, more than max_file_bytes allows "
        "(l-0.txt, l-1.txt, l-2.txt and 1 more)",
        "skipped 0.txt: it is binary, not text",
        "skipped 45 files in all; --verbose names every one",
        "4 documents, 9 passages in vectors (1 new)",
    ]


def test_verbose_names_every_skipped_file() -> None:
    said = described(reported(*binary(50)), Settings(), verbose=True).splitlines()
    assert sum(line.startswith("skipped ") for line in said) == 50


def test_a_file_name_cannot_forge_a_line() -> None:
    said = described(reported(Skipped("a\n4 documents\x1b[31m.txt", "it is empty")), Settings())
    assert (
        said.splitlines()[0]
        == "skipped a 4 documents\N{REPLACEMENT CHARACTER}[31m.txt: it is empty"
    )


def break_some(corpus: Path) -> None:
    """Files of every kind that cannot be read, and names that are hard to say."""
    (corpus / "empty.txt").touch()
    (corpus / "binary.txt").write_bytes(bytes(range(256)))
    (corpus / "logo.png").write_bytes(b"\x89PNG\0")
    (corpus / "dangling.txt").symlink_to("nowhere")
    (corpus / "loop.txt").symlink_to("loop.txt")
    (corpus / os.fsdecode(b"caf\xe9.txt")).write_text("A name in latin-1.")
    (corpus / "two\nlines.txt").touch()
    os.mkfifo(corpus / "pipe.txt")


BROKEN = 8


def test_broken_files_of_every_kind_are_reported_and_the_others_indexed(settings: Settings) -> None:
    assert isinstance(settings.corpus, Path)
    break_some(settings.corpus)
    report = update_index(settings, FakeEncoder())
    assert (report.documents, len(report.skipped)) == (4, BROKEN)
    data = json.loads(json.dumps(report.as_data(), ensure_ascii=False).encode())
    assert len(data["skipped"]) == BROKEN
    assert all(item["reason"] for item in data["skipped"])
    assert {"two\nlines.txt", "caf\N{REPLACEMENT CHARACTER}.txt"} <= {
        item["file"] for item in data["skipped"]
    }


# The real program


def test_nothing_new_loads_neither_a_model_nor_faiss(built: Path) -> None:
    program = (
        "import sys; from qa.cli import main; code = main(['index'])\n"
        "print(sorted({'torch', 'sentence_transformers', 'transformers', 'faiss'} & set(sys.modules)))\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=built,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert "nothing had changed" in done.stderr


def test_the_report_is_printed_as_json_and_a_renamed_file_needs_no_model(built: Path) -> None:
    (built / "seeds" / "ferry.txt").rename(built / "seeds" / "sailing.txt")
    (built / "seeds" / "empty.txt").touch()
    done = qa_process(["index", "--json", "--verify"], built)
    (built / "seeds" / "sailing.txt").rename(built / "seeds" / "ferry.txt")
    (built / "seeds" / "empty.txt").unlink()
    assert done.code == 0
    assert json.loads(done.out) == {
        "documents": 4,
        "passages": 4,
        "added": [],
        "changed": [],
        "renamed": [{"from": "ferry.txt", "to": "sailing.txt"}],
        "removed": [],
        "skipped": [{"file": "empty.txt", "reason": "it is empty"}],
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["seeds", "seeds/nested"], "seeds/nested lies inside seeds"),
        (["seeds", "./seeds"], "are one folder; name it once"),
        (["seeds", "--corpus", "seeds"], "either with --corpus or without"),
        (["seeds", "gone"], "The corpus folder gone does not exist"),
        (["seeds", "vectors"], "The index cannot lie among the documents in vectors"),
    ],
)
def test_folders_that_cannot_be_indexed_are_refused_in_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    (tmp_path / "seeds" / "nested").mkdir(parents=True)
    (tmp_path / "vectors").mkdir()
    monkeypatch.chdir(tmp_path)
    done = qa(capsys, "index", *arguments)
    assert done.code in (1, 2)
    assert said in done.err
    assert not list((tmp_path / "vectors").iterdir())


@pytest.fixture
def watching(built: Path) -> Iterator[subprocess.Popen[str]]:
    """``qa index --watch``, once it says that it watches; it is ended with the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qa", "index", "--watch", "--json"],
        cwd=built,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said_until(process, "Ctrl-C ends it")
    yield process
    process.kill()
    process.communicate()


def said_until(process: subprocess.Popen[str], words: str) -> str:
    """The next line on stderr that holds ``words``."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return line
    raise AssertionError(f"never said {words!r}, but: {''.join(said)}")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_watched_folder_is_followed_until_the_process_is_interrupted(
    watching: subprocess.Popen[str], built: Path, end: signal.Signals
) -> None:
    chapel = built / "seeds" / "chapel.txt"
    chapel.write_text("The chapel on Grey Point was finished in 1650.\n")
    assert "5 documents" in said_until(watching, "(1 new)")
    chapel.unlink()
    assert "4 documents" in said_until(watching, "(1 removed)")
    watching.send_signal(end)
    out, err = watching.communicate(timeout=60)
    assert watching.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "qa: interrupted."
    updates = [json.loads(line) for line in out.splitlines()]
    assert [update["added"] for update in updates] == [[], ["chapel.txt"], []]
    assert updates[-1]["removed"] == ["chapel.txt"]
