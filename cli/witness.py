"""`witness`: your own machine, which lets the log show one history only and signs that it did; knows the log only."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
import requests

from cli import files
from cli.words import language, say
from ledger.errors import LedgerError, ProofError
from ledger.log.checkpoint import Checkpoint, Policy, WrongOrigin, cosign, parse_checkpoint
from ledger.log.hashing import sha256
from ledger.log.keys import PrivateKey
from ledger.log.merkle import BadConsistency
from ledger.log.note import COSIGNATURE, Note, SignerKey, VerifierKey
from ledger.log.statement import Seen
from ledger.log.tiles import tile_path
from ledger.log.witness import NOTHING_SEEN, verify_newer

_TIMEOUT_S: Final = 30
_BYTES_MAX: Final = 100_000  # of a note or a tile

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_folder = click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("witness"), show_default=True,
    help="The witness's key and what it has seen.",
)  # fmt: skip
command = click.Group("witness", help=__doc__)


class TwoHistories(ProofError):
    """The log signed a checkpoint that does not extend the one this witness cosigned before."""

    code = "two-histories"
    zh = "账本出示的检查点不是本见证方此前所签的延续，未签名；两份证据：{before} 与 {now}（{why}）"
    en = (
        "the log shows a checkpoint that does not extend the one this witness cosigned, and it is not signed;"
        " the evidence: {before} and {now} ({why})"
    )


class Unreachable(LedgerError):
    """The log's server does not answer as it should; nothing was signed."""

    code = "log-unreachable"
    zh = "{url} 没有给出应有的回答：{why}"
    en = "{url} does not answer as it should: {why}"


@command.command()
@click.argument("name")
@_folder
def new(name: str, folder: Path) -> None:
    """Make a witness called NAME (a name of your own, such as its host's): its key, and its line for policies.

    \b
    Example:
    wasteledger witness new witness.bureau.example
    """
    key = SignerKey(name, PrivateKey(os.urandom(32)), COSIGNATURE)
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    if (folder / "key").exists():
        raise click.ClickException(say(f"{folder} 中已有见证方密钥", f"{folder} has a witness's key already"))
    files.write(folder / "key", f"{key.encode()}\n".encode())
    click.echo(f"witness {name} {key.verifier.encode()}")


@command.command(name="cosign")
@click.argument("url")
@click.option("--policy", type=_file, required=True, help="The policy you pinned: whose log you watch.")
@click.option("--token-file", type=_file, help="A file with your token that may mirror, to bring the signature by.")
@click.option("--ca", type=_file, help="The authority of the server's certificate, where no public one vouches for it.")
@click.option("--every", type=click.IntRange(1), metavar="SECONDS", help="Go on until Ctrl-C.")
@_folder
def cosign_(url: str, policy: Path, token_file: Path | None, ca: Path | None, every: int | None, folder: Path) -> None:
    """Cosign the newest checkpoint of the log at URL, if it extends everything this witness saw before.

    Without a token the signature line is printed. What was seen is on the disk before anything is signed.

    \b
    Example:
    wasteledger witness cosign https://ledger.park.example --policy policy.txt --token-file token.txt --every 60
    """
    server = _Server(url, token_file.read_text(encoding="utf-8").strip() if token_file else None, ca)
    logs = Policy.parse(policy.read_bytes()).logs
    with _alone(folder) as key:
        while True:
            try:
                click.echo(_looked(server, logs, key, folder))
            except Unreachable as error:
                if every is None:
                    raise
                click.echo(error.says(language()), err=True)  # it may come back
            if every is None or threading.Event().wait(every):
                return


def _looked(server: _Server, logs: tuple[VerifierKey, ...], key: SignerKey, folder: Path) -> str:
    """Look once, remember, cosign and bring it: what was done, in words."""
    note = server.read("checkpoint.unwitnessed")
    checkpoint = _extending(note, logs, server, folder)
    files.write(folder / "seen.note", note)
    line = cosign(Note.parse(note).text, key, int(time.time())).line()
    if server.token is None:
        return line.rstrip("\n")
    server.bring(checkpoint.size, line)
    return say(
        f"已见证 {checkpoint.origin} 至 {checkpoint.size} 条",
        f"cosigned {checkpoint.origin} at size {checkpoint.size}",
    )


def _extending(note: bytes, logs: tuple[VerifierKey, ...], server: _Server, folder: Path) -> Checkpoint:
    seen_file = folder / "seen.note"
    origin = parse_checkpoint(Note.parse(note).text).origin
    log = next((each for each in logs if each.name == origin), None)
    if log is None:
        raise WrongOrigin(expected=", ".join(each.name for each in logs), got=origin)
    seen = NOTHING_SEEN
    if seen_file.exists():
        before = parse_checkpoint(Note.parse(seen_file.read_bytes()).text)
        if before.origin != origin:  # another log is no second history: it needs a folder of its own
            raise WrongOrigin(expected=before.origin, got=origin)
        seen = Seen(size=before.size, root=before.root.hex())
    try:
        return verify_newer(note, log, seen, server.tile)
    except BadConsistency as error:
        now = folder / f"other-{sha256(note).hex()[:16]}.note"
        files.write(now, note)
        raise TwoHistories(before=seen_file, now=now, why=error) from error


@contextmanager
def _alone(folder: Path) -> Iterator[SignerKey]:
    """The witness's key, while nobody else signs with it."""
    with open(folder / "key", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise click.ClickException(
                say(f"{folder} 的见证方正在运行", f"the witness of {folder} is running already")
            ) from error
        yield SignerKey.parse(file.read().strip())


class _Server:
    """The log's server; what it sends is trusted by nobody."""

    def __init__(self, url: str, token: str | None, ca: Path | None) -> None:
        parts = urlsplit(url)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise click.BadParameter(
                say(
                    f"应为 https 地址（本机可用 http），实为 {url}",
                    f"expected https (http on this machine only), got {url}",
                )
            )
        self.url = url.rstrip("/")
        self.token = token
        self._session = requests.Session()
        self._session.verify = str(ca) if ca else True

    def read(self, path: str) -> bytes:
        """What lies at a public path."""
        return self._asked("GET", path)

    def tile(self, level: int, index: int, width: int) -> bytes:
        return self.read(tile_path(level, index, width))

    def bring(self, size: int, line: str) -> None:
        self._asked("POST", "v1/cosignatures", {"size": size, "line": line.rstrip("\n")})

    def _asked(self, method: str, path: str, document: Any = None) -> bytes:
        url = f"{self.url}/{path}"
        headers = {"Accept-Language": language()}
        if method == "POST":
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            with self._session.request(
                method, url, json=document, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False, stream=True
            ) as answer:
                content: bytes = answer.raw.read(_BYTES_MAX + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise Unreachable(url=url, why=error) from error
        if answer.status_code not in (200, 201) or len(content) > _BYTES_MAX:
            raise Unreachable(url=url, why=f"HTTP {answer.status_code} {_told(content)}")
        return content


def _told(content: bytes) -> str:
    """What a problem (RFC 9457) says, or the beginning of what came instead."""
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, TypeError, KeyError):
        return content[:200].decode(errors="replace")
