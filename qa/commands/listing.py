"""A JSON object whose one long list is printed as it is found, so that no length of it fills memory."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["JsonListing"]


class JsonListing:
    """Prints ``{"NAME": [..., one a line ...], ...}``; all of it ASCII, whatever the documents hold."""

    def __init__(self, name: str) -> None:
        print(f"{{{json.dumps(name)}: [", end="")
        self._separator = "\n"

    def add(self, item: dict[str, Any]) -> None:
        """One more item of the list."""
        print(self._separator + json.dumps(item), end="")
        self._separator = ",\n"

    def end(self, further: dict[str, Any]) -> None:
        """The end of the list, and the object's other members."""
        print("\n], " + json.dumps(further)[1:])
