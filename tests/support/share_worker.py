"""A child process that exports and imports without end, to be killed; its argument is the folder to do it in."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app import cli_versions_share as share
from app.config import load_settings
from app.exchange import write
from tests.support.databases import line_schedule, moved


def main(folder: Path) -> None:
    settings = load_settings(database=str(folder / "plans.db"), log_level=None)
    parser = argparse.ArgumentParser()
    share.add_import_arguments(parser)
    parser.add_argument("--json", action="store_true")
    base = line_schedule(60)
    print("ready", flush=True)
    for minutes in range(1, 100_000):
        plan = moved(base, "j0-o5", minutes)
        for ending in ("takt", "xlsx", "html", "zip"):
            write(plan, folder / f"plan.{ending}")
        write(plan, folder / "coming.takt")
        share.run_import(parser.parse_args([str(folder / "coming.takt"), "--into", "Line A"]), settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
