"""Whatever has happened to the files of an index, there is an answer, or a sentence that helps."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from qa.answer import Answer, Reply
from qa.calibration import (
    CALIBRATION_FILE,
    LogisticCalibrator,
    OwnCalibration,
    load_calibration,
    save_calibration,
)
from qa.conversations import CONVERSATIONS_FILE, keep, load, records
from qa.errors import IndexStateError, StoreError
from qa.indexing import update_index
from qa.session import Session
from qa.settings import Settings
from qa.store import STORE_FILE
from tests.conftest import folder_of
from tests.fakes import FakeEncoder
from tests.fakes_conversations import kept

QUESTION = "When was the lighthouse on Grey Point built?"
FAISS_FILES = ("passages.faiss", "sentences.faiss", "faiss.json")


@dataclass(frozen=True)
class Index:
    """An index, its files as they were made, and what it answers."""

    settings: Settings
    files: dict[str, bytes]
    answer: Reply

    @property
    def folder(self) -> Path:
        return self.settings.vectors

    def restore(self) -> None:
        """The folder as it was made."""
        for path in self.folder.iterdir():
            path.unlink()
        for name, data in self.files.items():
            (self.folder / name).write_bytes(data)

    def damage(self, name: str, data: bytes) -> None:
        """The folder as it was made but for one file."""
        self.restore()
        (self.folder / name).write_bytes(data)


@pytest.fixture
def whole(settings: Settings) -> Index:
    update_index(settings, FakeEncoder())
    files = {path.name: path.read_bytes() for path in settings.vectors.iterdir()}
    return Index(settings, files, ask(settings))


def ask(settings: Settings) -> Reply:
    with Session.open(settings, encoder=FakeEncoder()) as session:
        reply = session.ask(QUESTION)
        session.documents()
        return reply


def said(use: Callable[[], object], remedy: str) -> int:
    """1 if it was refused with the remedy, 0 if it went well; any other error is raised."""
    try:
        use()
    except (StoreError, IndexStateError) as error:
        if remedy not in str(error):
            raise
        return 1
    return 0


def use_conversations(folder: Path) -> None:
    """Read all, and keep one more turn."""
    for record in records(folder):
        assert record.id is not None
        load(folder, record.id)
    keep(folder, 1, "/corpus", [kept("One more?")])


def flips(data: bytes, count: int) -> Iterator[bytes]:
    """``data`` with some bits turned over, differently each time."""
    chance = random.Random(len(data))
    for _ in range(count):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 1, 8, 64))):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        yield bytes(damaged)


def cuts(data: bytes, count: int) -> Iterator[bytes]:
    """``data`` cut short, at places evenly apart and near its end."""
    for length in {*range(0, len(data), max(len(data) // count, 1)), len(data) - 1}:
        yield data[:length]


def test_a_store_with_flipped_bits_answers_or_says_what_to_do_and_a_rebuild_mends_it(
    whole: Index,
) -> None:
    refused = 0
    for damaged in flips(whole.files[STORE_FILE], 120):
        whole.damage(STORE_FILE, damaged)
        (whole.folder / "faiss.json").unlink()  # so that the vectors are read from the store
        refused += said(lambda: ask(whole.settings), "qa index")
    assert refused > 10  # else nothing was damaged
    update_index(whole.settings, FakeEncoder(), rebuild=True)
    assert ask(whole.settings) == whole.answer


def test_a_store_cut_short_is_refused_with_the_remedy_and_a_rebuild_mends_it(whole: Index) -> None:
    for damaged in cuts(whole.files[STORE_FILE], 24):
        whole.damage(STORE_FILE, damaged)
        with pytest.raises((StoreError, IndexStateError), match="qa index"):
            ask(whole.settings)
    update_index(whole.settings, FakeEncoder(), rebuild=True)
    assert ask(whole.settings) == whole.answer


@pytest.mark.parametrize("name", FAISS_FILES)
@pytest.mark.parametrize("damaged_in_ways", [flips, cuts])
def test_damaged_faiss_files_change_no_answer_and_the_next_indexing_mends_them(
    whole: Index, name: str, damaged_in_ways: Callable[[bytes, int], Iterator[bytes]]
) -> None:
    for damaged in damaged_in_ways(whole.files[name], 12):
        whole.damage(name, damaged)
        assert ask(whole.settings) == whole.answer
        encoder = FakeEncoder()
        update_index(whole.settings, encoder)
        assert encoder.embedded == []
        assert (whole.folder / name).read_bytes() == whole.files[name]


def test_faiss_files_of_another_index_are_not_taken(whole: Index, tmp_path: Path) -> None:
    """The same generation, but of other texts: as when files of two copies of a folder were mingled."""
    (folder_of(whole.settings) / "lighthouse.txt").write_text("The lighthouse was built in 1650.")
    other = Settings(whole.settings.corpus, tmp_path / "other", reader=whole.settings.reader)
    update_index(other, FakeEncoder())
    answer = ask(whole.settings)  # which says that the file has changed
    for name in ("passages.faiss", "sentences.faiss"):
        whole.damage(name, (other.vectors / name).read_bytes())
        assert ask(whole.settings) == answer


GOOD = b'{"made_for": "x", "questions": 20, "calibration": {"bias": 1.0, "weights": {}, "threshold": 0.5}}'
HOSTILE_CALIBRATIONS = (
    [
        GOOD.replace(b"1.0", number)
        for number in (b"NaN", b"Infinity", b"1e999", b'"x"', b"null", b"[]")
    ]
    + [
        GOOD.replace(b"0.5", number)
        for number in (b"NaN", b"-1", b"1.1", b"1" * 5000, b"true,", b"{}")
    ]
    + [
        GOOD.replace(b"{}", weights)
        for weights in (b"[]", b"7", b'{"log_odds": NaN}', b'{"__class__": 1.0}', b'{"reader": []}')
    ]
    + [
        GOOD.replace(b"20", count)
        for count in (b"NaN", b"Infinity", b'"many"', b"null", b"9" * 5000)
    ]
    + [
        b"",
        b"null",
        b"[]",
        b"7",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"calibration": ' * 50_000,
        b" " * 2_000_000,
    ]
)


@pytest.mark.parametrize(
    "content", HOSTILE_CALIBRATIONS, ids=lambda content: content[-40:].decode("latin-1")
)
def test_a_hostile_calibration_is_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CALIBRATION_FILE).write_bytes(content)
    with pytest.raises(
        StoreError, match="qa calibrate LABELLED, or drop it with: qa calibrate --forget"
    ):
        load_calibration(tmp_path)


def test_a_calibration_torn_anywhere_is_refused(tmp_path: Path) -> None:
    own = OwnCalibration(LogisticCalibrator(1.0, {}, 0.5), "a reader", 20)
    save_calibration(tmp_path, own)
    assert load_calibration(tmp_path) == own
    content = (tmp_path / CALIBRATION_FILE).read_bytes()
    for length in range(len(content)):
        (tmp_path / CALIBRATION_FILE).write_bytes(content[:length])
        with pytest.raises(StoreError, match="is damaged"):
            load_calibration(tmp_path)


@pytest.mark.parametrize("damaged_in_ways", [flips, cuts])
def test_damaged_conversations_are_read_or_refused_with_the_remedy(
    tmp_path: Path, damaged_in_ways: Callable[[bytes, int], Iterator[bytes]]
) -> None:
    path = tmp_path / CONVERSATIONS_FILE
    for number in range(6):
        keep(tmp_path, 1 if number else None, "/corpus", [kept(f"Question {number}?")])
    refused = 0
    for damaged in damaged_in_ways(path.read_bytes(), 60):
        path.write_bytes(damaged)
        refused += said(lambda: use_conversations(tmp_path), "conversations")
    assert refused


def test_a_clock_that_is_set_back_hides_no_change(whole: Index) -> None:
    """What has changed is told by the content: same name, same size, an older time."""
    changed = folder_of(whole.settings) / "lighthouse.txt"
    text = changed.read_text()
    changed.write_text(text.replace("1871", "1650"))
    os.utime(changed, (0, 0))
    report = update_index(whole.settings, FakeEncoder())
    assert report.changed == ("lighthouse.txt",)
    reply = ask(whole.settings)
    assert isinstance(reply, Answer)
    assert reply.text == "1650"
