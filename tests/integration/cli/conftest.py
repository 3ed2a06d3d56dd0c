"""A park with people in it, made once and copied for each test; a server of its files."""

from __future__ import annotations

import shutil
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.command import Home, park


@pytest.fixture(scope="session")
def made_park(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home in which the park is set up."""
    return park(tmp_path_factory.mktemp("park")).folder


@pytest.fixture
def home(made_park: Path, tmp_path: Path) -> Home:
    """A park of this test's own."""
    folder = tmp_path / "own"
    shutil.copytree(made_park, folder)
    return Home(folder)


@pytest.fixture
def https(home: Home) -> Iterator[str]:
    """The address of a server of the home's files, those in `mirror` for the token in `token.txt` alone; nobody but
    `ca.pem` vouches for it. `moved` it says to lie elsewhere, `broken` it does not send to its end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = home.folder / self.path.lstrip("/")
            if self.path == "/moved":
                return self.answer(302, b"", Location="https://elsewhere.example/moved")
            if self.path == "/broken":
                return self.answer(200, b"half", **{"Content-Length": "8"})
            if self.path.startswith("/mirror") and self.headers["Authorization"] != "Bearer a-mirrors-token":
                return self.answer(401, b'{"detail": "no token \\u001b[31mof ours"}')
            return self.answer(200, file.read_bytes()) if file.is_file() else self.answer(404, b"no such file")

        def answer(self, status: int, content: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    home.does("wasteledger cert 127.0.0.1 localhost")
    tls = home.path / "tls"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    (home.folder / "ca.pem").write_bytes((tls / "ca.pem").read_bytes())
    (home.folder / "token.txt").write_text("a-mirrors-token\n")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
