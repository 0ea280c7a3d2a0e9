"""``taktwerk serve``, the HTTP API, and ``taktwerk token``, who may use it."""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import threading
from contextlib import ExitStack
from pathlib import Path

from app.api.keys import signing_key, system_keyring
from app.api.server import DEFAULT_PORT, ApiServer, Binding
from app.api.services import STATE_FILE, ApiServices, default_state_folder
from app.api.tokens import AUDIENCE, SCOPES, Tokens
from app.backups import BackupService
from app.cli_output import note, print_json, print_table
from app.cluster import Cluster
from app.config import Settings
from app.logs import configure_logs
from app.optimization import OptimizationService
from storage.api_state import ApiState, TokenRow
from storage.database import Database, open_database

_STATE_HELP = "folder of the tokens and their key, default beside the database"
_AUDIENCE_HELP = f"for which server tokens are, default {AUDIENCE}"


def add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``serve``."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; others than this PC's need TLS")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}; 0 takes a free one")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate, PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, PEM")
    names = "a name, or name:port, that clients call this server by; repeatable"
    parser.add_argument("--name", action="append", default=[], metavar="HOST", help=names)
    parser.add_argument("--state", type=Path, metavar="DIR", help=_STATE_HELP)
    parser.add_argument("--audience", default=AUDIENCE, help=_AUDIENCE_HELP)
    parser.add_argument(
        "--executor", metavar="URL", help="where runs are solved: dask://host:port of a Dask cluster; by default here"
    )
    parser.add_argument("--json", action="store_true", help="print the address as JSON")


def serve(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until Ctrl+C or SIGTERM."""
    binding = Binding(options.host, options.port, options.tls_cert, options.tls_key, tuple(options.name))
    binding.check()
    configure_logs(settings.log_dir, settings.log_level, "server", to_stderr=settings.log_level == "DEBUG")
    ended = threading.Event()
    with ExitStack() as stack:
        database = open_database(settings.database)
        stack.callback(database.close)
        database.before_import = BackupService(database).before_import
        state, tokens = _opened(stack, options, settings)
        runs, max_running = _runs(stack, options, settings, database)
        server = ApiServer(ApiServices(database, runs, state, tokens, max_running=max_running), binding)
        stack.callback(server.stop)
        address = server.start()
        for name in (signal.SIGINT, signal.SIGTERM):
            before = signal.signal(name, lambda *_: ended.set())
            stack.callback(signal.signal, name, before)
        if options.json:
            print_json({"address": address, "database": database.name})
        else:
            print(f"Taktwerk answers at {address}/api (database {database.name}). Ctrl+C ends it.", flush=True)
            if not tokens.list():
                note("There is no token yet: taktwerk token issue NAME")
        while not ended.wait(0.5) and not server.wait(0):
            pass
    return 0 if ended.is_set() else 1


def _runs(
    stack: ExitStack, options: argparse.Namespace, settings: Settings, database: Database
) -> tuple[OptimizationService, int]:
    """Return what optimises, and how many runs at a time: on a cluster one for each worker, unless that is set."""
    start, max_running = None, settings.max_running
    if options.executor is not None:
        cluster = Cluster(options.executor)
        stack.callback(cluster.close)
        start = cluster.start
        if "max_running" not in settings.model_fields_set:
            max_running = min(64, max(1, cluster.workers))
    runs = OptimizationService(database, max_running, settings.user, command=start)
    stack.callback(runs.close)
    return runs, max_running


def add_token_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``token``."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    issue = actions.add_parser("issue", help="make a token", allow_abbrev=False)
    issue.add_argument("user", metavar="NAME", help="who uses it; what they save bears this name")
    issue.add_argument("--scope", choices=SCOPES, default="plan", help="what it allows, default plan")
    issue.add_argument("--days", type=float, default=30, help="how long it is good for, default 30")
    issue.add_argument("--note", default="", help="a remark for the list")
    revoke = actions.add_parser("revoke", help="make a token worthless", allow_abbrev=False)
    revoke.add_argument("token", metavar="ID", help="the token's id, see list")
    for sub in (issue, revoke, actions.add_parser("list", help="list the tokens", allow_abbrev=False)):
        sub.add_argument("--database", metavar="PATH|URL", default=argparse.SUPPRESS, help="the versions' database")
        sub.add_argument("--state", type=Path, metavar="DIR", help=_STATE_HELP)
        sub.add_argument("--audience", default=AUDIENCE, help=_AUDIENCE_HELP)
        sub.add_argument("--json", action="store_true", help="print one JSON document")


def token(options: argparse.Namespace, settings: Settings) -> int:
    """Issue, list or revoke tokens."""
    with ExitStack() as stack:
        _, tokens = _opened(stack, options, settings)
        if options.action == "issue":
            text, row = tokens.issue(options.user, options.scope, options.days, options.note)
            if options.json:
                print_json({"token": text, **_told(row)})
            else:
                print(text)
                note(f"Token {row.id} for {row.user}, scope {row.scopes[-1]}, good until {_day(row.expires_at)}.")
                note("It is shown this once only.")
        elif options.action == "revoke":
            tokens.revoke(options.token)
            print_json({"revoked": options.token}) if options.json else print("The token is worthless now.")
        else:
            _list(tokens.list(), options.json)
    return 0


def _opened(stack: ExitStack, options: argparse.Namespace, settings: Settings) -> tuple[ApiState, Tokens]:
    folder = options.state or default_state_folder(settings.database)
    state = ApiState(folder / STATE_FILE)
    stack.callback(state.close)
    keyring = None if options.state else system_keyring()
    return state, Tokens(signing_key(folder, keyring), state, options.audience)


def _list(rows: list[TokenRow], as_json: bool) -> None:
    if as_json:
        print_json({"tokens": [_told(row) for row in rows]})
        return
    now = dt.datetime.now(dt.UTC).timestamp()
    cells = [
        [
            row.id,
            row.user,
            row.scopes[-1],
            _day(row.expires_at),
            "revoked" if row.revoked_at else "expired" if row.expires_at <= now else "good",
            row.note,
        ]
        for row in rows
    ]
    print_table("Tokens", ("Id", "Name", "Scope", "Until", "State", "Note"), cells)


def _told(row: TokenRow) -> dict[str, object]:
    return {
        "id": row.id,
        "user": row.user,
        "scopes": list(row.scopes),
        "audience": row.audience,
        "note": row.note,
        "issuedAt": row.issued_at,
        "expiresAt": row.expires_at,
        "revokedAt": row.revoked_at,
    }


def _day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
