"""A reader beside a writer sees the old index or the new one; a second writer waits or is told who writes."""

from __future__ import annotations

import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qa.corpus import LOCK_FILE
from qa.errors import StoreError
from qa.locking import WriterLock
from qa.store import Store
from tests.commands import make_corpus
from tests.faults.program import Program
from tests.faults.reading import watch

ROUNDS = 8


def test_a_session_never_answers_from_a_mixture_of_two_indexes(
    program: Program, tmp_path: Path
) -> None:
    watched = watch(program, tmp_path / "watched", ROUNDS)
    assert watched.said == []
    assert (watched.mixed, watched.backwards) == (0, 0)
    assert watched.states > 1  # they did look while it changed
    assert watched.replies >= 3


def test_several_that_build_the_first_index_at_once_all_end_well(
    program: Program, tmp_path: Path
) -> None:
    make_corpus(tmp_path / "seeds")
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(program.run, "qa", "index", folder=tmp_path) for _ in range(3)]
    assert [run.result().code for run in runs] == [0, 0, 0]
    assert sum("4 new" in run.result().err for run in runs) == 1
    assert sum("nothing had changed" in run.result().err for run in runs) == 2


def test_a_second_writer_is_told_who_writes_and_since_when(tmp_path: Path) -> None:
    held = WriterLock.acquire(tmp_path, 0.0)
    since = json.loads((tmp_path / LOCK_FILE).read_text())["since"].replace("T", " ")[:19]
    with pytest.raises(
        StoreError, match=rf"Another process \(process {os.getpid()}, since {since}\) is writing"
    ):
        Store.open_for_writing(tmp_path, patience=0.0)
    held.release()
    Store.open_for_writing(tmp_path, patience=0.0).close()


def test_a_waiting_writer_whose_folder_was_removed_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    folder.mkdir()
    held = WriterLock.acquire(folder, 0.0)
    said: list[str] = []

    def wait() -> None:
        try:
            WriterLock.acquire(folder, 60.0)
        except StoreError as error:
            said.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    shutil.rmtree(folder)
    held.release()
    waiting.join()
    assert said
    assert "No such file or directory" in said[0]


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    first = WriterLock.acquire(tmp_path, 0.0)
    second: list[WriterLock] = []
    waiting = threading.Thread(target=lambda: second.append(WriterLock.acquire(tmp_path, 60.0)))
    waiting.start()
    first.release()
    waiting.join()
    second[0].release()


@pytest.mark.parametrize("note", [b"", b'{"pid"', b"\xff\x00", b'{"pid": [], "since": 1}', b"7"])
def test_a_note_that_says_nothing_is_no_reason_for_another_error(
    tmp_path: Path, note: bytes
) -> None:
    held = WriterLock.acquire(tmp_path, 0.0)
    (tmp_path / LOCK_FILE).write_bytes(note)
    with pytest.raises(StoreError, match="Another process is writing the index"):
        WriterLock.acquire(tmp_path, 0.0)
    held.release()


def test_the_file_of_a_process_that_is_no_more_locks_nobody_out(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text('{"pid": 1, "since": "2020-01-01T00:00:00+00:00"}')
    WriterLock.acquire(tmp_path, 0.0).release()


def test_a_lock_that_leads_elsewhere_is_not_written(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    folder = tmp_path / "vectors"
    folder.mkdir()
    for make in (Path.symlink_to, Path.hardlink_to):
        make(folder / LOCK_FILE, precious)
        with pytest.raises(StoreError, match=LOCK_FILE):
            Store.open_for_writing(folder)
        (folder / LOCK_FILE).unlink()
    os.mkfifo(folder / LOCK_FILE)
    with pytest.raises(StoreError, match="is no file of qa; remove it"):
        Store.open_for_writing(folder)
    assert precious.read_text() == "mine"
