"""The documents are complete and true where a test can tell."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from app import cli, cli_optimize, exchange
from app.cli_late import LateParser
from app.config import Settings
from engine.errors import ErrorCode
from engine.model import OBJECTIVES

ROOT = Path(__file__).resolve().parents[2]
COMMAND_LINE = (ROOT / "docs" / "command-line.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("name", cli._COMMANDS)  # pyright: ignore[reportPrivateUsage]
def test_every_command_and_option_is_documented(name: str) -> None:
    section = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", COMMAND_LINE, re.M | re.S)
    assert section, f"docs/command-line.md has no section on {name}"
    parser = argparse.ArgumentParser(add_help=False)
    cli._COMMANDS[name].add_arguments(parser)  # pyright: ignore[reportPrivateUsage]
    for option in options_of(parser):
        assert option in section[1], f"{name}: {option}"


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """Return the option strings of a parser and of its subcommands, and the subcommands' names."""
    found: set[str] = set()
    for action in parser._actions:
        found |= {option for option in action.option_strings if option not in ("-h", "--help")}
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                if isinstance(sub, LateParser):
                    sub.complete()
                found |= {name, *options_of(sub)}
    return found - {"--database"}  # a common option, documented once


@pytest.mark.parametrize("option", ["--database", "--log-level", "--version", *cli.LOG_LEVELS])
def test_every_common_option_is_documented(option: str) -> None:
    assert option in COMMAND_LINE


def test_every_format_algorithm_and_objective_is_documented() -> None:
    for name in (*exchange.NAMES, *cli_optimize.ALGORITHMS, *OBJECTIVES):
        assert f"`{name}`" in COMMAND_LINE, name


def test_every_error_code_is_documented() -> None:
    for code in ErrorCode:
        assert re.search(rf"^\| {code.value} \|", COMMAND_LINE, re.M), code


def test_every_setting_is_documented() -> None:
    for name in Settings.model_fields:
        assert f"`TAKTWERK_{name.upper()}`" in COMMAND_LINE, name


def test_every_make_target_is_in_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (targets,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
    readme = (ROOT / "README.md").read_text()
    for target in targets.split():
        if target not in ("help", "lock"):
            assert f"make {target}" in readme, target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text()
    for path in folder.glob("0*.md"):
        assert f"({path.name})" in listed
        assert path.read_text().startswith(f"# {path.name[:4]} ")


def test_modules_named_in_the_architecture_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`((?:app|engine|storage|ui|resources|tests|docs)/[\w./-]*)`", text)
    assert len(named) > 20
    for name in named:
        assert (ROOT / name).exists(), name
