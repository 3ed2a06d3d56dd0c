"""A small OpenID Connect provider, in a process of its own, that can be asked to give a token with one fault."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from joserfc.util import urlsafe_b64encode

from ledger.settings import OidcSettings
from tests.support.repository import ROOT

CLIENT, SECRET = "wasteledger", "known to two, and long enough"
FAULTS = {
    "nonce": "nonce",
    "audience": "aud",
    "issuer": "iss",
    "expired": "expired_token",
    "foreign-key": "bad_signature",
    "by-secret": "HS256",
    "unsigned": "none",
    "no-token": "id_token",
}
"""What can be wrong with a token, and how its refusal names that."""
PORT_LINE = "listening on "


@dataclass(frozen=True, slots=True)
class Issuer:
    """A running provider, and what its client has to know."""

    url: str
    settings: OidcSettings

    @property
    def environment(self) -> dict[str, str]:
        """The settings as variables."""
        return {
            "WASTELEDGER_OIDC_ISSUER": self.settings.issuer,
            "WASTELEDGER_OIDC_CLIENT_ID": self.settings.client_id,
            "WASTELEDGER_OIDC_CLIENT_SECRET_FILE": str(self.settings.secret_file),
        }

    def log_in(self, address: str, subject: str, fault: str = "") -> str:
        """Where the provider leads the browser of somebody who came to `address` and logged in."""
        query = parse_qs(urlsplit(address).query)
        form = {name: values[0] for name, values in query.items()} | {"subject": subject, "fault": fault}
        try:
            _OPENER.open(f"{self.url}/authorize", urlencode(form).encode(), timeout=10)
        except urllib.error.HTTPError as answer:
            return str(answer.headers["Location"])
        raise AssertionError("the provider led nowhere")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


@contextmanager
def running(folder: Path) -> Iterator[Issuer]:
    """A provider until the block ends; by its name another site than a server at 127.0.0.1."""
    secret = folder / "oidc-secret"
    secret.write_text(SECRET + "\n")
    process = subprocess.Popen([sys.executable, "-m", "tests.support.issuer"], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        assert line.startswith(PORT_LINE), line
        url = line.removeprefix(PORT_LINE).strip()
        yield Issuer(url, OidcSettings(issuer=url, client_id=CLIENT, secret_file=secret))
    finally:
        process.terminate()
        process.wait(20)


class _Handler(BaseHTTPRequestHandler):
    key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    other = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    codes: dict[str, dict[str, str]] = {}  # noqa: RUF012
    server: ThreadingHTTPServer

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_address[1]}"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            self.tell({"issuer": self.url} | {name: f"{self.url}/{place}" for name, place in places.items()})
        elif parts.path == "/keys":
            self.tell({"keys": [self.key.as_dict(private=False)]})
        else:
            asked = parse_qs(parts.query)
            hidden = "".join(f'<input type="hidden" name="{n}" value="{quote(v[0], "")}">' for n, v in asked.items())
            page = f'<form method="post" action="/authorize">{hidden}<input name="subject"><button>go</button></form>'
            self.answer(200, page.encode(), {"Content-Type": "text/html"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if self.path == "/authorize":
            form = {name: unquote(value) for name, value in form.items()}
            assert form["client_id"] == CLIENT and form["code_challenge_method"] == "S256" and form["scope"] == "openid"
            code = secrets.token_urlsafe()
            self.codes[code] = form
            back = urlencode({"code": code, "state": form["state"]})
            self.answer(303, b"", {"Location": f"{form['redirect_uri']}?{back}"})
        else:
            self.exchange(form)

    def exchange(self, form: dict[str, str]) -> None:
        asked = self.codes.pop(form.get("code", ""), None)
        who = b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode()
        known = who == f"{CLIENT}:{SECRET}"
        if not known or asked is None or asked["code_challenge"] != challenge:
            return self.tell({"error": "invalid_grant"}, 400)
        if asked["redirect_uri"] != form["redirect_uri"]:
            return self.tell({"error": "invalid_grant"}, 400)
        told = {"access_token": secrets.token_urlsafe(), "token_type": "Bearer"}
        fault = asked.get("fault", "")
        self.tell(told if fault == "no-token" else told | {"id_token": self.token(asked, fault)})

    def token(self, asked: dict[str, str], fault: str) -> str:
        now = int(time.time()) - (7_200 if fault == "expired" else 0)
        claims = {
            "iss": "http://127.0.0.1:1" if fault == "issuer" else self.url,
            "aud": "another" if fault == "audience" else CLIENT,
            "sub": asked["subject"],
            "nonce": "another" if fault == "nonce" else asked["nonce"],
            "iat": now,
            "exp": now + 300,
        }
        if fault == "unsigned":
            head = urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode()
            return f"{head}.{urlsafe_b64encode(json.dumps(claims).encode()).decode()}."
        if fault == "by-secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.other if fault == "foreign-key" else self.key)

    def tell(self, told: Any, status: int = 200) -> None:
        self.answer(status, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


if __name__ == "__main__":
    _server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(f"{PORT_LINE}http://localhost:{_server.server_address[1]}", flush=True)
    _server.serve_forever()
