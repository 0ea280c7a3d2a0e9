"""``taktwerk token`` and ``taktwerk serve``, as processes of their own."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.api.server import ApiServer, Binding
from app.cli import main
from app.client import Client
from engine.errors import ErrorCode, TaktwerkError
from tests.support import postgresql
from tests.support.api import an_api, body_of, serving
from tests.support.dask_cluster import dask_cluster
from tests.support.databases import empty_server, line_schedule, needs_postgresql

ROOT = Path(__file__).resolve().parents[2]
needs_signals = pytest.mark.skipif(os.name != "posix", reason="ends the server by a signal")


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


@contextlib.contextmanager
def a_server(folder: Path, *options: str) -> Iterator[str]:
    """``taktwerk serve`` as a process; its address."""
    environment = {**os.environ, "TAKTWERK_LOG_DIR": str(folder / "logs")}
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--json", "--state", str(folder / "api"), *options]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            text = ""
            while not text.endswith("}\n"):
                line = server.stdout.readline()
                assert line, "the server has ended"
                text += line
            yield json.loads(text)["address"]
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(15) == 0


def issued(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """A token of the server whose state is in a folder."""
    assert main(["token", "issue", "anna", "--state", str(folder / "api"), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@needs_signals
def test_a_server_answers_until_it_is_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with a_server(tmp_path, "--database", str(tmp_path / "t.db")) as address:
        made = issued(tmp_path, capsys)
        client = Client(address, made["token"])
        assert client.health()["status"] == "ok" and client.schedules() == []
        assert main(["token", "revoke", made["id"], "--state", str(tmp_path / "api")]) == 0
        with pytest.raises(TaktwerkError) as caught:
            client.schedules()
        assert caught.value.code is ErrorCode.UNAUTHORISED
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


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "taktwerk test")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@needs_signals
def test_with_a_certificate_only_tls_is_spoken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    with a_server(tmp_path, "--database", str(tmp_path / "t.db"), *tls) as address:
        assert address.startswith("https://127.0.0.1:")
        token = issued(tmp_path, capsys)["token"]
        trusting = ssl.create_default_context(cafile=str(certificate))
        client = Client(address, token, tls=trusting)
        assert client.import_schedule(line_schedule(2).to_json())["head"] == "main"
        with pytest.raises(TaktwerkError, match=r"CERTIFICATE_VERIFY_FAILED|self-signed"):
            Client(address, token).health()
        with pytest.raises(TaktwerkError, match="cannot be used"):
            Client(address.replace("https:", "http:"), token).health()


def test_other_machines_are_let_in_with_tls_by_the_names_given(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with (
        an_api(tmp_path) as api,
        serving(api, host="0.0.0.0", certificate=certificate, key=key, names=("localhost",)) as address,
    ):
        port = urllib.parse.urlsplit(address).port
        assert Client(f"https://localhost:{port}", api.token(), tls=trusting).health()["status"] == "ok"
        with pytest.raises(TaktwerkError) as caught:  # a name that was not given
            Client(f"https://127.0.0.1:{port}", api.token(), tls=trusting).health()
        assert caught.value.code is ErrorCode.UNAUTHORISED


@pytest.mark.parametrize("what", ["swapped", "no key", "text"])
def test_tls_files_that_are_none_are_told(tmp_path: Path, what: str) -> None:
    certificate, key = self_signed(tmp_path)
    if what == "text":
        key.write_text("not a key")
    files = (key, certificate) if what == "swapped" else (certificate, None if what == "no key" else key)
    with an_api(tmp_path) as api, pytest.raises(TaktwerkError) as caught:
        ApiServer(api.services, Binding(port=0, certificate=files[0], key=files[1])).start()
    assert caught.value.code is (ErrorCode.INVALID_SCHEDULE if what == "no key" else ErrorCode.STORAGE)


@needs_signals
@pytest.mark.slow
@needs_postgresql
@pytest.mark.xdist_group("postgresql")
def test_a_server_on_postgresql_with_a_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (the extra 'dask')")
    address_of_database = postgresql.server_url()
    empty_server(address_of_database)
    with dask_cluster(tmp_path) as cluster:
        options = ["--database", address_of_database, "--executor", cluster.url]
        with a_server(tmp_path, *options) as address:
            plant = Client(address, issued(tmp_path, capsys)["token"])
            schedule = plant.import_schedule(line_schedule(10).to_json())["scheduleId"]
            runs = [plant.submit(json.loads(body_of(plant.data(schedule)))) for _ in range(3)]
            plans = [plant.wait(run) for run in runs]
            assert [plan["status"] for plan in plans] == ["completed"] * 3
            assert plant.apply(schedule, plans[0]["result"]["versionId"])["newVersionId"]
    lines = (tmp_path / "logs" / "server.log").read_text()
    assert lines.count("solved by the cluster's worker") == 3


@pytest.mark.parametrize("executor", ["spark://x:1", "dask://nowhere"])
def test_an_executor_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    monkeypatch.setenv("TAKTWERK_LOG_DIR", str(tmp_path / "logs"))
    options = ["--executor", executor, "--state", str(tmp_path / "api"), "--database", str(tmp_path / "t.db")]
    assert main(["serve", "--port", "0", "--json", *options]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "E001"
