"""The server as people start it: https on a network, a clean stop, a certificate that phones can trust."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import main
from tests.support.repository import ROOT
from tests.support.served import free_port


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new ledger's home, which commands find by the environment."""
    monkeypatch.setenv("WASTELEDGER_HOME", str(tmp_path / "home"))
    run("init", "--origin", "ledger.example/park", "--operator", "Park office", "--authority", "bureau")
    return tmp_path / "home"


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == code, done.output
    return done.output


@contextmanager
def served(*arguments: str) -> Iterator[tuple[int, Path]]:
    """A running `wasteledger serve` and where its words go; stopped by SIGTERM, which must end it well."""
    port = free_port()
    log = Path(os.environ["WASTELEDGER_HOME"]).parent / "serve.log"
    command = [sys.executable, "-c", "from cli.main import main; main()", "serve", "--port", str(port), *arguments]
    with log.open("wb") as told:
        process = subprocess.Popen(command, cwd=ROOT, stdout=told, stderr=told)
    try:
        yield port, log
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0, log.read_text()


def fetched(connection: http.client.HTTPConnection, path: str) -> tuple[int, Any]:
    """A status and JSON, as soon as the server answers."""
    end = time.monotonic() + 30
    while True:
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (ConnectionError, ssl.SSLEOFError):
            connection.close()
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.1)


def test_it_serves_is_ready_says_its_settings_and_counts(home: Path) -> None:
    metrics = free_port()
    with served("--metrics", f"127.0.0.1:{metrics}") as (port, log):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        status, ready = fetched(connection, "/ready")
        assert (status, ready["ready"]) == (200, True)
        assert set(ready["checks"]) == {"database", "sequencer", "signer", "projections", "disk"}
        scraped = http.client.HTTPConnection("127.0.0.1", metrics, timeout=20)
        scraped.request("GET", "/metrics")
        assert 'wasteledger_request_seconds_count{method="GET",route="/ready",status="200"}' in (
            scraped.getresponse().read().decode()
        )
    told = log.read_text()
    assert f"WASTELEDGER_HOME={home}" in told
    lines = [json.loads(each) for each in told.splitlines() if each.startswith("{")]
    assert [each["route"] for each in lines if each["what"] == "request"] == ["/ready"]


def test_strangers_whose_bodies_never_end_leave_threads_to_others(home: Path) -> None:
    with served("--threads", "8") as (port, _):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        assert fetched(connection, "/health")[0] == 200
        head = (
            "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
        )
        with contextlib.ExitStack() as opened:
            for _ in range(24):
                peer = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
                peer.sendall(f"{head}\r\n{{".encode())
            assert fetched(connection, "/health")[0] == 200
            body = {"name": "nobody", "password": "nothing"}
            connection.request("POST", "/v1/session", json.dumps(body), {"Content-Type": "application/json"})
            refused = connection.getresponse()
            assert (refused.status, json.loads(refused.read())["code"]) == (503, "too-many-bodies")
        assert fetched(connection, "/health")[0] == 200
        connection.request("GET", "/health", headers={"Cookie": "; ".join(f"c{n}=" for n in range(50_000))})
        assert connection.getresponse().status == 431, "headers have an end too"


def test_beyond_this_machine_it_speaks_https_or_not_at_all(home: Path) -> None:
    refused = run("serve", "--host", "0.0.0.0", code=2)
    assert "wasteledger cert" in refused
    run("cert", "127.0.0.1", "ledger.park.lan")
    with served("--host", "127.0.0.1") as (port, _):
        trusting = ssl.create_default_context(cafile=str(home / "tls" / "ca.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=20)
        assert fetched(connection, "/health") == (200, {"status": "ok"})
        connection.request("GET", "/health")
        answer = connection.getresponse()
        assert answer.getheader("Strict-Transport-Security")
        stranger = http.client.HTTPSConnection("127.0.0.1", port, context=ssl.create_default_context(), timeout=20)
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/health")


def test_a_certificate_made_again_comes_from_the_same_authority_until_its_names_change(home: Path) -> None:
    authority = home / "tls" / "ca.pem"
    run("cert", "ledger.park.lan")
    first, certificate = authority.read_bytes(), (home / "tls" / "cert.pem").read_bytes()
    run("cert", "ledger.park.lan")
    assert authority.read_bytes() == first
    assert (home / "tls" / "cert.pem").read_bytes() != certificate
    run("cert", "ledger.park.lan", "192.168.1.20")
    assert authority.read_bytes() != first
    assert all(each.stat().st_mode & 0o077 == 0 for each in (home / "tls").iterdir())
    run("cert", "no spaces allowed.ä", code=2)
