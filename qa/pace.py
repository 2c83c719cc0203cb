"""How fast long work goes, and how long it will still take."""

from __future__ import annotations

from collections import deque

__all__ = ["Pace", "rate_text", "time_left_text"]

#: Only so much of the past counts, in seconds: what an interrupted run had done is skipped in no time.
WINDOW = 30.0
#: Before this many seconds nobody knows.
SOONEST = 3.0


class Pace:
    """Gathers how far one stage of a work had come at some moments."""

    def __init__(self) -> None:
        self._stage = ""
        self._seen: deque[tuple[float, int]] = deque()

    def told(self, stage: str, done: int, total: int, now: float) -> str:
        """``12/s, 3 min left``; empty as long as that cannot be told. ``now`` is in seconds."""
        if stage != self._stage:
            self._stage = stage
            self._seen.clear()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW:
            self._seen.popleft()
        began, before = self._seen[0]
        if now - began < SOONEST or done <= before:
            return ""
        per_second = (done - before) / (now - began)
        return f"{rate_text(per_second)}, {time_left_text((total - done) / per_second)}"


def rate_text(per_second: float) -> str:
    """``1,200/s``, or ``0.5/s`` where it is slow."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.1f}/s"


def time_left_text(seconds: float) -> str:
    """``20 s left``, ``3 min left``, ``2 h 5 min left``."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s left"
    minutes = round(seconds / 60)
    hours = f"{minutes // 60:,} h " if minutes >= 60 else ""
    return f"{hours}{minutes % 60} min left"
