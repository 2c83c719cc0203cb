"""Measures against labels: SQuAD's scores, ranking, refusals and calibration, by hand."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa.answer import NoAnswer, Reply
from qa.errors import InputFileError, UsageError
from qa.evaluate import (
    Judged,
    Read,
    area_under_roc,
    exact_match,
    expected_calibration_error,
    judge,
    measure,
    measure_reading,
    read_alone,
    token_f1,
)
from qa.labelled import Labelled, LabelledQuestion, Paragraph, read_labelled, write_paragraphs
from qa.metadata import read_sidecar
from qa.session import Inquiry
from tests.fakes_reader import WordScores, answer_from, document, retrieval_of


@pytest.mark.parametrize(
    ("prediction", "gold", "exact", "f1"),
    [
        ("1812", "1812", 1.0, 1.0),
        ("The Mill!", "mill", 1.0, 1.0),
        ("an  old\nmill", "Old mill.", 1.0, 1.0),
        ("theatre", "atre", 0.0, 0.0),
        ("in 1812", "1812", 0.0, 2 / 3),
        ("the old mill house", "old mill", 0.0, 0.8),
        ("mill mill", "mill", 0.0, 2 / 3),
        ("1813", "1812", 0.0, 0.0),
        ("", "1812", 0.0, 0.0),
        ("the", "a", 1.0, 1.0),
    ],
)
def test_em_and_f1_are_squads(prediction: str, gold: str, exact: float, f1: float) -> None:
    assert exact_match(prediction, gold) == exact
    assert token_f1(prediction, gold) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("confidences", "right", "area"),
    [
        ([0.9, 0.8, 0.2], [True, True, False], 1.0),
        ([0.1, 0.9], [True, False], 0.0),
        ([0.5, 0.5], [True, False], 0.5),
        ([0.9, 0.6, 0.6, 0.3], [True, False, True, False], 0.875),
        ([0.9, 0.8], [True, True], None),
        ([], [], None),
    ],
)
def test_area_under_roc(confidences: list[float], right: list[bool], area: float | None) -> None:
    assert area_under_roc(confidences, right) == area


@pytest.mark.parametrize(
    ("confidences", "right", "error"),
    [
        ([1.0, 0.0], [True, False], 0.0),
        ([1.0, 1.0], [True, False], 0.5),
        ([0.85, 0.15, 0.15, 0.15], [True, False, True, False], 0.175),
        ([], [], None),
    ],
)
def test_expected_calibration_error(
    confidences: list[float], right: list[bool], error: float | None
) -> None:
    assert expected_calibration_error(confidences, right) == error


RIGHT = Judged(
    kind=None,
    answerable=True,
    answered=True,
    confidence=1.0,
    rank=1,
    file_right=True,
    sentence_right=True,
    best_sentence_right=True,
    exact=1.0,
    f1=1.0,
)
REFUSED = replace(
    RIGHT, answered=False, confidence=0.0, rank=None, file_right=False, sentence_right=False,
    best_sentence_right=False, exact=0.0, f1=0.0,
)  # fmt: skip
RIGHTLY_REFUSED = replace(REFUSED, answerable=False)
MADE_UP = replace(RIGHTLY_REFUSED, answered=True, confidence=1.0)


def test_measures_of_four_questions() -> None:
    late = replace(RIGHT, rank=6, f1=0.5, exact=0.0)
    assert measure([RIGHT, late, RIGHTLY_REFUSED, MADE_UP]) == {
        "n": 4,
        "hit@1": 50.0,
        "hit@5": 50.0,
        "hit@10": 100.0,
        "MRR": 0.583,
        "file@1": 100.0,
        "sentence@1": 100.0,
        "em": 50.0,
        "f1": 75.0,
        "refusal_recall": 50.0,
        "coverage": 100.0,
        "precision": 66.7,
        "refusal@85": 50.0,
        "refusal@88": 50.0,
        "answered@90": 0.0,
        "auroc": 0.75,
        "ece": 0.25,
    }


def test_abstaining_scores_nothing_where_there_was_an_answer() -> None:
    measures = measure([RIGHT, REFUSED])
    assert (measures["em"], measures["f1"], measures["coverage"]) == (50.0, 50.0, 50.0)
    assert measures["precision"] == 100.0


def test_what_nothing_bears_on_is_none() -> None:
    measures = measure([REFUSED])
    assert measures["refusal_recall"] is None
    assert measures["precision"] is None
    assert measures["auroc"] is None


@pytest.mark.parametrize(
    ("rank", "hits"), [(1, [1, 1, 1]), (5, [0, 1, 1]), (10, [0, 0, 1]), (11, [0, 0, 0])]
)
def test_a_hit_at_k_is_a_rank_of_at_most_k(rank: int, hits: list[int]) -> None:
    measures = measure([replace(RIGHT, rank=rank)])
    assert [measures[f"hit@{k}"] for k in (1, 5, 10)] == [100.0 * hit for hit in hits]


def sure(row: Judged, *confidences: float) -> list[Judged]:
    """The same row, once with each confidence."""
    return [replace(row, confidence=confidence) for confidence in confidences]


#: A hundred answerable questions, with confidences from 0.01 to 1.
ANSWERABLE = sure(RIGHT, *(place / 100 for place in range(1, 101)))


@pytest.mark.parametrize(
    ("confidences", "at_85", "at_88"),
    [
        # The 85 surest answerable questions begin at 0.16, the 88 surest at 0.13.
        ([0.05, 0.125, 0.14, 0.5], 75.0, 50.0),
        ([0.16, 0.13], 50.0, 0.0),  # what is as sure as the threshold is answered
        ([0.0], 100.0, 100.0),
        ([1.0], 0.0, 0.0),
        ([], None, None),
    ],
)
def test_refusals_are_counted_where_so_many_answerable_questions_are_answered(
    confidences: list[float], at_85: float | None, at_88: float | None
) -> None:
    measures = measure(ANSWERABLE + sure(RIGHTLY_REFUSED, *confidences))
    assert (measures["refusal@85"], measures["refusal@88"]) == (at_85, at_88)


def test_a_coverage_between_two_numbers_of_questions_is_the_larger_one() -> None:
    # Of three questions 85% are more than two.
    rows = sure(RIGHT, 0.9, 0.5, 0.3) + sure(RIGHTLY_REFUSED, 0.4, 0.2)
    assert measure(rows)["refusal@85"] == 50.0


def test_refusals_at_a_coverage_do_not_depend_on_the_threshold_in_use() -> None:
    unanswerable = sure(RIGHTLY_REFUSED, 0.05, 0.5)
    all_answered = [replace(row, answered=True) for row in ANSWERABLE + unanswerable]
    none_answered = [replace(row, answered=False) for row in ANSWERABLE + unanswerable]
    assert measure(all_answered)["refusal@85"] == measure(none_answered)["refusal@85"] == 50.0


def test_refusals_at_a_coverage_need_answerable_questions() -> None:
    measures = measure([RIGHTLY_REFUSED])
    assert (measures["refusal@85"], measures["refusal@88"]) == (None, None)


WRONG = replace(RIGHT, best_sentence_right=False, sentence_right=False)


@pytest.mark.parametrize(
    ("rows", "answered"),
    [
        (sure(RIGHT, *[0.9] * 9) + sure(WRONG, 0.2), 100.0),
        (sure(RIGHT, *[0.9] * 17) + sure(WRONG, 0.2, 0.2), 89.5),
        (sure(RIGHT, *[0.9] * 17) + sure(MADE_UP, 0.2, 0.2), 89.5),
        (sure(WRONG, 0.95) + sure(RIGHT, *[0.9] * 9), 100.0),
        (sure(WRONG, 0.95, 0.95) + sure(RIGHT, *[0.9] * 9), 0.0),
        (sure(RIGHT, *[0.9] * 9) + sure(REFUSED, 0.0), 90.0),
        ([], None),
    ],
    ids=[
        "one wrong in ten",
        "two wrong in nineteen",
        "two without an answer in nineteen",
        "the surest wrong",
        "the two surest wrong",
        "one without any span",
        "none",
    ],
)
def test_the_share_answered_at_nine_right_in_ten(
    rows: list[Judged], answered: float | None
) -> None:
    assert measure(rows)["answered@90"] == answered


def test_a_right_span_that_was_rejected_counts_where_other_thresholds_are_tried() -> None:
    rejected = replace(RIGHT, answered=False, sentence_right=False, confidence=0.4)
    assert measure([rejected])["answered@90"] == 100.0


def test_rows_with_kinds_are_measured_per_kind_too() -> None:
    measures = measure([replace(RIGHT, kind="when"), replace(REFUSED, kind="who"), RIGHT])
    assert {kind: row["n"] for kind, row in measures["kinds"].items()} == {"when": 1, "who": 1}
    assert measures["kinds"]["when"]["em"] == 100.0


MILL = "The mill burned in 1812. It was rebuilt."
FILES = ["other.txt", "a.txt"]


def judged(reply: Reply, *answers: str, file: str | None = "a.txt") -> Judged:
    """A reply judged, after retrieving another document first and the mill's second."""
    retrieval = retrieval_of([document("other.txt", "Also in 1812."), document("a.txt", MILL)])
    question = LabelledQuestion("1", "When?", answers, file, None)
    return judge(question, Inquiry(reply, retrieval, (), {}), FILES.__getitem__)


def test_a_right_answer_is_judged_right() -> None:
    row = judged(answer_from(MILL, "1812"), "in 1812", "1812")
    assert (row.answered, row.file_right, row.sentence_right) == (True, True, True)
    assert (row.exact, row.f1, row.rank) == (1.0, 1.0, 2)


def test_the_right_words_in_another_file_are_not_right() -> None:
    row = judged(answer_from("Also in 1812.", "1812", file="other.txt"), "1812")
    assert (row.file_right, row.sentence_right, row.exact) == (False, False, 1.0)


def test_a_rejected_span_counts_for_the_ranking_of_confidences_only() -> None:
    answer = answer_from(MILL, "1812")
    row = judged(NoAnswer("When?", "Too unsure.", 0.3, answer.citations[0]), "1812")
    assert (row.answered, row.sentence_right, row.best_sentence_right) == (False, False, True)
    assert (row.exact, row.f1, row.confidence) == (0.0, 0.0, 0.3)


def test_an_unanswerable_question_is_never_answered_right() -> None:
    row = judged(answer_from(MILL, "1812"), file=None)
    assert not row.answerable
    assert (row.rank, row.sentence_right, row.exact) == (None, False, 0.0)


def squad(*, version: str = "v2.0") -> dict[str, Any]:
    """A tiny SQuAD file: 1.1 knows no impossible questions, 2.0 does."""
    answer = {"text": "1812", "answer_start": 19}
    possible: dict[str, Any] = {"id": "q1", "question": "When?", "answers": [answer, answer]}
    impossible = {"id": "q2", "question": "Who?", "answers": [], "is_impossible": True}
    qas = [{**possible, "is_impossible": False}, impossible] if version == "v2.0" else [possible]
    paragraphs = [{"context": MILL, "qas": qas}, {"context": "Nothing.", "qas": []}]
    return {"version": version, "data": [{"title": "The_Old_Mill 😀", "paragraphs": paragraphs}]}


# The reader alone


def test_the_reader_alone_is_given_the_paragraph_of_each_question_and_nothing_else(
    tmp_path: Path,
) -> None:
    model = WordScores({"1812": 5.0}, null=1.5)
    labelled = read_labelled(write(tmp_path, "squad.json", json.dumps(squad())))
    assert list(read_alone(labelled, model)) == [
        Read(kind=None, answerable=True, margin=8.5, exact=1.0, f1=1.0),
        Read(kind=None, answerable=False, margin=8.5, exact=0.0, f1=0.0),
    ]
    # In whatever order its sentences are read, they are its own.
    assert model.contexts[0] == MILL
    assert {tuple(sorted(context.split())) for context in model.contexts} == {
        tuple(sorted(MILL.split()))
    }


def test_the_reader_alone_is_scored_by_the_answer_that_it_comes_nearest_to() -> None:
    question = LabelledQuestion("1", "When?", ("in the year 1812", "in 1812"), "0", "when", "0")
    labelled = Labelled((question,), (Paragraph("0", "Mill", MILL),))
    (row,) = read_alone(labelled, WordScores({"1812": 5.0}))
    assert (row.kind, row.exact) == ("when", 0.0)
    assert row.f1 == pytest.approx(2 / 3)


def test_a_paragraph_without_a_word_leaves_the_reader_with_nothing_to_say() -> None:
    question = LabelledQuestion("1", "When?", ("1812",), "0", None, "0")
    labelled = Labelled((question,), (Paragraph("0", "Mill", "..."),))
    (row,) = read_alone(labelled, WordScores({}))
    assert row == Read(kind=None, answerable=True, margin=-math.inf, exact=0.0, f1=0.0)


def test_questions_without_paragraphs_cannot_be_asked_of_the_reader_alone(tmp_path: Path) -> None:
    rows = write(tmp_path, "rows.jsonl", '{"question": "Who?", "answers": []}')
    with pytest.raises(UsageError, match="--reader-only needs a SQuAD file"):
        next(read_alone(read_labelled(rows), WordScores({})))


def test_measures_of_reading() -> None:
    read = [
        Read("when", answerable=True, margin=4.0, exact=1.0, f1=1.0),
        Read("when", answerable=True, margin=-math.inf, exact=0.0, f1=0.5),
        Read("who", answerable=False, margin=1.0, exact=0.0, f1=0.0),
        Read(None, answerable=False, margin=-2.0, exact=0.0, f1=0.0),
    ]
    assert measure_reading(read) == {
        "n": 4,
        "em": 50.0,
        "f1": 75.0,
        "auroc": 0.5,  # of four pairs two are in order: the margin of 4 is above both others
        "kinds": {
            "when": {"n": 2, "em": 50.0, "f1": 75.0, "auroc": None},
            "who": {"n": 1, "em": None, "f1": None, "auroc": None},
        },
    }


def test_reading_without_kinds_has_no_measures_per_kind() -> None:
    assert "kinds" not in measure_reading([Read(None, True, 1.0, 1.0, 1.0)])


def write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def test_a_dialogue_is_measured_turn_by_turn_and_as_written_out_in_full(tmp_path: Path) -> None:
    turn = {"answers": ["1812"], "file": "a.txt"}
    turns = [
        {"question": "When did it burn?", "full": "When did the mill burn?", **turn},
        {"question": "And in full?", "full": "When did the mill burn, in full?", **turn},
        {"question": "Why?", "answers": []},
    ]
    row = json.dumps({"id": "d", "turns": turns})
    questions = read_labelled(write(tmp_path, "rows.jsonl", row)).questions
    assert [(q.id, q.question, q.kind, q.dialogue) for q in questions] == [
        ("d.1", "When did it burn?", "opening", "d"),
        ("d.2", "And in full?", "follow_up", "d"),
        ("d.2.full", "When did the mill burn, in full?", "written_out", None),
        ("d.3", "Why?", "follow_up", "d"),
    ]
    assert [q.answers for q in questions] == [("1812",)] * 3 + [()]


@pytest.mark.parametrize("turns", ["[]", "5", '["Why?"]', '[{"question": "Why?"}]', "{}"])
def test_a_dialogue_without_sound_turns_is_refused_by_its_line(tmp_path: Path, turns: str) -> None:
    with pytest.raises(InputFileError, match=r"rows\.jsonl:1: not a labelled question"):
        read_labelled(write(tmp_path, "rows.jsonl", f'{{"turns": {turns}}}'))


def test_questions_can_be_put_in_a_row(tmp_path: Path) -> None:
    rows = '{"question": "Who?", "answers": []}\n{"question": "Why?", "answers": []}'
    labelled = read_labelled(write(tmp_path, "rows.jsonl", rows)).in_a_row()
    assert len({question.dialogue for question in labelled.questions} - {None}) == 1


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_labelled_rows_are_read(tmp_path: Path, name: str) -> None:
    rows = (
        '\ufeff{"question": "When?", "answers": ["1812"], "file": "a.txt", "kind": "when"}\r\n\r\n'
        '{"id": "x", "question": "Who?", "answers": []}\n'
    )
    labelled = read_labelled(write(tmp_path, name, rows))
    assert labelled.paragraphs == ()
    assert labelled.questions == (
        LabelledQuestion("1", "When?", ("1812",), "a.txt", "when"),
        LabelledQuestion("x", "Who?", (), None, None),
    )


@pytest.mark.parametrize(
    "row",
    [
        "nonsense",
        "[]",
        '"text"',
        '{"question": "Who?"}',
        '{"answers": ["x"], "file": "a.txt"}',
        '{"question": "Who?", "answers": ["x"]}',
        '{"question": "Who?", "answers": [""], "file": "a.txt"}',
        '{"question": "Who?", "answers": "x", "file": "a.txt"}',
        '{"question": 5, "answers": ["x"], "file": "a.txt"}',
        '{"question": "Who?", "answers": [], "kind": 5}',
        '{"question": " ", "answers": []}',
    ],
)
def test_a_row_that_is_no_labelled_question_is_named(tmp_path: Path, row: str) -> None:
    good = '{"question": "Who?", "answers": [], "kind": "who"}\n'
    with pytest.raises(InputFileError, match=r"rows\.jsonl:2"):
        read_labelled(write(tmp_path, "rows.jsonl", good + row))


@pytest.mark.parametrize("name", ["squad.json", "squad.json.gz"])
@pytest.mark.parametrize("version", ["1.1", "v2.0"])
def test_squad_brings_its_paragraphs(tmp_path: Path, name: str, version: str) -> None:
    labelled = read_labelled(write(tmp_path, name, json.dumps(squad(version=version))))
    first, *rest = labelled.questions
    assert first == LabelledQuestion("q1", "When?", ("1812",), "000000.txt", None, "000000.txt")
    assert rest == (
        [LabelledQuestion("q2", "Who?", (), None, None, "000000.txt")] if version == "v2.0" else []
    )
    assert [p.text for p in labelled.paragraphs] == [MILL, "Nothing."]
    assert labelled.paragraphs[0].title == "The Old Mill 😀"


def test_paragraphs_become_files_with_their_titles_beside(tmp_path: Path) -> None:
    labelled = read_labelled(write(tmp_path, "squad.json", json.dumps(squad())))
    folder = tmp_path / "corpus"
    folder.mkdir()
    write_paragraphs(labelled.paragraphs, folder)
    assert (folder / "000000.txt").read_bytes() == MILL.encode()
    assert read_sidecar(folder / "000000.txt.meta.toml").title == "The Old Mill 😀"


@pytest.mark.parametrize(
    "content",
    [
        "nonsense",
        "[]",
        "{}",
        '{"data": 5}',
        '{"data": [{"title": "x", "paragraphs": [{"context": "x", "qas": ["q"]}]}]}',
        json.dumps(squad()).replace(json.dumps(MILL), "5"),
        json.dumps(squad()).replace('"When?"', "5"),
        json.dumps(squad()).replace('"1812"', "5"),
        '{"data": []}',
    ],
    ids=range(9),
)
def test_a_file_that_is_no_squad_is_refused_by_name(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputFileError, match=r"squad\.json"):
        read_labelled(write(tmp_path, "squad.json", content))


@pytest.mark.parametrize(
    "data",
    [b"no gzip", gzip.compress(b"{}")[:-9], gzip.compress(b"{}")[:10] + b"\xff" * 20],
    ids=["other", "cut off", "damaged"],
)
def test_a_damaged_gzip_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "squad.json.gz"
    path.write_bytes(data)
    with pytest.raises(InputFileError, match=r"squad\.json\.gz"):
        read_labelled(path)


@pytest.mark.parametrize("name", ["rows.csv", "rows", "missing.jsonl"])
def test_a_file_of_another_kind_or_none_is_refused_by_name(tmp_path: Path, name: str) -> None:
    if name != "missing.jsonl":
        write(tmp_path, name, "{}")
    with pytest.raises(InputFileError, match=name):
        read_labelled(tmp_path / name)


def test_no_question_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="no question"):
        read_labelled(write(tmp_path, "rows.jsonl", "\n"))
