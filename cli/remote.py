"""Another machine's server, asked over https; what it sends is trusted by nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
import requests

from cli.words import language, say
from ledger.errors import LedgerError

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
ca_option = click.option(
    "--ca", type=FILE, help="The authority of the server's certificate, where no public one vouches for it."
)
_TIMEOUT_S: Final = 60  # without a byte
_BYTES_MAX: Final = 100_000  # of what is not written to a file: a note, a tile, a refusal
_CHUNK: Final = 1 << 20
_DETAIL_MAX: Final = 200


class Unreachable(LedgerError):
    """A server does not answer as it should: nothing of what it sent is used."""

    code = "server-unreachable"
    zh = "{url} 没有给出应有的回答：{why}"
    en = "{url} does not answer as it should: {why}"


class Remote:
    """A server, whose certificate `ca` vouches for, or a public authority; on this machine http will do."""

    def __init__(self, url: str, token_file: Path | None, ca: Path | None) -> None:
        self._url = _checked(url).rstrip("/")
        self.token = _token(token_file) if token_file else ""
        self._verify = str(ca) if ca else True
        self._session = requests.Session()

    def read(self, path: str) -> bytes:
        """What lies at a public path, the token untold: a note or a tile."""
        with self._asked("GET", path) as answer:
            content = _beginning(answer)
        if len(content) > _BYTES_MAX:
            expected, got = say(f"至多 {_BYTES_MAX} 字节", f"{_BYTES_MAX} bytes at most"), say("更多", "more")
            why = say("这不是检查点或哈希块，请检查地址", "that is no note or tile, see to the address")
            raise Unreachable(url=f"{self._url}/{path}", why=why, expected=expected, got=got)
        return content

    def fetch(self, path: str, target: Path, told: Callable[[int, int], None]) -> None:
        """What lies at a path, however long, into a file."""
        with self._asked("GET", path, self.token) as answer, target.open("wb") as file:
            length = answer.raw.length_remaining or 0
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                told(file.tell(), length)

    def post(self, path: str, document: Any) -> None:
        with self._asked("POST", path, self.token, document):
            pass

    @contextmanager
    def _asked(self, method: str, path: str, token: str = "", document: Any = None) -> Iterator[requests.Response]:
        url = f"{self._url}/{path}"

        def authorized(request: requests.PreparedRequest) -> requests.PreparedRequest:
            """The token or nothing; without this requests would send what ~/.netrc has for the host."""
            if token:
                request.headers["Authorization"] = f"Bearer {token}"
            return request

        headers = {"Accept-Language": language()}
        how: dict[str, Any] = {"timeout": _TIMEOUT_S, "allow_redirects": False, "stream": True, "verify": self._verify}
        try:
            with self._session.request(method, url, json=document, headers=headers, auth=authorized, **how) as answer:
                if answer.status_code not in (200, 201):
                    raise Unreachable(url=url, why=_refusal(answer), expected=200, got=answer.status_code)
                yield answer
        except requests.exceptions.SSLError as error:
            why = say("请用 --ca 指明其证书的签发机构", "name the authority of its certificate with --ca")
            expected = say("有机构担保的证书", "a certificate that somebody vouches for")
            raise Unreachable(url=url, why=why, expected=expected, got=error) from error
        except requests.RequestException as error:
            why = say("请检查地址与网络后重试", "see to the address and the network, and try again")
            raise Unreachable(url=url, why=why, expected=say("完整的回答", "a whole answer"), got=error) from error


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise click.BadParameter(
            say(
                f"应为 https 地址（本机可用 http），实为 {url}",
                f"expected https (http on this machine only), got {url}",
            )
        )
    return url


def _token(file: Path) -> str:
    token = file.read_text(encoding="utf-8").strip()
    if not re.fullmatch("[!-~]+", token):
        raise click.BadParameter(
            say(f"{file} 中应只有令牌，实为其他文字", f"{file}: expected a token alone, got other text")
        )
    return token


def _beginning(answer: requests.Response) -> bytes:
    """What is answered; of more than `_BYTES_MAX` the beginning, which is longer than that."""
    content = b""
    for chunk in answer.iter_content(_BYTES_MAX + 1):
        content += chunk
        if len(content) > _BYTES_MAX:
            break
    return content


def _refusal(answer: requests.Response) -> str:
    """Why a server refuses, by its problem (RFC 9457) or the beginning of what came instead, and what can be done."""
    if answer.is_redirect:
        where = _printable(answer.headers["Location"])
        return say(
            f"它让人去 {where}；确为所要的地址时请直接写明", f"it names {where}; if that is right, name it yourself"
        )
    content = _beginning(answer)
    try:
        told = str(json.loads(content)["detail"])
    except (ValueError, TypeError, KeyError, RecursionError):
        told = content.decode(errors="replace")
    if answer.status_code in (401, 403):
        told = say(f"请检查 --token-file；{told}", f"see to --token-file; {told}")
    return _printable(told)


def _printable(text: str) -> str:
    """Words of a stranger's, for a terminal."""
    return "".join(each if each.isprintable() else " " for each in text[:_DETAIL_MAX])
