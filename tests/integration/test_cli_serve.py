"""``taktwerk token`` and ``taktwerk serve``, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main
from app.client import Client
from engine.errors import ErrorCode, TaktwerkError

ROOT = Path(__file__).resolve().parents[2]


def test_tokens_are_issued_listed_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKTWERK_LOG_DIR", str(tmp_path / "logs"))

    def run(*arguments: str, code: int = 0) -> dict[str, object]:
        assert main(["token", *arguments, "--state", str(tmp_path / "api"), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    made = run("issue", "mes", "--scope", "read", "--days", "2", "--note", "line 3")
    assert made["scopes"] == ["read"] and str(made["token"]).count(".") == 2
    (listed,) = run("list")["tokens"]  # type: ignore[misc]
    assert listed["id"] == made["id"] and "token" not in listed
    run("revoke", str(made["id"]))
    assert run("list")["tokens"][0]["revokedAt"]  # type: ignore[index]
    assert run("revoke", "nothing", code=1)["code"] == "E012"
    assert main(["token", "list", "--state", str(tmp_path / "api")]) == 0
    assert "revoked" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="ends the server by a signal")
def test_a_server_answers_until_it_is_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = ["--state", str(tmp_path / "api"), "--database", str(tmp_path / "t.db")]
    environment = {**os.environ, "TAKTWERK_LOG_DIR": str(tmp_path / "logs")}
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--json", *state]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            text = ""
            while not text.endswith("}\n"):
                text += server.stdout.readline()
            assert main(["token", "issue", "anna", *state, "--json"]) == 0
            made = json.loads(capsys.readouterr().out)
            client = Client(json.loads(text)["address"], made["token"])
            assert client.health()["status"] == "ok" and client.schedules() == []
            assert main(["token", "revoke", made["id"], *state]) == 0
            with pytest.raises(TaktwerkError) as caught:
                client.schedules()
            assert caught.value.code is ErrorCode.UNAUTHORISED
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(15) == 0
    lines = [json.loads(line) for line in (tmp_path / "logs" / "server.log").read_text().splitlines()]
    assert any(line["logger"] == "taktwerk.api" and line.get("request_id") for line in lines)
    assert not any(made["token"] in json.dumps(line) for line in lines)


def test_other_machines_are_served_with_tls_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKTWERK_LOG_DIR", str(tmp_path / "logs"))
    assert main(["serve", "--host", "0.0.0.0", "--json", "--database", str(tmp_path / "t.db")]) == 1
    assert "TLS" in json.loads(capsys.readouterr().out)["message"]
    assert not (tmp_path / "t.db").exists()
