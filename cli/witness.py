"""`witness`: your own machine, which lets the log show one history only and signs that it did; knows the log only."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cli import files
from cli.remote import FILE, Remote, Unreachable, ca_option
from cli.words import language, say
from ledger.errors import ProofError
from ledger.log.checkpoint import Checkpoint, Policy, WrongOrigin, cosign, parse_checkpoint
from ledger.log.hashing import sha256
from ledger.log.keys import PrivateKey
from ledger.log.merkle import BadConsistency
from ledger.log.note import COSIGNATURE, Note, SignerKey, VerifierKey
from ledger.log.statement import Seen
from ledger.log.tiles import tile_path
from ledger.log.witness import NOTHING_SEEN, verify_newer

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
@click.option("--policy", type=FILE, required=True, help="The policy you pinned: whose log you watch.")
@click.option("--token-file", type=FILE, help="A file with your token that may mirror, to bring the signature by.")
@ca_option
@click.option("--every", type=click.IntRange(1), metavar="SECONDS", help="Go on until Ctrl-C.")
@_folder
def cosign_(url: str, policy: Path, token_file: Path | None, ca: Path | None, every: int | None, folder: Path) -> None:
    """Cosign the newest checkpoint of the log at URL, if it extends everything this witness saw before.

    Without a token the signature line is printed. What was seen is on the disk before anything is signed.

    \b
    Example:
    wasteledger witness cosign https://ledger.park.example --policy policy.txt --token-file token.txt --every 60
    """
    server = Remote(url, token_file, ca)
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


def _looked(server: Remote, logs: tuple[VerifierKey, ...], key: SignerKey, folder: Path) -> str:
    """Look once, remember, cosign and bring it: what was done, in words."""
    note = server.read("checkpoint.unwitnessed")
    checkpoint = _extending(note, logs, server, folder)
    files.write(folder / "seen.note", note)
    line = cosign(Note.parse(note).text, key, int(time.time())).line()
    if not server.token:
        return line.rstrip("\n")
    server.post("v1/cosignatures", {"size": checkpoint.size, "line": line.rstrip("\n")})
    return say(
        f"已见证 {checkpoint.origin} 至 {checkpoint.size} 条",
        f"cosigned {checkpoint.origin} at size {checkpoint.size}",
    )


def _extending(note: bytes, logs: tuple[VerifierKey, ...], server: Remote, folder: Path) -> Checkpoint:
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
        return verify_newer(note, log, seen, lambda *tile: server.read(tile_path(*tile)))
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
