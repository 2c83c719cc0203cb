"""Arbitrary texts for property tests: any Unicode, thick with what cuts text, and plausible prose."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["prose", "texts"]

_CUTTING = (
    " .!?\"'“”‘’()-–…*,:\t\n\r\v\f\x1c\x1f\x85\u2028\u2029\u200b\u200d\ufeff\u0301\u00a0\0🙂x1Z"
)

#: Any text a file can decode to: no lone surrogates.
texts: st.SearchStrategy[str] = st.text(
    st.one_of(st.sampled_from(_CUTTING), st.characters(codec="utf-8")), max_size=200
)

_FRAGMENTS = st.sampled_from(
    [
        "The ferry sailed at 9 a.m. on Monday.",
        "Mr. Brown met the U.S. envoy.",
        "“It was not enough. We left,” she said.",
        "Why?",
        "* * *",
        "Home",
        "• Privacy Policy",
        "Published 20 Jul. 12:35 (UTC+3 MSK)",
        "a list, of things; without an end " * 6,
        "word " * 60,
        "unbroken" * 30,
    ]
)
_GAPS = st.sampled_from([" ", "  ", "\n", "\n\n", "\r\n", " \n", "\u2028"])

#: Sentences, menus and over-long lines in any order.
prose: st.SearchStrategy[str] = st.lists(st.tuples(_FRAGMENTS, _GAPS), max_size=25).map(
    lambda parts: "".join(fragment + gap for fragment, gap in parts)
)
