"""`restore`: brings back from a mirror the entries that a lost database or an old backup does not hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from cli.acting import reading
from cli.progress import Told, progress
from cli.remote import FILE, Remote, ca_option
from cli.telling import word
from cli.words import say
from ledger import bootstrap
from ledger.bootstrap import Restored
from ledger.store.restoring import CHECKPOINT, ENTRIES

STAGES = {
    "fetch": ("取得镜像", "fetching the mirror"),
    "check": ("核对镜像", "checking the mirror"),
    "entries": ("恢复条目", "entries"),
    "projections": ("投影", "projections"),
    "sign": ("检查点", "checkpoints"),
}


@click.command()
@click.option("--from-mirror", "place", required=True, metavar="PLACE", help="A folder, or the https address of one.")
@click.option("--token-file", type=FILE, help="A file with the token that is told to an https address.")
@ca_option
@reading
def command(place: str, token_file: Path | None, ca: Path | None, as_json: bool) -> None:
    """Bring back the entries that this database lacks: it may be an old backup, or empty where all was lost.

    PLACE holds `checkpoint`, a note that the log signed, and `entries.jsonl`, as `export entries` writes it. Stop the
    server first; the home's keys must be here.

    All of the mirror is checked before anything is written: against the log's signature, trust.json, the entries that
    are here and what the signer remembers. Every entry and statement comes back byte for byte at its index; in the end
    the root is the mirror's and the signer goes on from there. Run it again if it was interrupted. What no mirror holds
    is said at the end.

    \b
    Example:
    wasteledger checkpoint --unwitnessed > mirror/checkpoint
    wasteledger export entries -o mirror/entries.jsonl
    wasteledger restore --from-mirror mirror
    """
    settings = bootstrap.settings()
    with progress(say("恢复", "restoring")) as bar, _folder(place, token_file, ca, bar) as folder:
        restored = bootstrap.restore_ledger(
            settings, folder, lambda done, of, stage: bar(done, of, word(STAGES, stage))
        )
    click.echo(json.dumps(document(restored)) if as_json else "\n".join(_said(restored)))


def document(restored: Restored) -> dict[str, object]:
    """What was restored, for a machine."""
    return {
        "start": restored.start,
        "size": restored.head.size,
        "root": restored.head.root.hex(),
        "lost": asdict(restored.lost),
        "documents": restored.documents,
    }


def _said(restored: Restored) -> Iterator[str]:
    start, head, lost = restored.start, restored.head, restored.lost
    if start == head.size:
        yield say(f"{start} 条一条不缺", f"none of {start} entries was missing")
    else:
        yield say(
            f"已由镜像恢复第 {start} 至 {head.size - 1} 条",
            f"entries {start} to {head.size - 1} are back from the mirror",
        )
    yield say(
        f"  共 {head.size} 条，树根 {head.root.hex()} 与镜像一致；签名器由此继续",
        f"  {head.size} entries, root {head.root.hex()} as the mirror's; the signer goes on from there",
    )
    yield say(
        "镜像不含、备份中也没有的，无法恢复：账户与登录、令牌、待处理的分叉与隔离声明",
        "What no mirror holds is here only if the backup had it: accounts, tokens, statements kept aside as forks or in"
        " quarantine",
    )
    for count, zh, en in (
        (
            lost.sealed,
            "份声明的封存明文（含已删除的）",
            "statements have sealed texts that are not here (erased ones too)",
        ),
        (
            lost.custodial_keys,
            "把由服务器代管的密钥：请吊销并重新登记",
            "keys that the server kept: revoke and enrol anew",
        ),
        (lost.adopted, "份被采纳的隔离声明的原件", "statements adopted from quarantine whose original is not here"),
    ):
        if count:
            yield f"  {count} {say(zh, en)}"
    for hash_ in restored.documents:
        yield say(
            f"  名录内容 {hash_}：请重新执行 catalogue import，再执行 rebuild",
            f"  the catalogue with content {hash_}: run `catalogue import` with its file, then `rebuild`",
        )
    yield say("下一步：", "next: ") + "wasteledger verify"


@contextmanager
def _folder(place: str, token_file: Path | None, ca: Path | None, bar: Told) -> Iterator[Path]:
    """The mirror as a folder; one that lies elsewhere is fetched."""
    if "://" not in place:
        if not Path(place).is_dir():
            raise click.UsageError(say(f"没有目录 {place}", f"there is no folder {place}"))
        yield Path(place)
        return
    server = Remote(place, token_file, ca)
    with TemporaryDirectory() as made:
        for name in (CHECKPOINT, ENTRIES):
            server.fetch(name, Path(made, name), lambda done, of: bar(done, of, word(STAGES, "fetch")))
        yield Path(made)
