"""The commands of a parser, each with an example, and the flags that they share."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["Commands"]


@dataclass(frozen=True, slots=True)
class Commands:
    """What commands are added to, with parents for them."""

    subparsers: Subparsers
    folders: argparse.ArgumentParser
    """``--corpus`` and ``--vectors``."""
    models: argparse.ArgumentParser
    """``--model``."""
    readers: argparse.ArgumentParser
    """``--reader``."""
    answering: argparse.ArgumentParser
    """``--reader`` and ``--threshold``."""
    over: str = ""
    """The command that these are actions of, and a space."""

    def add(
        self, name: str, what: str, example: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        """A command of that name; ``what`` it does is half a sentence, and folders all of them take."""
        added = self.subparsers.add_parser(
            name,
            help=what,
            description=what[0].upper() + what[1:] + ".",
            epilog=f"example: {example}",
            parents=(self.folders, *parents),
        )
        added.set_defaults(command=self.over + name, parser=added)
        return added

    def below(self, command: argparse.ArgumentParser) -> Commands:
        """The actions of a command."""
        over = f"{command.get_default('command')} "
        actions = command.add_subparsers(title="actions", metavar="ACTION")
        return replace(self, subparsers=actions, over=over)
