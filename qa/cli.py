"""The ``qa`` command: picks the command's body, and turns every ending into an exit code."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from qa.arguments.parser import parsed_arguments
from qa.commands import (
    asking,
    checking,
    comparing,
    conversing,
    folder,
    measuring,
    reporting,
    reviewing,
    serving,
)
from qa.errors import ExitCode, QAError, UsageError
from qa.settings import Settings, load_settings
from qa.terminal import say

__all__ = ["main"]

_SETTING_FLAGS = ("corpus", "vectors", "model", "reader", "citations", "threshold")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never a traceback for what a person did."""
    _prepare_streams()
    parsed = parsed_arguments(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)  # a polite kill is an interruption like Ctrl-C
        # As qa.__main__ sets it while this loads.
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    # Models come with the install; nothing here may look for them on a hub by itself.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        if parsed.conversation is not None and parsed.command != "chat":
            raise UsageError("--resume ID opens the chat; it goes with no command.")
        flags = {name: getattr(parsed, name, None) for name in _SETTING_FLAGS}
        settings = load_settings(flags, os.environ, _working_folder())
        code = _COMMANDS[parsed.command](parsed, settings)
        sys.stdout.flush()
        return int(code)
    except QAError as error:
        say(f"qa: {error}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        say("qa: interrupted.")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone (qa ... | head); that is its right.
        _drop_output()
        return int(ExitCode.OK)
    except OSError as error:
        if error.filename is not None:
            say(
                f"qa: {error.filename} cannot be used ({error.strerror}); check its name and permissions."
            )
        else:
            _drop_output()
            say(f"qa: the output cannot be written ({error.strerror or error}).")
        return int(ExitCode.FAILURE)


def _prepare_streams() -> None:
    """Where nobody listens, all is said to nobody; data is UTF-8 whatever the locale is."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us, as with >&-
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageError(
            "The folder in which qa was started is gone; go to one that is there."
        ) from None


def _drop_output() -> None:
    """So that what is still buffered does not fail again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_COMMANDS: dict[str, Callable[[argparse.Namespace, Settings], ExitCode]] = {
    "chat": asking.chat,
    "index": folder.index,
    "sources": folder.sources,
    "ask": asking.ask,
    "batch": asking.batch,
    "check": checking.check,
    "report": reporting.report,
    "uses": comparing.uses,
    "diff": comparing.diff,
    "review": reviewing.review,
    "conversations": conversing.conversations,
    "conversations export": conversing.export,
    "conversations delete": conversing.delete,
    "eval": measuring.evaluate,
    "calibrate": measuring.calibrate,
    "serve": serving.serve,
}


def _terminate(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
