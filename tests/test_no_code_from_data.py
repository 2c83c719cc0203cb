"""Nothing that is read can become code, and the program by itself speaks to no network."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import REPOSITORY, make_corpus

SOURCES = sorted((REPOSITORY / "qa").rglob("*.py"))
#: Modules whose readers build objects, or run code, as their input says.
MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "yaml",
}
#: Calls that run code or build objects from data; a method ``eval`` of a model is none.
CALLS = {"eval", "exec", "compile", "__import__"}
METHODS = {
    ("torch", "load"),
    ("faiss", "read_index"),
    ("os", "system"),
    ("os", "popen"),
    ("runpy", "run_path"),
}

#: It reads bytes in memory, after each that is no number was compared with what it must be, where
#: deserialize_index would copy them; tests/test_large_index.py tampers with them.
EXCEPTIONS = {"clustering.py": ["faiss.read_index"]}


def offences(source: str) -> Iterator[str]:
    """What in ``source`` must not be there."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in MODULES:
                yield str(node.module)
        elif isinstance(node, ast.Call):
            yield from _offences_of_call(node)


def _offences_of_call(call: ast.Call) -> Iterator[str]:
    called = call.func
    if isinstance(called, ast.Name) and called.id in CALLS:
        yield called.id
    elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        name = called.value.id, called.attr
        yield from (".".join(name),) if name in METHODS else ()
    for keyword in call.keywords:
        off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        if keyword.arg in ("allow_pickle", "shell", "trust_remote_code") and not off:
            yield keyword.arg


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from yaml import load",
        "eval(text)",
        "import torch\ntorch.load(path)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(line, shell=True)",
        "from_pretrained(name, trust_remote_code=flag)",
    ],
)
def test_an_offence_is_seen(source: str) -> None:
    assert list(offences(source))


def test_the_sources_are_free_of_them() -> None:
    assert len(SOURCES) > 50
    found = {str(path): list(offences(path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert {Path(path).name: names for path, names in found.items() if names} == EXCEPTIONS


WATCHED = """
import json, os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
                 "socket.bind", "urllib.Request", "http.client.connect"):
        with open(sys.argv[1], "a") as record:
            record.write(json.dumps([event, repr(arguments)]) + chr(10))
        raise PermissionError("no network here")

sys.addaudithook(watch)
record, *arguments = sys.argv[1:]
from qa.cli import main
sys.exit(main(arguments))
"""


def test_the_program_with_its_real_models_reaches_for_no_network(tmp_path: Path) -> None:
    make_corpus(tmp_path / "seeds")
    (tmp_path / "questions.txt").write_text("When was the lighthouse on Grey Point built?\n")
    record = tmp_path / "record"
    # As for a person: nothing in the environment that would keep a library from looking for a hub.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    answers = tmp_path / "answers.jsonl"
    for arguments in (
        ["batch", "questions.txt", "-o", str(answers), "--threshold", "0"],  # indexes first
        ["check", str(answers)],
        ["report", str(answers), "-o", "report.html"],
    ):
        ended = subprocess.run(
            [sys.executable, "-c", WATCHED, record, *arguments],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    assert json.loads(answers.read_text())["answer"] == "1871"
    assert not record.exists(), record.read_text()


def test_a_connection_would_be_recorded(tmp_path: Path) -> None:
    reaching = WATCHED.replace(
        "from qa.cli import main", "import socket; socket.create_connection(('127.0.0.1', 9))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", reaching, tmp_path / "record"], capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert "127.0.0.1" in (tmp_path / "record").read_text()
