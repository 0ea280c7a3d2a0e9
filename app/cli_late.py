"""Commands whose modules are imported when the command is given, so that none waits for the libraries of the others."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Declare = Callable[[argparse.ArgumentParser], None]


class LateParser(argparse.ArgumentParser):
    """A parser that declares its arguments when it is first asked to parse."""

    declare: Declare | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Declare what is left to declare, then parse."""
        self.complete()
        return super().parse_known_args(args, namespace)

    def complete(self) -> None:
        """Declare the arguments now."""
        declare, self.declare = self.declare, None
        if declare is not None:
            declare(self)


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Parameters
    ----------
    help
        What it does, in a line.
    module
        Where it is.
    arguments, action
        The names of the functions there that declare its arguments and that carry it out.
    """

    help: str
    module: str
    arguments: str = "add_arguments"
    action: str = "run"

    def add_arguments(self, parser: argparse.ArgumentParser, **more: Any) -> None:
        """Declare its arguments."""
        getattr(importlib.import_module(self.module), self.arguments)(parser, **more)

    def run(self, *given: Any) -> int:
        """Carry it out and return the exit code."""
        return int(getattr(importlib.import_module(self.module), self.action)(*given))
