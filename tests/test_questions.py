"""Reading files of questions: what is one, what is named and skipped, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.errors import InputFileError
from qa.questions import Malformed, Question, read_questions


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(tmp_path: Path, name: str, content: str | bytes) -> list[Question | Malformed]:
    return read_questions(written(tmp_path, name, content))


def test_a_text_file_has_one_question_a_line_known_by_its_number(tmp_path: Path) -> None:
    assert read(tmp_path, "q.txt", "\ufeffWho?\r\n\r\n  Where?  \n\nWhen?") == [
        Question("1", "Who?", 1),
        Question("3", "Where?", 3),
        Question("5", "When?", 5),
    ]


def test_jsonl_rows_bring_their_ids_or_are_known_by_their_line(tmp_path: Path) -> None:
    rows = (
        '\ufeff{"id": "a", "question": "Who?"}\r\n\r\n'
        '{"id": 7, "question": "Where?"}\n{"question": " When? "}'
    )
    assert read(tmp_path, "q.jsonl", rows) == [
        Question("a", "Who?", 1),
        Question("7", "Where?", 3),
        Question("4", "When?", 4),
    ]


def test_a_row_may_be_a_dialogue_whose_turns_are_known_by_its_id_and_their_number(
    tmp_path: Path,
) -> None:
    rows = (
        '{"id": "d", "turns": [{"question": "Who?"}, {"question": " Why? "}]}\n'
        '{"turns": [{"question": "Where?"}, {"question": ""}, "When?"]}\n'
    )
    assert read(tmp_path, "q.jsonl", rows) == [
        Question("d.1", "Who?", 1, "d"),
        Question("d.2", "Why?", 1, "d"),
        Question("2.1", "Where?", 2, "2"),
        Malformed(2, "the question is empty"),
        Malformed(2, 'turn 3 is not an object with a "question"'),
    ]


def test_malformed_jsonl_lines_are_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    rows = ['{"question": "Who?"}', "{oops", '["Who?"]', '{"question": 5}', '{"question": " "}']
    rows += ["[" * 100_000, '{"question": "Last?"}']
    items = read(tmp_path, "q.jsonl", "\n".join(rows))
    assert [(type(item).__name__, item.line) for item in items] == [
        ("Question", 1),
        *(("Malformed", line) for line in range(2, 7)),
        ("Question", 7),
    ]


def test_csv_takes_the_columns_by_name(tmp_path: Path) -> None:
    rows = '\ufeffid,extra,question\r\na,1,"Who, ""really""?"\r\n,2,"Where\r\nis it?"\r\n'
    assert read(tmp_path, "q.csv", rows) == [
        Question("a", 'Who, "really"?', 2),
        Question("3", "Where\r\nis it?", 3),
    ]


def test_csv_rows_are_known_by_their_own_line_after_blank_ones(tmp_path: Path) -> None:
    assert read(tmp_path, "q.csv", "question\n\n\nWho?\n") == [Question("4", "Who?", 4)]


def test_malformed_csv_rows_are_named(tmp_path: Path) -> None:
    items = read(tmp_path, "q.csv", 'id,question\na,Who?\nb\nc,\nd,Where?\ne,"broken" quote\n')
    assert [(type(item).__name__, item.line) for item in items] == [
        ("Question", 2),
        ("Malformed", 3),
        ("Malformed", 4),
        ("Question", 5),
        ("Malformed", 6),
    ]


def test_a_csv_without_a_question_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match='no column "question"'):
        read(tmp_path, "q.csv", "id,query\n1,Who?\n")


def test_a_repeated_id_is_named_and_not_asked_twice(tmp_path: Path) -> None:
    rows = '{"id": "a", "question": "Who?"}\n{"id": "a", "question": "Where?"}\n'
    first, second = read(tmp_path, "q.jsonl", rows)
    assert first == Question("a", "Who?", 1)
    assert isinstance(second, Malformed)
    assert second.line == 2
    assert "'a'" in second.reason


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("q.pdf", "Who?", "must end in"),
        ("q.txt", "", "is empty"),
        ("q.txt", "\n \n", "is empty"),
        ("q.jsonl", "", "is empty"),
        ("q.csv", "question\n", "is empty"),
        ("q.txt", b"Wer ist M\xfcller?", "not UTF-8 text .byte 9"),
    ],
)
def test_a_file_that_cannot_hold_questions_is_refused(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    with pytest.raises(InputFileError, match=says):
        read(tmp_path, name, content)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"missing\.txt"):
        read_questions(tmp_path / "missing.txt")


def test_an_id_that_is_no_text_is_named(tmp_path: Path) -> None:
    rows = '{"id": "\\ud800", "question": "Who?"}\n{"id": "d\\udfff", "turns": [{"question": "Who?"}]}\n'
    assert read(tmp_path, "q.jsonl", rows) == [
        Malformed(1, "its id is not UTF-8 text"),
        Malformed(2, "its id is not UTF-8 text"),
    ]


def test_a_cell_of_any_length_is_read_and_so_is_what_follows(tmp_path: Path) -> None:
    long = "k" * 200_000
    assert read(tmp_path, "q.csv", f"question\n{long}\nWho?\n") == [
        Question("2", long, 2),
        Question("3", "Who?", 3),
    ]
