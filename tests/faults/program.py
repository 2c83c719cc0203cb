"""Processes of the program by the hundred: forked from one that has its libraries loaded, each a fresh run.

``python -m tests.faults.program SOCKET MODEL`` is the one that they are forked from; :class:`Program` starts
it and asks it for runs. Nothing of the program is replaced; it gets a tiny encoder, as anyone may give one.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.activities import ACTIVITIES
from tests.faults.tiny_model import write_tiny_model
from tests.faults.tracing import Ended, traced

__all__ = ["Program", "Run", "set_modes"]

_LIBRARIES = """
faiss sentence_transformers syntok.segmenter transformers.models.bert.modeling_bert qa.batch qa.cli
qa.commands.asking qa.conversations qa.evaluate qa.fitting qa.reviewing qa.session tests.fakes_conversations
""".split()
REPOSITORY = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """What a process left behind."""

    code: int
    """Its exit status, -9 if it was killed."""
    out: str
    err: str
    steps: list[str]
    """On the disk, where it was traced."""
    peak_kib: int = 0
    """The most memory that was resident, in KiB."""

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Program:
    """Runs of the program; a context manager. Several threads may ask at once."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is a new one, for the tiny encoder and the socket."""
        folder.mkdir(parents=True)
        model = write_tiny_model(folder)
        self._address = str(folder / "program.socket")
        variables = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "QA_MODEL": str(model),
            "QA_READER": "sentences",
        }
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.program", self._address, str(model)],
            cwd=REPOSITORY,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._server.stdout is not None
        if not self._server.stdout.readline():
            raise RuntimeError("the program could not be loaded")

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def run(
        self,
        activity: str,
        *arguments: object,
        folder: Path,
        trace: bool = False,
        kill_before: int | None = None,
        kill_after: float | None = None,
        limits: dict[str, int] | None = None,
        powerless: bool = False,
        forbid: tuple[int, Path, int] | None = None,
    ) -> Run:
        """Run an activity in ``folder`` and wait for its end.

        It is killed before a step on the disk, or after so many seconds. ``limits`` are of
        :mod:`resource`; ``powerless`` takes root's right to write where permissions forbid it.
        ``forbid`` is a step, a folder, and what before that step becomes the mode of all that is in it.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(self._address)
            order = {
                "activity": activity,
                "arguments": [str(argument) for argument in arguments],
                "folder": str(folder),
                "trace": trace or kill_before is not None or forbid is not None,
                "kill_before": kill_before,
                "kill_after": kill_after,
                "limits": limits or {},
                "powerless": powerless,
                "forbid": [forbid[0], str(forbid[1]), forbid[2]] if forbid is not None else None,
            }
            connection.sendall(json.dumps(order).encode() + b"\n")
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as answer:
                return Run(**json.loads(answer.read()))


def _serve(address: str, model: str) -> None:
    _load_libraries(model)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(64)
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the runners
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            _answer(connection)
            os._exit(0)
        connection.close()


def _load_libraries(model: str) -> None:
    """All that is slow the first time and the same in every run.

    Nothing is computed, so that no thread is lost in a fork; each run loads its own encoder.
    """
    for name in _LIBRARIES:
        importlib.import_module(name)
    import torch

    from qa.models.encoder import load_encoder

    torch.set_num_threads(1)
    load_encoder(model)


def _answer(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as stream:
        order: dict[str, Any] = json.loads(stream.readline())
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            ended = _run(order, out.fileno(), err.fileno())
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode("utf-8", "replace"))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        run = {"code": ended.code, "out": texts[0], "err": texts[1], "steps": ended.steps}
        run["peak_kib"] = peak
        connection.sendall(json.dumps(run).encode())


def _run(order: dict[str, Any], out: int, err: int) -> Ended:
    def work() -> int:
        return _work(order, out, err)

    if order["trace"]:
        step, folder, mode = order["forbid"] or (None, "", 0)
        return traced(work, order["kill_before"], lambda: set_modes(Path(folder), mode), step)
    child = os.fork()
    if not child:
        code = 70
        try:
            code = work()
        finally:
            os._exit(code)
    timer = None
    if order["kill_after"] is not None:
        timer = threading.Timer(order["kill_after"], os.kill, (child, signal.SIGKILL))
        timer.start()
    # Its status stays to be taken until the timer has ended, so that the number cannot be another's.
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    if timer is not None:
        timer.cancel()
        timer.join()
    _, status = os.waitpid(child, 0)
    return Ended(os.waitstatus_to_exitcode(status), [])


def _work(order: dict[str, Any], out: int, err: int) -> int:
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(order["folder"])
    for name, value in order["limits"].items():
        kind = getattr(resource, name)
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
    if order["powerless"]:
        _drop_capabilities()
    try:
        return int(ACTIVITIES[order["activity"]](order["arguments"]))
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()


def set_modes(folder: Path, mode: int) -> None:
    """Give ``mode`` to a folder and all in it; files get no right to be run."""
    for path in sorted(folder.rglob("*"), reverse=True):  # what is within before what it is in
        path.chmod(mode if path.is_dir() else mode & 0o666)
    folder.chmod(mode)


def _drop_capabilities() -> None:
    """As root, be bound by permissions like anyone (capset(2), version 3)."""
    header = struct.pack("=Ii", 0x20080522, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, bytes(24)):
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])
