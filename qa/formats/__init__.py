"""Files of many formats as text, each place of it marked with where it stands in the original.

One small module for each format, :mod:`qa.formats.endings` to choose among them by the file's ending, and
:mod:`qa.formats.extractor`, which runs all but plain text in a process of its own.
"""
