"""Following a folder: one update for each set of changes, and what goes wrong once does not end it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

import pytest
from watchfiles import Change

from qa.commands.watching import changes_of, follow
from qa.indexing import IndexReport, update_index
from qa.settings import Settings
from tests.fakes import FakeEncoder

Changes = Iterator[set[tuple[Change, str]]]


def after(*steps: Callable[[], object]) -> Changes:
    """A set of changes after each step."""
    for step in steps:
        step()
        yield {(Change.modified, "whatever")}


def test_each_change_is_one_update_with_the_encoder_that_is_there(
    settings: Settings, corpus: Path
) -> None:
    update_index(settings, FakeEncoder())
    reports: list[IndexReport] = []
    encoder = FakeEncoder()
    new = corpus / "new.txt"
    changes = after(lambda: new.write_text("Something new."), lambda: None, new.unlink)
    follow(changes, settings, encoder, reports.append)
    assert [report.changes for report in reports] == ["1 new", "1 removed"]
    assert {text.splitlines()[-1] for text in encoder.embedded} == {"Something new."}


def test_a_folder_that_goes_away_for_a_while_is_told_of_and_followed_again(
    settings: Settings, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    update_index(settings, FakeEncoder())
    reports: list[IndexReport] = []
    away = corpus.with_name("away")
    (corpus / "new.txt").write_text("Something new.")
    changes = after(lambda: corpus.rename(away), lambda: away.rename(corpus))
    follow(changes, settings, FakeEncoder(), reports.append)
    assert "does not exist" in capsys.readouterr().err
    assert [report.changes for report in reports] == ["1 new"]


def test_a_folder_that_is_removed_and_made_again_is_watched_again(
    settings: Settings, corpus: Path
) -> None:
    changes = iter(changes_of(settings))
    next(changes)  # it watches now
    rmtree(corpus)
    next(changes)
    corpus.mkdir()
    next(changes)  # it watches again
    (corpus / "new.txt").write_text("Something new.")
    assert str(corpus.resolve() / "new.txt") in {path for _, path in next(changes)}
