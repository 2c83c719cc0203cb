"""The chat in the terminal: widgets draw, threads answer and index, messages go between them.

What the first screen needs imports neither numpy nor the session; functions that run later do.
"""
