"""Migrations: the scripts make exactly the tables of the program, and an older file keeps its data."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from engine.errors import ErrorCode, TaktwerkError
from storage import migrate, sqlite_file
from storage.database import open_database
from storage.tables import SCHEMA_VERSION, metadata
from tests.support.databases import first_version, fresh_database, line_schedule

_NEXT = f'''
"""A later revision, for tests."""
import sqlalchemy as sa
from alembic import op
revision = "{SCHEMA_VERSION + 1:04d}"
down_revision = "{SCHEMA_VERSION:04d}"

def upgrade():
    with op.batch_alter_table("schedule_versions", recreate="always") as table:
        table.add_column(sa.Column("shift", sa.Text(), nullable=False, server_default="early"))
    op.execute("UPDATE schedule_versions SET shift = 'late'")
    EXTRA
'''


def _next_scripts(folder: Path, extra: str = "pass") -> Path:
    """Return a copy of the scripts with one revision more."""
    scripts = folder / "scripts"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / f"{SCHEMA_VERSION + 1:04d}_next.py").write_text(_NEXT.replace("EXTRA", extra))
    return scripts


def test_the_newest_script_is_the_programs_revision() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [f"{SCHEMA_VERSION:04d}"]
    numbers = [int(script.revision) for script in scripts.walk_revisions()]
    assert numbers == list(range(SCHEMA_VERSION, 0, -1))


def test_the_scripts_make_the_tables_of_the_program(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with fresh_database(tmp_path) as database:
        engine = create_engine(
            "sqlite://", module=sqlite_file.driver, creator=lambda: sqlite_file.connect(_path(tmp_path))
        )
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
            made = {
                row[0]: row[1]
                for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
            }
        engine.dispose()
        assert database.path is not None
    for table in metadata.sorted_tables:  # what the comparison does not look at: keys, checks, their names
        wanted = str(CreateTable(table).compile(dialect=create_engine("sqlite://").dialect))
        assert _clauses(made[table.name]) == _clauses(wanted)


def test_the_scripts_make_the_same_tables_for_postgresql(capsys: pytest.CaptureFixture[str]) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    config.attributes["dialect"] = "postgresql"
    command.upgrade(config, "head", sql=True)
    script = capsys.readouterr().out
    made = {text.split()[2]: _clauses(text) for text in re.findall(r"CREATE TABLE [^;]*", script)}
    for table, change in re.findall(r"ALTER TABLE (\w+) ([^;]*);", script):
        _alter(made[table], " ".join(change.split()))
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert made[table.name] == _clauses(str(CreateTable(table).compile(dialect=dialect)))
    versions = " ".join(made["schedule_versions"])
    assert "JSONB" in versions and "TIMESTAMP WITH TIME ZONE" in versions


def _alter(clauses: set[str], change: str) -> None:
    """Carry a change of a table out on its clauses."""
    if added := re.fullmatch(r"ADD COLUMN (.*)|ADD (CONSTRAINT .*)", change):
        clauses.add(added[1] or added[2])
    elif dropped := re.fullmatch(r"DROP CONSTRAINT (\w+)", change):
        (old,) = (clause for clause in clauses if clause.startswith(f"CONSTRAINT {dropped[1]} "))
        clauses.remove(old)
    elif (nullable := re.fullmatch(r"ALTER COLUMN (\w+) DROP NOT NULL", change)) is not None:
        (old,) = (clause for clause in clauses if clause.startswith(f"{nullable[1]} "))
        clauses.remove(old)
        clauses.add(old.removesuffix(" NOT NULL"))
    else:
        raise AssertionError(change)


def _clauses(statement: str) -> set[str]:
    """Return the parts of a CREATE TABLE without their order and spacing."""
    body = statement[statement.index("(") + 1 : statement.rindex(")")]
    depth, parts = 0, [""]
    for letter in body:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return {" ".join(part.split()) for part in parts if part.strip()}


def _path(folder: Path) -> Path:
    return folder / "taktwerk.db"


def test_an_older_file_keeps_its_data_and_leaves_a_backup(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule(20))
    before = _path(tmp_path).read_bytes()
    backup = migrate.upgrade_file(_path(tmp_path), SCHEMA_VERSION, _next_scripts(tmp_path), SCHEMA_VERSION + 1)
    plain = sqlite_file.connect(_path(tmp_path))
    assert plain.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION + 1
    assert plain.execute("SELECT id, shift, content_hash FROM schedule_versions").fetchall() == [
        (info.id, "late", info.content_hash)
    ]
    assert plain.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    with pytest.raises(sqlite_file.driver.Error, match="append-only"):
        plain.execute("DELETE FROM schedule_versions")
    plain.close()
    assert backup.parent == tmp_path / "backups" and [p.name for p in backup.parent.iterdir()] == [backup.name]
    assert len(backup.read_bytes()) == len(before)
    restored = open_database(backup)
    with restored.read() as view:
        assert view.versions.data(info.id) == line_schedule(20)
    restored.close()
    with pytest.raises(TaktwerkError, match="newer Taktwerk"):
        open_database(_path(tmp_path))


def test_opening_an_older_file_upgrades_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
    plain = sqlite_file.connect(_path(tmp_path))
    plain.execute("PRAGMA user_version=0")  # as if this file were from before the first revision
    plain.close()
    seen: list[int] = []

    def upgrade(path: Path, found: int) -> Path:
        seen.append(found)
        return sqlite_file.back_up(path, path.with_name("copy.db"))

    monkeypatch.setattr(migrate, "upgrade_file", upgrade)
    database = open_database(_path(tmp_path))
    assert seen == [0] and database.backup == tmp_path / "copy.db"
    with database.read() as view:
        assert view.versions.get(info.id) == info
    database.close()


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("raise RuntimeError('half way')", "as it was"),
        ("op.execute('INSERT INTO nonsense VALUES (1)')", "as it was"),
        ("op.execute('DELETE FROM users')", "would lose what they refer to"),
    ],
)
def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path, extra: str, message: str) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
    with pytest.raises(TaktwerkError, match=message) as raised:
        migrate.upgrade_file(_path(tmp_path), SCHEMA_VERSION, _next_scripts(tmp_path, extra), SCHEMA_VERSION + 1)
    assert raised.value.code is ErrorCode.STORAGE
    database = open_database(_path(tmp_path))
    with database.read() as view:
        assert view.versions.data(info.id) == line_schedule()
    with database.unit_of_work() as uow:
        assert uow.users.ensure("anna")
        uow.commit()
    database.close()
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_two_programs_that_make_the_same_file_at_once_make_it_once(tmp_path: Path) -> None:
    migrate.create_file(_path(tmp_path))
    migrate.create_file(_path(tmp_path))
    with fresh_database(tmp_path) as database, database.read() as view:
        assert len(view.profiles.list()) == 4


def test_a_foreign_file_without_marks_is_never_made_ours(tmp_path: Path) -> None:
    plain = sqlite_file.connect(_path(tmp_path))
    plain.execute("CREATE TABLE notes(x)")
    plain.close()
    with pytest.raises(TaktwerkError, match="another program"):
        migrate.create_file(_path(tmp_path))
    plain = sqlite_file.connect(_path(tmp_path))
    assert [row[0] for row in plain.execute("SELECT name FROM sqlite_schema")] == ["notes"]
    plain.close()


def test_runs_from_before_they_had_heads_get_the_only_one_there_is(tmp_path: Path) -> None:
    path = _path(tmp_path)
    migrate.create_file(path, revision=3)
    plain = sqlite_file.connect(path)
    plain.executescript(
        """
        INSERT INTO schedules(id, plant_id, name, created_at) VALUES
            ('one', 'p', 'One head', '2026-01-01T00:00:00Z'), ('two', 'p', 'Two heads', '2026-01-01T00:00:00Z');
        INSERT INTO schedule_versions(id, schedule_id, created_at, source, number, content_hash, data) VALUES
            ('v1', 'one', '2026-01-01T00:00:00Z', 'import', 1, 'x', '{}'),
            ('v2', 'two', '2026-01-01T00:00:00Z', 'import', 1, 'x', '{}');
        INSERT INTO heads(schedule_id, name, version_id, updated_at) VALUES
            ('one', 'main', 'v1', '2026-01-01T00:00:00Z'),
            ('two', 'main', 'v2', '2026-01-01T00:00:00Z'),
            ('two', 'Rush', 'v2', '2026-01-01T00:00:00Z');
        INSERT INTO optimization_runs(id, schedule_id, algorithm_id, status, queued_at) VALUES
            ('r1', 'one', 1, 'completed', '2026-01-01T00:00:00Z'),
            ('r2', 'two', 1, 'completed', '2026-01-01T00:00:00Z'),
            ('r3', NULL, 1, 'completed', '2026-01-01T00:00:00Z');
        """
    )
    plain.close()
    migrate.upgrade_file(path, 3)
    plain = sqlite_file.connect(path)
    found = dict(plain.execute("SELECT id, head_name FROM optimization_runs").fetchall())
    plain.close()
    assert found == {"r1": "main", "r2": None, "r3": None}
