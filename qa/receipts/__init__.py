"""Saved answers held against the documents, and against each other: no index, no model, no trust.

Each citation of a saved answer is a receipt: a file, the SHA-256 of its bytes, two offsets and a
quote. ``docs/receipts.md`` says how anybody verifies one without this package.
"""
