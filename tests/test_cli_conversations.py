"""``qa conversations`` and ``qa --resume`` from end to end."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qa.conversations import CONVERSATIONS_FILE, keep, records
from tests.commands import Outcome, environment, qa
from tests.fakes_conversations import ABSTAINED, EVIL, MILL, kept

MILL_TEXT = "An old mill. It burned down in 1812, they say. The end."


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """Where ``qa`` looks by itself, with two conversations."""
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "a.txt").write_text(MILL_TEXT, encoding="utf-8")
    folder = tmp_path / "vectors"
    folder.mkdir()
    turns = [kept("When was it?", MILL), kept("And why?", ABSTAINED, minutes=1, number=2)]
    keep(folder, None, str(tmp_path / "seeds"), turns)
    keep(folder, None, "/elsewhere", [kept(EVIL, MILL, minutes=2)])
    return folder


@pytest.mark.usefixtures("vectors")
def test_conversations_are_listed_the_latest_first(capsys: pytest.CaptureFixture[str]) -> None:
    listed = qa(capsys, "conversations")
    assert (listed.code, listed.err) == (0, "")
    latest, first = listed.out.splitlines()
    assert latest.split()[0] == "2"
    assert latest.endswith("(about /elsewhere)")
    assert first.split()[0] == "1"
    assert "2 questions  When was it?" in first
    assert not set("\x1b\u202e\x07") & set(listed.out)


def test_the_list_is_printed_as_json(capsys: pytest.CaptureFixture[str], vectors: Path) -> None:
    listed = json.loads(qa(capsys, "conversations", "--json").out)
    assert [(one["id"], one["questions"]) for one in listed] == [(2, 1), (1, 2)]
    assert listed[1] == {
        "id": 1,
        "name": "When was it?",
        "corpus": str(vectors.parent / "seeds"),
        "created": "2026-03-06T12:00:00+00:00",
        "last_asked": "2026-03-06T12:01:00+00:00",
        "questions": 2,
    }


def test_without_conversations_there_is_nothing_on_stdout(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert qa(capsys, "conversations") == Outcome(0, "", "No conversation is kept in vectors.\n")
    assert qa(capsys, "conversations", "--json").out == "[]\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("vectors")
def test_a_conversation_is_exported_to_stdout_or_to_a_new_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = qa(capsys, "conversations", "export", 1)
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.startswith("# When was it?\n")
    written = qa(capsys, "conversations", "export", 1, "-o", "out.html")
    assert written == Outcome(0, "", "Conversation 1 is written to out.html.\n")
    page = Path("out.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    again = qa(capsys, "conversations", "export", 1, "-o", "out.html", "--format", "md")
    assert again == Outcome(1, "", "qa: out.html is there already; name another file.\n")
    assert Path("out.html").read_text(encoding="utf-8") == page
    assert qa(capsys, "conversations", "export", 1, "--format", "json", "-o", "out.dat").code == 0
    assert json.loads(Path("out.dat").read_text(encoding="utf-8"))["questions"] == 2


@pytest.mark.usefixtures("vectors")
def test_exported_json_lines_are_verified_by_qa_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert qa(capsys, "conversations", "export", 1, "-o", "answers.jsonl").code == 0
    checked = qa(capsys, "check", "answers.jsonl")
    assert checked.code == 0
    assert checked.out.splitlines()[-1] == "1 citation: 1 ok, 0 moved, 0 changed, 0 gone"
    Path("seeds/a.txt").write_text("Nothing of the kind.", encoding="utf-8")
    assert qa(capsys, "check", "answers.jsonl").code == 1


def test_a_conversation_is_deleted_for_good(
    capsys: pytest.CaptureFixture[str], vectors: Path
) -> None:
    deleted = qa(capsys, "conversations", "delete", 1)
    assert deleted == Outcome(0, "", "Conversation 1 is deleted for good: When was it?\n")
    assert [record.id for record in records(vectors)] == [2]
    assert b"And why?" not in (vectors / CONVERSATIONS_FILE).read_bytes()
    assert qa(capsys, "conversations", "delete", 1).code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["conversations", "export", "7"], "There is no conversation 7 in vectors; qa conv"),
        (["conversations", "delete", "7"], "There is no conversation 7 in vectors; qa conv"),
        (["--resume", "7"], "There is no conversation 7 in vectors; qa conversations lists"),
        (["--resume", "--corpus", "other"], "2 about other folders, which qa conversations"),
        (["--resume", "x"], "'x' is no number"),
        (["conversations", "export", "9" * 30], "is no number"),
        (["conversations", "export", "-1"], "is no number"),
        (["--resume", "1", "sources"], "--resume ID opens the chat; it goes with no command."),
        (["conversations", "export", "1", "-o", "out.pdf"], "out.pdf does not end in .md, .json"),
        (["--resume", "1"], "The chat needs a terminal"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("vectors")
def test_a_wrong_call_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    refused = qa(capsys, *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert said in " ".join(refused.err.split())
    assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["conversations"],
        ["conversations", "export", "1"],
        ["conversations", "delete", "1"],
        ["--resume"],
    ],
    ids=" ".join,
)
def test_a_file_of_a_newer_format_is_named_with_the_remedy(
    capsys: pytest.CaptureFixture[str], vectors: Path, arguments: list[str]
) -> None:
    with sqlite3.connect(vectors / CONVERSATIONS_FILE) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    refused = qa(capsys, *arguments)
    assert (refused.code, refused.out) == (1, "")
    assert "written by a newer qa" in refused.err
    assert "mv vectors/conversations.db vectors/conversations.db.bak" in refused.err


@pytest.mark.parametrize("action", ["export", "delete"])
def test_the_help_of_every_action_shows_an_example(
    capsys: pytest.CaptureFixture[str], action: str
) -> None:
    shown = qa(capsys, "conversations", action, "--help")
    assert shown.code == 0
    assert f"example: qa conversations {action} 3" in shown.out


IMPORTED = """
import sys
from qa.cli import main
code = main(sys.argv[1:])
heavy = ("numpy", "torch", "faiss", "textual")
print(code, [name for name in heavy if name in sys.modules])
"""


@pytest.mark.parametrize(
    "arguments", [["conversations"], ["conversations", "delete", "1"]], ids=" ".join
)
@pytest.mark.usefixtures("vectors")
def test_listing_and_deleting_load_nothing_large(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0 []"
