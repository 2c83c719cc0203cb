"""A corpus of several folders: each file has one name, and every name leads to its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.answer import Answer
from qa.corpus import FileState, corpus_files, file_state, name_in_corpus, resolved_inside
from qa.errors import CorpusError, UsageError
from qa.indexing import changed_files, update_index
from qa.neighbours import neighbours, suggested_folder
from qa.receipts.sources import Refusal, Refused, Source, Sources
from qa.receipts.uses import file_in_corpus
from qa.roots import Corpus, corpus_words, identity_of, roots_in, roots_of
from qa.session import Session
from qa.settings import SENTENCE_READER, Settings, index_command, load_settings
from qa.store import Store
from tests.fakes import FakeEncoder

MILL = "The mill at Oxley burned down in 1812, they say. Nobody was hurt.\n"
FERRY = "The ferry between Karsund and Hale stopped sailing on Friday.\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def two(tmp_path: Path) -> Settings:
    """Settings for two folders of the same name, with one file each."""
    write(tmp_path / "north" / "reports" / "mill.txt", MILL)
    write(tmp_path / "south" / "reports" / "ferry.txt", FERRY)
    folders = (tmp_path / "north" / "reports", tmp_path / "south" / "reports")
    return Settings(corpus=folders, vectors=tmp_path / "vectors", reader=SENTENCE_READER)


def test_files_of_one_folder_are_named_relative_to_it(corpus: Path) -> None:
    assert roots_of(corpus) == {"": corpus}
    assert corpus_files((corpus,)) == corpus_files(corpus)


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["a/2023", "a/2024"], ["2023", "2024"]),
        (["a/reports", "b/reports"], ["a/reports", "b/reports"]),
        (["a/reports", "b/reports", "c/notes"], ["a/reports", "b/reports", "c/notes"]),
    ],
)
def test_each_folder_has_the_shortest_name_that_tells_it_apart(
    tmp_path: Path, folders: list[str], names: list[str]
) -> None:
    assert list(roots_of(tuple(tmp_path / folder for folder in folders))) == names


def test_a_folder_inside_another_or_named_twice_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(UsageError, match="lies inside"):
        roots_of((tmp_path / "a" / "b", tmp_path / "a"))
    with pytest.raises(UsageError, match="are one folder; name it once"):
        roots_of((tmp_path / "a", tmp_path / "link"))


def test_an_identity_leads_back_to_the_folders_whatever_their_order(two: Settings) -> None:
    assert isinstance(two.corpus, tuple)
    turned = tuple(reversed(two.corpus))
    assert identity_of(two.corpus) == identity_of(turned)
    assert identity_of(roots_in(identity_of(two.corpus))) == identity_of(two.corpus)
    assert corpus_words(identity_of(two.corpus)) == ", ".join(map(str, two.corpus))


def test_names_lead_to_files_and_files_to_names(two: Settings, tmp_path: Path) -> None:
    corpus = two.corpus
    assert corpus_files(corpus) == ["north/reports/mill.txt", "south/reports/ferry.txt"]
    path = tmp_path / "north" / "reports" / "mill.txt"
    assert resolved_inside(corpus, "north/reports/mill.txt") == path.resolve()
    assert name_in_corpus(path, corpus) == "north/reports/mill.txt"
    assert name_in_corpus(tmp_path / "elsewhere.txt", corpus) is None


@pytest.mark.parametrize(
    "file", ["mill.txt", "north/mill.txt", "north/reports/../../secret.txt", "/etc/passwd"]
)
def test_a_name_of_no_folder_or_that_leads_out_is_not_resolved(two: Settings, file: str) -> None:
    assert resolved_inside(two.corpus, file) is None


def test_an_answer_from_several_folders_names_its_file_and_every_surface_finds_it(
    two: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    update_index(two, FakeEncoder())
    with Session.open(two, encoder=FakeEncoder()) as session:
        reply = session.ask("When did the mill at Oxley burn down?")
        assert session.changed_files() == []
    assert isinstance(reply, Answer)
    cited = reply.citations[0]
    assert (cited.file, cited.stale) == ("north/reports/mill.txt", False)
    state = file_state(two.corpus, cited.file, cited.sha256, two.max_file_bytes)
    assert state is FileState.UNCHANGED
    sources = Sources(two.corpus, two.max_file_bytes)
    opened = sources.open(cited.file)
    assert isinstance(opened, Source)
    assert cited.span.of(opened.text) == cited.quote
    monkeypatch.chdir(tmp_path / "north")
    assert file_in_corpus(Path("reports/mill.txt"), two.corpus) == cited.file


def test_answers_from_before_a_second_folder_was_added_are_found_again_by_their_bytes(
    two: Settings,
) -> None:
    sources = Sources(two.corpus, two.max_file_bytes)
    refused = sources.open("mill.txt")
    assert isinstance(refused, Refused)
    assert refused.why is Refusal.GONE
    opened = sources.open("north/reports/mill.txt")
    assert isinstance(opened, Source)
    found = sources.with_digest(opened.sha256, "mill.txt")
    assert found is not None
    assert found.file == "north/reports/mill.txt"


def test_a_second_folder_renames_what_is_indexed_and_embeds_only_what_is_new(
    two: Settings,
) -> None:
    assert isinstance(two.corpus, tuple)
    alone = Settings(corpus=two.corpus[0], vectors=two.vectors, reader=SENTENCE_READER)
    update_index(alone, FakeEncoder())
    encoder = FakeEncoder()
    report = update_index(two, encoder)
    assert report.renamed == (("mill.txt", "north/reports/mill.txt"),)
    assert report.added == ("south/reports/ferry.txt",)
    assert not any("mill" in text for text in encoder.embedded)
    with Store.open(two.vectors) as store:
        assert changed_files(two.corpus, store, two.max_file_bytes) == []


def test_a_link_from_one_folder_to_another_stays_inside_the_corpus(two: Settings) -> None:
    assert isinstance(two.corpus, tuple)
    (two.corpus[0] / "link.txt").symlink_to(two.corpus[1] / "ferry.txt")
    assert resolved_inside(two.corpus, "north/reports/link.txt") is not None
    assert resolved_inside(two.corpus[0], "link.txt") is None


def test_a_missing_folder_among_several_is_named(two: Settings, tmp_path: Path) -> None:
    assert isinstance(two.corpus, tuple)
    with pytest.raises(CorpusError, match="gone does not exist"):
        corpus_files((*two.corpus, tmp_path / "gone"))


@pytest.mark.parametrize(
    ("toml", "corpus"),
    [
        ('corpus = "a"', Path("a")),
        ('corpus = ["a"]', Path("a")),
        ('corpus = ["a", "b"]', (Path("a"), Path("b"))),
    ],
)
def test_the_settings_file_names_one_folder_or_a_list(
    tmp_path: Path, toml: str, corpus: Corpus
) -> None:
    (tmp_path / "qa.toml").write_text(toml)
    assert load_settings({}, {}, tmp_path).corpus == corpus


@pytest.mark.parametrize("toml", ["corpus = []", "corpus = 7", 'corpus = ["a", 7]'])
def test_a_corpus_that_is_no_path_is_refused_in_words(tmp_path: Path, toml: str) -> None:
    (tmp_path / "qa.toml").write_text(toml)
    with pytest.raises(UsageError, match="corpus must be a path or a list of paths"):
        load_settings({}, {}, tmp_path)


def test_the_command_that_indexes_several_folders_names_each() -> None:
    settings = Settings(corpus=(Path("a"), Path("b c")))
    assert index_command(settings) == "qa index --corpus a --corpus 'b c'"


def test_an_index_of_several_folders_is_known_to_its_neighbours(
    two: Settings,
) -> None:
    update_index(two, FakeEncoder())
    beside = two.vectors.with_name("other")
    (known,) = neighbours(beside)
    assert identity_of(known.corpus) == identity_of(two.corpus)
    assert suggested_folder(two.corpus, beside) == two.vectors.resolve()
