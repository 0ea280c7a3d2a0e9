"""The command line: ``taktwerk [FILE]`` opens the workstation, ``taktwerk <command>`` works without a window.

Exit codes: 0 done, 1 a coded error (or, for ``check``, a violation), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app import (
    __version__,
    cli_bench,
    cli_explain,
    cli_files,
    cli_optimize,
    cli_replay,
    cli_robustness,
    cli_serve,
    cli_versions,
    cli_what_if,
)
from app.cli_output import note, print_error
from app.config import Settings, load_settings
from app.logs import configure_logs
from engine.errors import TaktwerkError

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
    try:
        settings = load_settings(database=options.database, log_level=options.log_level)
        if options.command is None:
            return _open(WorkstationStart(settings, options.file), open_workstation)
        configure_logs(settings.log_dir, settings.log_level, "command-line", to_stderr=options.log_level == "DEBUG")
        return int(options.run(options, settings))
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
    common = argparse.ArgumentParser(add_help=False)
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
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name, (help_text, add_arguments, run) in _COMMANDS.items():
        sub = commands.add_parser(name, help=help_text, description=help_text, parents=[common], allow_abbrev=False)
        add_arguments(sub)
        sub.set_defaults(run=run)
    return parser


_COMMANDS = {
    "optimize": ("Optimise a schedule or a benchmark file.", cli_optimize.add_arguments, cli_optimize.run),
    "check": ("Check a plan: every violation, then figures.", cli_files.add_check_arguments, cli_files.check_plan),
    "explain": ("Explain a plan: why late, why not here, slack.", cli_explain.add_arguments, cli_explain.run),
    "convert": ("Convert between the formats.", cli_files.add_convert_arguments, cli_files.convert),
    "replay": ("Check a run's plan and claims again.", cli_replay.add_arguments, cli_replay.run),
    "robustness": ("Replay a plan with luck, many times.", cli_robustness.add_arguments, cli_robustness.run),
    "bench": ("Measure solvers on benchmark instances.", cli_bench.add_arguments, cli_bench.run),
    "what-if": ("Try variants of a plan beside each other.", cli_what_if.add_arguments, cli_what_if.run),
    "serve": ("Answer over HTTP: the API.", cli_serve.add_serve_arguments, cli_serve.serve),
    "token": ("Say who may use the API.", cli_serve.add_token_arguments, cli_serve.token),
    "versions": ("Look at the versions in the database.", cli_versions.add_arguments, cli_versions.run),
}
