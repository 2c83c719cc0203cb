"""``python -m qa`` is ``qa``, and ``qa`` is :func:`run`."""

import signal
import sys

__all__ = ["run"]


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
