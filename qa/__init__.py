"""qa: ask a folder of documents, and see where it says so."""

__version__ = "0.1.0"
