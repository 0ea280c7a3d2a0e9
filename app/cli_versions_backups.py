"""``taktwerk versions backups …``: copies of the database, listed, made, put back."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from app.backups import BackupService, list_backups, put_back
from app.cli_output import print_json, print_table
from app.cli_versions_tables import when
from app.config import Settings
from engine.errors import TaktwerkError
from storage.database import open_database
from storage.failures import not_found, storage_error


def add_arguments(parser: argparse.ArgumentParser, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """Declare the arguments; ``common`` adds those that every action has."""
    actions = parser.add_subparsers(dest="backup_action", metavar="action", required=True)
    listing = actions.add_parser("list", help="the backups, the newest first")
    make = actions.add_parser("make", help="make one now")
    restore = actions.add_parser("restore", help="put one in the database's place; the present file is put aside")
    restore.add_argument("backup", metavar="BACKUP", help="a name from the list, or a file")
    for action in (listing, make, restore):
        common(action)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Do what is asked; a damaged database can be listed and restored too."""
    if options.backup_action == "make":
        return _make(options, settings)
    path = _file_of(settings.database)
    if options.backup_action == "restore":
        return _restore(path, options)
    found = list_backups(path)
    if options.json:
        print_json({"database": str(path), "backups": [one.to_json() for one in found]})
    elif found:
        rows = [
            [
                one.backup.path.name,
                when(one.backup.taken_at),
                one.why,
                ", ".join(one.contents.schedules),
                str(one.contents.versions),
                f"{one.backup.size_bytes / 1e6:.1f} MB",
                one.contents.problem and "damaged",
            ]
            for one in found
        ]
        print_table("Backups", ("Name", "Made (UTC)", "Why", "Schedules", "Versions", "Size", ""), rows)
    else:
        print("There are no backups yet.")
    return 0


def _make(options: argparse.Namespace, settings: Settings) -> int:
    database = open_database(settings.database)
    try:
        made = BackupService(database).make()
    finally:
        database.close()
    if options.json:
        print_json({"path": str(made.path), "sizeBytes": made.size_bytes})
    else:
        print(f"The database was backed up to {made.path}.")
    return 0


def _restore(path: Path, options: argparse.Namespace) -> int:
    named = {one.backup.path.name: one.backup.path for one in list_backups(path)}
    backup = named.get(options.backup, Path(options.backup))
    if not backup.is_file():
        raise not_found("backup", options.backup)
    kept = put_back(path, backup)
    if options.json:
        print_json({"restored": str(backup), "kept": None if kept is None else str(kept)})
    else:
        print(f"{backup.name} was restored." + (f" The file before it is {kept}." if kept else ""))
    return 0


def _file_of(database: str) -> Path:
    text = database.removeprefix("sqlite:///")
    if "://" in text:
        raise _on_a_server()
    return Path(text).expanduser().absolute()


def _on_a_server() -> TaktwerkError:
    return storage_error("Only a database file is backed up here. A server's is backed up on the server.")
