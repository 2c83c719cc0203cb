"""An engine of the benchmarks that measures nothing."""

from __future__ import annotations

from benchmarks.serving import serve


def repeat(text: str, times: int) -> str:
    print("I repeat")
    return text * times


def fail() -> None:
    raise RuntimeError("it failed")


if __name__ == "__main__":
    serve({"repeat": repeat, "fail": fail})
