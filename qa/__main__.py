"""``python -m qa`` is ``qa``, and ``qa`` is :func:`run`."""

import os
import sys

__all__ = ["run"]


def _forget_working_folder() -> None:
    """Take the folder where Python was started with ``-m`` from those that it imports modules from.

    It stands first among them: a document called random.py would be run. Where the program itself lies there,
    it has to stay.
    """
    try:
        here = os.getcwd()
    except FileNotFoundError:
        return
    if sys.path[:1] == [here] and here != os.path.dirname(os.path.dirname(__file__)):
        del sys.path[0]


_forget_working_folder()

import signal  # noqa: E402 - from where it belongs


def run() -> int:
    """:func:`qa.cli.main`, with Ctrl-C ending the process in silence while it is loaded and while it goes.

    There nothing can be lost, and Python would print a traceback of whatever it was importing or closing.
    """
    _end_at_once()
    from qa.cli import main

    try:
        return main()
    finally:
        _end_at_once()


def _end_at_once() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup, or in the background
            signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(run())
