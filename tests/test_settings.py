"""Settings come from defaults, ``qa.toml``, ``QA_*`` variables and flags, the later over the earlier."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from qa.errors import ExitCode, UsageError
from qa.settings import SETTINGS_FILE, Settings, load_settings, setting_sources, typed_setting

EVERY = Settings(  # no field at its default
    corpus=Path.home() / "texts",
    vectors=Path("made"),
    model="./encoder",
    reader="other",
    passages_read=4,
    citations=2,
    threshold=0.25,
    passage_words=90,
    sentence_vectors=False,
    exact_up_to=30,
    clusters_searched=8,
    max_question_characters=100,
    max_file_bytes=1000,
    max_extraction_seconds=5,
    max_extraction_memory=600,
    max_text_characters=700,
    max_unpacked_bytes=800,
    max_unpacked_ratio=90,
    max_pages=10,
    max_nesting=20,
)


def from_toml(folder: Path, toml: str) -> Settings:
    (folder / SETTINGS_FILE).write_text(toml, encoding="utf-8")
    return load_settings({}, {}, folder)


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings({}, {}, tmp_path) == Settings()


def test_flags_win_over_variables_over_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text("citations = 5\npassages_read = 5\npassage_words = 5\n")
    environment = {"QA_CITATIONS": "6", "QA_PASSAGES_READ": "6", "OTHER": "1"}
    found = load_settings({"citations": 7, "model": None}, environment, tmp_path)
    assert (found.citations, found.passages_read, found.passage_words) == (7, 6, 5)
    assert found.model == Settings().model


def test_every_setting_can_be_given_in_the_file(tmp_path: Path) -> None:
    found = from_toml(
        tmp_path,
        'corpus = "texts"\nvectors = "made"\nmodel = "./encoder"\nreader = "other"\n'
        "passages_read = 4\ncitations = 2\nthreshold = 0.25\npassage_words = 90\nsentence_vectors = false\n"
        "exact_up_to = 30\nclusters_searched = 8\n"
        "max_question_characters = 100\nmax_file_bytes = 1000\nmax_extraction_seconds = 5\n"
        "max_extraction_memory = 600\nmax_text_characters = 700\nmax_unpacked_bytes = 800\n"
        "max_unpacked_ratio = 90\nmax_pages = 10\nmax_nesting = 20\n",
    )
    assert found == replace(EVERY, corpus=Path("texts"))


def test_every_setting_can_be_given_as_a_variable(tmp_path: Path) -> None:
    environment = {
        "QA_CORPUS": "~/texts",
        "QA_VECTORS": "made",
        "QA_MODEL": "./encoder",
        "QA_READER": "other",
        "QA_PASSAGES_READ": "4",
        "QA_CITATIONS": "2",
        "QA_THRESHOLD": "0.25",
        "QA_PASSAGE_WORDS": "90",
        "QA_SENTENCE_VECTORS": "no",
        "QA_EXACT_UP_TO": "30",
        "QA_CLUSTERS_SEARCHED": "8",
        "QA_MAX_QUESTION_CHARACTERS": "100",
        "QA_MAX_FILE_BYTES": "1000",
        "QA_MAX_EXTRACTION_SECONDS": "5",
        "QA_MAX_EXTRACTION_MEMORY": "600",
        "QA_MAX_TEXT_CHARACTERS": "700",
        "QA_MAX_UNPACKED_BYTES": "800",
        "QA_MAX_UNPACKED_RATIO": "90",
        "QA_MAX_PAGES": "10",
        "QA_MAX_NESTING": "20",
    }
    assert load_settings({}, environment, tmp_path) == EVERY


def test_a_threshold_of_zero_is_kept_from_every_source(tmp_path: Path) -> None:
    assert load_settings({"threshold": 0.0}, {"QA_THRESHOLD": "0.5"}, tmp_path).threshold == 0.0
    assert load_settings({}, {"QA_THRESHOLD": "0"}, tmp_path).threshold == 0.0
    assert from_toml(tmp_path, "threshold = 0.0").threshold == 0.0


def test_false_is_kept_over_a_default_of_true(tmp_path: Path) -> None:
    assert from_toml(tmp_path, "sentence_vectors = false").sentence_vectors is False
    found = load_settings({"sentence_vectors": False}, {"QA_SENTENCE_VECTORS": "1"}, tmp_path)
    assert found.sentence_vectors is False


def test_an_unknown_key_is_an_error_that_names_it_and_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"qa\.toml sets treshold, .* threshold"):
        from_toml(tmp_path, "treshold = 0.5")


@pytest.mark.parametrize(
    "toml",
    [
        'citations = "many"',
        "citations = 1.5",
        "citations = true",
        'threshold = "high"',
        "threshold = true",
        "threshold = [0.5]",
        'sentence_vectors = "maybe"',
        "corpus = 5",
        'corpus = "~nobody-of-this-name/texts"',
        'model = ["a"]',
        'corpus = ""',
        'corpus = ["a", ""]',
        'vectors = ""',
        'vectors = "a\\u0000b"',
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error_that_names_the_file(
    tmp_path: Path, toml: str
) -> None:
    with pytest.raises(UsageError) as caught:
        from_toml(tmp_path, toml)
    assert SETTINGS_FILE in str(caught.value)
    assert toml.split()[0] in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_variable_of_the_wrong_kind_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="QA_CITATIONS: citations must be a whole number, not 'x'"):
        load_settings({}, {"QA_CITATIONS": "x"}, tmp_path)


@pytest.mark.parametrize(
    "toml", ["citations = ", b"model = '\xff'".decode("latin-1"), "corpus = " + "[" * 20_000]
)
def test_a_broken_settings_file_is_an_error_that_names_it(tmp_path: Path, toml: str) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(toml.encode("latin-1"))
    with pytest.raises(UsageError, match=r"qa\.toml cannot be read"):
        load_settings({}, {}, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("citations", 0),
        ("passages_read", 0),
        ("passage_words", -1),
        ("max_question_characters", 0),
        ("max_file_bytes", 0),
        ("max_file_bytes", 10**20),
        ("max_extraction_seconds", 99_999_999_999),
        ("threshold", -0.1),
        ("threshold", 1.1),
        ("threshold", float("nan")),
    ],
)
def test_a_value_out_of_range_is_an_error_that_names_the_setting(
    tmp_path: Path, name: str, value: float
) -> None:
    with pytest.raises(UsageError, match=name):
        load_settings({name: value}, {}, tmp_path)


def test_a_settings_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(b"\xef\xbb\xbfcitations = 5")
    assert load_settings({}, {}, tmp_path).citations == 5


def test_settings_cannot_be_changed_once_made() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().citations = 9  # type: ignore[misc]


def test_each_setting_knows_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text("citations = 5\nreader = 'a'\npassages_read = 5\n")
    environment = {"QA_READER": "b", "QA_PASSAGES_READ": "6"}
    sources = setting_sources({"reader": "c", "model": None}, environment, tmp_path)
    assert sources["citations"] == "qa.toml"
    assert sources["passages_read"] == "QA_PASSAGES_READ"
    assert sources["reader"] == "--reader"
    assert sources["model"] == "default"
    assert list(sources) == list(Settings.__dataclass_fields__)


def test_a_typed_setting_may_be_none_only_where_that_is_a_value() -> None:
    assert typed_setting("threshold", " ") is None
    assert typed_setting("threshold", " 0.0 ") == 0.0
    assert typed_setting("citations", "2") == 2
    with pytest.raises(UsageError, match="citations must be a whole number, not ''"):
        typed_setting("citations", "")


@pytest.mark.parametrize("variable", ["QA_CITATION", "QA_PASSAGE_READ", "QA_CORPUSS"])
def test_a_misspelt_variable_is_an_error_that_names_the_right_one(
    tmp_path: Path, variable: str
) -> None:
    with pytest.raises(UsageError, match=f"{variable} sets nothing; did you mean QA_"):
        load_settings({}, {variable: "5"}, tmp_path)


def test_variables_of_other_programs_are_left_alone(tmp_path: Path) -> None:
    environment = {"QA_ENVIRONMENT": "staging", "QA_BUILD_ID": "7"}
    assert load_settings({}, environment, tmp_path) == Settings()
