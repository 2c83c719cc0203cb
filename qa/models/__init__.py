"""The neural models, and the only code that imports torch or sentence_transformers.

Those imports stand inside functions, so that ``qa --help`` and a first painted screen owe them nothing.
"""
