"""The command line: ``taktwerk [FILE]`` opens the workstation, ``taktwerk <command>`` works without a window.

Exit codes: 0 done, 1 a coded error (or, for ``check``, a violation), 2 wrong usage.

A command's module is imported when that command is given, so that none waits for the libraries of the others.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__
from app.cli_late import Command, LateParser
from engine.errors import TaktwerkError

if TYPE_CHECKING:
    from app.config import Settings

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_OPTIONS_WITH_VALUE = ("--database", "--log-level")


@dataclass(frozen=True)
class WorkstationStart:
    """With what the workstation is to be opened."""

    settings: Settings
    file: Path | None = None


OpenWorkstation = Callable[[WorkstationStart], int]


def main(argv: Sequence[str] | None = None, open_workstation: OpenWorkstation | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv
        The arguments, by default those of the process.
    open_workstation
        Opens the window; given by the composition root, which alone knows the user interface.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    try:
        options = _parser(_command_of(arguments)).parse_args(arguments)
    except SystemExit as end:  # argparse has printed why
        return int(end.code or 0)
    except KeyboardInterrupt:  # while a command's module was loaded
        return 130
    from app.cli_output import note, print_error

    try:
        from app.config import load_settings

        settings = load_settings(database=options.database, log_level=options.log_level)
        if options.command is None:
            return _open(WorkstationStart(settings, options.file), open_workstation)
        from app.logs import configure_logs

        configure_logs(settings.log_dir, settings.log_level, "command-line", to_stderr=options.log_level == "DEBUG")
        return _COMMANDS[options.command].run(options, settings)
    except TaktwerkError as error:
        print_error(error, as_json)
        return 1
    except BrokenPipeError:
        # The reader of our output has gone (``| head``); Python must not complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        note("Stopped.")
        return 130


def _open(start: WorkstationStart, open_workstation: OpenWorkstation | None) -> int:
    if open_workstation is None:
        from app.cli_output import note

        note("This start of Taktwerk has no window. Commands: " + ", ".join(_COMMANDS))
        return 2
    return open_workstation(start)


def _command_of(arguments: list[str]) -> str | None:
    """Return the command among the arguments: the first word that is no option and no option's value."""
    skip = False
    for argument in arguments:
        if skip or argument.startswith("-"):
            skip = not skip and argument in _OPTIONS_WITH_VALUE
            continue
        return argument if argument in _COMMANDS else None
    return None


def _parser(command: str | None) -> argparse.ArgumentParser:
    """Return the parser for a command, or for the workstation; common options may stand before and after."""
    common = LateParser(add_help=False)
    group = common.add_argument_group("common options")
    group.add_argument("--database", metavar="PATH|URL", default=argparse.SUPPRESS, help="the versions' database")
    group.add_argument(
        "--log-level", type=str.upper, choices=LOG_LEVELS, default=argparse.SUPPRESS, help="how much is logged"
    )
    group.add_argument("--version", action="version", version=f"taktwerk {__version__}")
    parser = argparse.ArgumentParser(
        prog="taktwerk",
        description="Plan a plant: without a command, the workstation opens.",
        parents=[common],
        allow_abbrev=False,
    )
    parser.set_defaults(database=None, log_level=None, command=command)
    if command is None:
        parser.add_argument("file", nargs="?", type=Path, help="a schedule to open in the workstation")
        parser.epilog = "Commands: " + ", ".join(_COMMANDS) + ". `taktwerk <command> --help` says more."
        return parser
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=LateParser)
    for name, entry in _COMMANDS.items():
        sub = commands.add_parser(name, help=entry.help, description=entry.help, parents=[common], allow_abbrev=False)
        sub.declare = entry.add_arguments
    return parser


_COMMANDS = {
    "optimize": Command("Optimise a schedule or a benchmark file.", "app.cli_optimize"),
    "check": Command(
        "Check a plan: every violation, then figures.", "app.cli_files", "add_check_arguments", "check_plan"
    ),
    "explain": Command("Explain a plan: why late, why not here, slack.", "app.cli_explain"),
    "convert": Command("Convert between the formats.", "app.cli_files", "add_convert_arguments", "convert"),
    "replay": Command("Check a run's plan and claims again.", "app.cli_replay"),
    "robustness": Command("Replay a plan with luck, many times.", "app.cli_robustness"),
    "bench": Command("Measure solvers on benchmark instances.", "app.cli_bench"),
    "what-if": Command("Try variants of a plan beside each other.", "app.cli_what_if"),
    "serve": Command("Answer over HTTP: the API.", "app.cli_serve", "add_serve_arguments", "serve"),
    "token": Command("Say who may use the API.", "app.cli_serve", "add_token_arguments", "token"),
    "versions": Command("Look at the versions in the database.", "app.cli_versions"),
}
