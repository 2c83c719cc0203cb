"""``qa eval`` over several files and of the reader alone, and ``qa calibrate``, from end to end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from qa.settings import SENTENCE_READER
from tests.commands import Outcome, qa

QUESTION = "When was the lighthouse on Grey Point built?"
ANSWERED = [
    (QUESTION, "1871", "lighthouse.txt"),
    ("What was the lighthouse built from?", "local granite", "lighthouse.txt"),
    ("What did the lamp of the lighthouse burn?", "whale oil", "lighthouse.txt"),
    ("When did electricity reach the coast?", "1904", "lighthouse.txt"),
    ("Who was the last keeper?", "Tomas Lind", "lighthouse.txt"),
    ("When did the last keeper retire?", "1988", "lighthouse.txt"),
    ("How many bees does a hive in Orvale hold?", "40,000", "bees.txt"),
    ("When do the keepers move their hives to the heather?", "August", "bees.txt"),
    ("How does heather honey sell?", "twice the price", "bees.txt"),
    ("Which honey is darker?", "Heather honey", "bees.txt"),
    ("Between which places does the ferry sail?", "Karsund and Hale", "ferry.txt"),
    ("Why did the ferry stop sailing?", "caught fire", "ferry.txt"),
    ("Who said that the crew put out the flames?", "Edda Brandt", "ferry.txt"),
    ("How many people were hurt?", "Nobody", "ferry.txt"),
    ("How much of their harvest did apple growers lose?", "a third", "nested/orchard.txt"),
    ("What did the growers light between the trees?", "fires", "nested/orchard.txt"),
    ("Which grower said that it was not enough?", "Maria Oduya", "nested/orchard.txt"),
]
UNANSWERED = [
    "Who invented the telephone?",
    "How tall is the highest mountain of Peru?",
    "Which party won the election?",
    "What is the melting point of tin?",
    "How many moons has Jupiter?",
]


def row(question: str, answer: str, file: str) -> dict[str, Any]:
    return {"question": question, "answers": [answer], "file": file}


LABELLED = [row(*labels) for labels in ANSWERED] + [
    {"question": question, "answers": []} for question in UNANSWERED
]
SQUAD = {
    "data": [
        {
            "title": "Mill",
            "paragraphs": [
                {
                    "context": "The old mill burned in 1812 and was rebuilt by Ada Lind.",
                    "qas": [
                        {"id": "1", "question": "When did it burn?", "answers": [{"text": "1812"}]},
                        {"id": "2", "question": "Who sang?", "answers": [], "is_impossible": True},
                    ],
                }
            ],
        }
    ]
}


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(each) for each in rows), encoding="utf-8")
    return path


def write_squad(path: Path) -> Path:
    path.write_text(json.dumps(SQUAD), encoding="utf-8")
    return path


def table_of(lines: Iterable[str]) -> dict[str, list[str]]:
    return {name: cells for name, *cells in map(str.split, lines)}


@pytest.fixture(autouse=True)
def _with_the_reader_that_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_READER", SENTENCE_READER)


@pytest.fixture
def here(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a copy of the built index to be calibrated."""
    shutil.copytree(built / "vectors", tmp_path / "vectors")
    (tmp_path / "seeds").symlink_to(built / "seeds")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def calibration(here: Path) -> Path:
    """Where a calibration is stored."""
    return here / "vectors" / "calibration.json"


def confidence(capsys: pytest.CaptureFixture[str]) -> float:
    asked = qa(capsys, "ask", "--json", QUESTION)
    assert asked.err == ""
    said: float = json.loads(asked.out)["confidence"]
    return said


def assert_refused(outcome: Outcome, *says: str, code: int = 1) -> None:
    """One clear message on stderr that holds ``says``, and the exit code."""
    assert outcome.err.startswith("qa: ")
    assert "Traceback" not in outcome.err
    for text in says:
        assert text in outcome.err
    assert outcome.code == code


# qa calibrate


def test_calibrating_changes_confidences_until_the_calibration_is_forgotten(
    capsys: pytest.CaptureFixture[str], here: Path, calibration: Path
) -> None:
    labelled = write_rows(here / "mine.jsonl", LABELLED)
    shipped = confidence(capsys)

    made = qa(capsys, "calibrate", labelled)

    assert (made.code, made.err) == (0, "")
    heading, *bins, sentence = made.out.splitlines()
    assert heading == "confidence   questions   said   were right"
    assert sum(int(line.split()[3]) for line in bins) == len(LABELLED)
    assert sentence.startswith("At this threshold (0.")
    assert "of 10 answers are right" in sentence
    assert sentence.endswith("(22 questions, each judged by a fit to the others).")
    assert confidence(capsys) != shipped

    forgotten = qa(capsys, "calibrate", "--forget")
    assert (forgotten.code, forgotten.out) == (0, "")
    assert "as shipped again" in forgotten.err
    assert confidence(capsys) == shipped
    assert not calibration.exists()
    assert "no calibration to forget" in qa(capsys, "calibrate", "--forget").err


def test_the_threshold_that_is_told_is_the_one_that_answers(
    capsys: pytest.CaptureFixture[str], here: Path, calibration: Path
) -> None:
    told = qa(capsys, "calibrate", write_rows(here / "mine.jsonl", LABELLED)).out
    threshold = json.loads(calibration.read_text(encoding="utf-8"))["calibration"]["threshold"]
    assert f"At this threshold ({threshold:.2f})" in told
    sure = confidence(capsys)
    assert qa(capsys, "ask", QUESTION).code == (0 if sure >= threshold else 3)


def test_calibrating_a_second_time_starts_from_what_was_shipped(
    capsys: pytest.CaptureFixture[str], here: Path, calibration: Path
) -> None:
    labelled = write_rows(here / "mine.jsonl", LABELLED)
    first = qa(capsys, "calibrate", labelled)
    stored = calibration.read_bytes()
    assert qa(capsys, "calibrate", labelled) == first
    assert calibration.read_bytes() == stored


def test_a_calibration_of_another_reader_is_named_and_not_used(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qa(capsys, "calibrate", write_rows(here / "mine.jsonl", LABELLED))
    monkeypatch.delenv("QA_READER")
    asked = qa(capsys, "ask", "--json", QUESTION)
    assert json.loads(asked.out)["answer"] == "1871"
    assert "was made for another reader or model and is not used" in asked.err
    assert "qa calibrate LABELLED" in asked.err


def test_a_damaged_calibration_is_named_and_mended_by_calibrating_anew(
    capsys: pytest.CaptureFixture[str], here: Path, calibration: Path
) -> None:
    labelled = write_rows(here / "mine.jsonl", LABELLED)
    calibration.write_text("damaged", encoding="utf-8")
    asked = qa(capsys, "ask", QUESTION)
    assert_refused(asked, "calibration.json is damaged", "qa calibrate --forget")
    assert qa(capsys, "calibrate", labelled).code == 0
    assert confidence(capsys) > 0.0


def test_a_precision_that_no_threshold_reaches_stores_nothing(
    capsys: pytest.CaptureFixture[str], here: Path, calibration: Path
) -> None:
    qa(capsys, "calibrate", write_rows(here / "mine.jsonl", LABELLED))
    stored = calibration.read_bytes()
    wrong = [row(question, "a zeppelin", file) for question, _, file in ANSWERED] * 2

    refused = qa(capsys, "calibrate", write_rows(here / "wrong.jsonl", wrong), "--precision", "0.8")

    assert_refused(refused, "no threshold makes 80% of the answers right", "the best makes 0%")
    assert "Nothing was stored" in refused.err
    assert "--precision" in refused.err
    assert refused.out.startswith("confidence ")  # the table tells why
    assert calibration.read_bytes() == stored


def test_less_precision_answers_more(
    capsys: pytest.CaptureFixture[str], here: Path, calibration: Path
) -> None:
    labelled = write_rows(here / "mine.jsonl", LABELLED)
    thresholds = []
    for precision in (0.5, 1.0):
        assert qa(capsys, "calibrate", labelled, "--precision", precision).code == 0
        stored = json.loads(calibration.read_text(encoding="utf-8"))
        thresholds.append(stored["calibration"]["threshold"])
    assert thresholds[0] < thresholds[1]


def test_too_few_questions_are_refused(
    capsys: pytest.CaptureFixture[str], here: Path, calibration: Path
) -> None:
    few = write_rows(here / "few.jsonl", LABELLED[:19])
    refused = qa(capsys, "calibrate", few)
    assert_refused(refused, "few.jsonl has 19 questions", "at least 20")
    assert refused.out == ""
    assert not calibration.exists()


def test_a_squad_file_is_refused_since_it_is_not_about_this_corpus(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    refused = qa(capsys, "calibrate", write_squad(here / "squad.json"))
    assert_refused(refused, "squad.json brings its own paragraphs", ".jsonl", code=2)


def test_a_label_that_names_a_file_the_index_does_not_hold_is_refused(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    rows = [*LABELLED, {**row("Who rows?", "Ann", "boats.txt"), "id": "q23"}]
    refused = qa(capsys, "calibrate", write_rows(here / "mine.jsonl", rows))
    assert_refused(refused, "question q23 is about boats.txt", "--corpus", "--vectors")


def test_measuring_says_which_questions_are_about_files_the_index_does_not_hold(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    rows = [row(*ANSWERED[0]), row("When was it?", "1871", "elsewhere.txt")]
    done = qa(capsys, "eval", write_rows(here / "labels.jsonl", rows))
    assert done.code == 0
    assert "1 question of 2 cannot be answered rightly, 2 to begin with" in done.err
    assert "does not hold elsewhere.txt" in done.err


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("precision", ["0", "-0.5", "1.5", "nan"])
def test_a_precision_out_of_range_is_refused(
    capsys: pytest.CaptureFixture[str], precision: str
) -> None:
    refused = qa(capsys, "calibrate", "mine.jsonl", f"--precision={precision}")
    assert_refused(refused, "--precision must be above 0 and at most 1", code=2)


@pytest.mark.usefixtures("here")
def test_calibrating_with_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(qa(capsys, "calibrate"), "labelled questions", "--forget", code=2)


@pytest.mark.usefixtures("here")
def test_calibrating_with_a_file_that_is_not_there_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert_refused(qa(capsys, "calibrate", "missing.jsonl"), "missing.jsonl")


# qa eval


def test_two_files_are_measured_each_and_pooled(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    mine = write_rows(here / "mine.jsonl", LABELLED[:2])
    squad = write_squad(here / "squad.json")

    measured = qa(capsys, "eval", mine, squad, "--json", "--threshold", "0")

    assert measured.code == 0
    measures = json.loads(measured.out)
    assert list(measures) == ["sets", "pooled"]
    assert list(measures["sets"]) == [str(mine), str(squad)]
    assert [one["n"] for one in measures["sets"].values()] == [2, 2]
    assert measures["pooled"]["n"] == 4
    assert measures["pooled"]["coverage"] == 100.0
    assert measures["sets"][str(mine)]["refusal_recall"] is None
    assert measures["pooled"]["refusal_recall"] == 0.0


WRONG = [
    row("When did electricity reach the coast?", "1904", "lighthouse.txt"),
    row("When did the last keeper retire?", "in the spring", "lighthouse.txt"),
    {"id": "tin", "question": "When did electricity reach the town?", "answers": []},
]


def test_replies_that_are_not_right_are_printed_beside_what_was_expected(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    labels = write_rows(here / "labels.jsonl", WRONG)
    done = qa(capsys, "eval", labels, "--wrong", "--threshold", "0")
    assert done.code == 0
    _, printed = done.out.split("\n\nnot right: 2 of 3\n\n")
    first, second = printed.strip().split("\n\n")
    assert first.splitlines()[:2] == [
        "2  When did the last keeper retire?",
        "  expected: in the spring  (lighthouse.txt)",
    ]
    assert first.splitlines()[2].startswith("  answered: 1988  (")
    assert "lighthouse.txt:3" in first
    assert second.splitlines()[1] == "  expected: no answer"


def test_a_refusal_that_is_not_right_names_the_nearest_span(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    labels = write_rows(here / "labels.jsonl", WRONG[:1])
    done = qa(capsys, "eval", labels, "--wrong", "--threshold", "1")
    assert "  refused, nearest: 1904  (" in done.out


def test_what_is_not_right_is_an_array_in_json(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    labels = write_rows(here / "labels.jsonl", WRONG)
    done = qa(capsys, "eval", labels, "--wrong", "--json", "--threshold", "0")
    wrong = json.loads(done.out)["wrong"]
    assert [each["id"] for each in wrong] == ["2", "tin"]
    assert wrong[0]["expected"] == {"answers": ["in the spring"], "file": "lighthouse.txt"}
    assert wrong[0]["answer"] == "1988"
    plain = qa(capsys, "eval", labels, "--json", "--threshold", "0")
    assert "wrong" not in json.loads(plain.out)


def test_of_the_reader_alone_there_are_no_replies_to_print(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    squad = write_squad(here / "squad.json")
    refused = qa(capsys, "eval", squad, "--reader-only", "--wrong")
    assert_refused(refused, "--reader-only there are none", code=2)


def test_the_table_of_two_files_has_a_part_for_each_and_one_for_all(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    one = write_rows(here / "one.jsonl", LABELLED[:1])
    two = write_rows(here / "two.jsonl", LABELLED[-2:])
    parts = qa(capsys, "eval", one, two).out.strip().split("\n\n")
    names = [part.splitlines()[0] for part in parts]
    assert names == [str(one), str(two), "all of them pooled"]
    tables = [table_of(part.splitlines()[1:]) for part in parts]
    assert [table["n"] for table in tables] == [["1"], ["2"], ["3"]]
    assert tables[0]["refusal@85"] == ["-"]


def test_a_second_file_that_cannot_be_read_is_told_before_any_question_is_asked(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    mine = write_rows(here / "mine.jsonl", LABELLED[:1])
    shutil.rmtree(here / "vectors")
    refused = qa(capsys, "eval", mine, "missing.jsonl")
    assert_refused(refused, "missing.jsonl")
    assert refused.out == ""
    assert not (here / "vectors").exists()


def test_the_reader_alone_is_measured_on_the_paragraphs_of_a_squad_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QA_READER")
    squad = write_squad(tmp_path / "squad.json")
    measured = qa(capsys, "eval", squad, "--reader-only", "--json")
    assert (measured.code, measured.err) == (0, "")
    measures = json.loads(measured.out)
    assert list(measures) == ["n", "em", "f1", "auroc"]
    assert (measures["n"], measures["auroc"]) == (2, 1.0)
    assert measures["f1"] > 60.0
    assert not (tmp_path / "vectors").exists()


def test_the_reader_alone_needs_a_file_that_brings_its_paragraphs(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QA_READER")
    mine = write_rows(here / "mine.jsonl", LABELLED[:1])
    refused = qa(capsys, "eval", mine, "--reader-only")
    assert_refused(refused, "--reader-only needs a SQuAD file", code=2)
    assert refused.out == ""


def test_the_reader_without_a_model_cannot_be_measured_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    squad = write_squad(tmp_path / "squad.json")
    refused = qa(capsys, "eval", squad, "--reader-only", "--reader", SENTENCE_READER)
    assert_refused(refused, "leave out --reader sentences", code=2)
    assert refused.out == ""
