"""`serve`: the API and pages on a production server, with the work beside them, until it is told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings

from cli.words import say
from ledger import bootstrap
from ledger.settings import Settings

TARGET = "api.wsgi:app"
HERE = frozenset({"127.0.0.1", "::1", "localhost"})
STOP_S = 30
HEADERS_MAX = 64 * 1024  # bytes of a request before its body; the longest that a page leads to holds 500 ids


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes (1 on SQLite, else one for each core).")
@click.option("--threads", type=click.IntRange(1, 256), default=16, show_default=True, help="Threads of each process.")
@click.option("--cert", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TLS certificate, PEM.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its key, PEM (PKCS #8).")
@click.option("--behind-proxy", is_flag=True, help="Plain http, because a proxy in front speaks https.")
@click.option("--metrics", metavar="HOST:PORT", help="Where Prometheus may read; nowhere if absent.")
@click.option("--jobs/--no-jobs", default=True, help="Number, sign and send here, or leave it to `wasteledger jobs`.")
def command(
    host: str,
    port: int,
    workers: int | None,
    threads: int,
    cert: Path | None,
    key: Path | None,
    behind_proxy: bool,
    metrics: str | None,
    jobs: bool,
) -> None:
    """Serve this ledger until SIGTERM or Ctrl-C; what was answered is in the database, what was not can be sent again.

    Beyond this machine it speaks https only: cameras and keys in browsers work nowhere else. `wasteledger cert` makes a
    certificate for a local network, which is found by itself.

    \b
    Example:
    wasteledger serve --port 8000
    """
    if behind_proxy:
        os.environ.setdefault("WASTELEDGER_PROXIES", "1")
    settings = bootstrap.settings()
    if cert is None and (settings.home / "tls" / "cert.pem").exists() and not behind_proxy:
        cert, key = settings.home / "tls" / "cert.pem", settings.home / "tls" / "key.pem"
    if (cert is None) != (key is None):
        raise click.UsageError(say("--cert 与 --key 须同时给出", "--cert and --key go together"))
    if cert is None and host not in HERE and not behind_proxy:
        raise click.UsageError(
            say(
                "对外服务须用 https：先执行 wasteledger cert，或用 --behind-proxy 交给前置代理",
                "beyond this machine it needs https: run `wasteledger cert` first, or --behind-proxy with a proxy",
            )
        )
    with closing(bootstrap.open_ledger(settings)) as ledger:  # says now what is wrong, not in every worker
        ledger.verify_length()
    click.echo(str(settings))
    click.echo(f"{'http' if cert is None else 'https'}://{host}:{port}")
    with tempfile.TemporaryDirectory(prefix="wasteledger-metrics-") as counts:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
        if metrics is not None:
            _offer_metrics(metrics)
        beside = Beside(enabled=jobs)
        beside.start()
        try:
            _server(host, port, workers or _workers(settings), threads, cert, key).serve()
        finally:
            beside.stop()


def _server(host: str, port: int, workers: int, threads: int, cert: Path | None, key: Path | None) -> Any:
    return Granian(
        TARGET,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.auto,
        workers=workers,
        blocking_threads=threads,
        backpressure=threads * 8,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_S,
        ssl_cert=cert,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
        http1_settings=HTTP1Settings(max_buffer_size=HEADERS_MAX),
        http2_settings=HTTP2Settings(max_headers_size=HEADERS_MAX),
    )


def _workers(settings: Settings) -> int:
    return 1 if settings.database.startswith("sqlite") else os.cpu_count() or 2


def _offer_metrics(where: str) -> None:
    """Prometheus reads the sums of all workers at an address of its own, which no proxy need pass on."""
    host, _, port = where.rpartition(":")
    if not host or not port.isdigit():
        raise click.UsageError(say("--metrics 形如 127.0.0.1:9464", "--metrics looks like 127.0.0.1:9464"))
    prometheus = import_module("prometheus_client")
    registry = prometheus.CollectorRegistry()
    import_module("prometheus_client.multiprocess").MultiProcessCollector(registry)
    prometheus.start_http_server(int(port), addr=host, registry=registry)


class Beside:
    """The jobs in a process of their own, started again should it die."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="jobs")

    def start(self) -> None:
        if self._enabled:
            self._keeper.start()

    def stop(self) -> None:
        """Let what runs come to its end."""
        self._stopping.set()
        if self._enabled:
            self._keeper.join()

    def _keep(self) -> None:
        while not self._stopping.is_set():
            process = subprocess.Popen([sys.executable, "-m", "cli.jobs"], start_new_session=True)
            while process.poll() is None and not self._stopping.wait(0.2):
                pass
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()
            self._stopping.wait(1)
