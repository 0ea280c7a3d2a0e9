"""Exporting and importing without end, to be killed."""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import os
from pathlib import Path

from app import cli_versions_share as share
from app.config import load_settings
from app.exchange import write
from tests.support.databases import line_schedule, moved


def share_for_ever(folder: Path, tell: int) -> None:
    """Write a plan that changes over the files of a folder and take it in, again and again; tell each round."""
    settings = load_settings(database=str(folder / "plans.db"), log_level=None)
    parser = argparse.ArgumentParser()
    share.add_import_arguments(parser)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args([str(folder / "coming.takt"), "--into", "Line A"])
    base = line_schedule(60)
    for minutes in itertools.count(1):
        plan = moved(base, "j0-o5", minutes)
        for ending in ("takt", "xlsx", "html", "zip"):
            write(plan, folder / f"plan.{ending}")
        write(plan, folder / "coming.takt")
        with contextlib.redirect_stdout(io.StringIO()):
            share.run_import(options, settings)
        os.write(tell, b"round\n")
