"""`verify-paper`: proves a paper offline, from its file or its scanned codes and one pinned file; needs no ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from cli.words import language, say, speak
from ledger.errors import LedgerError
from ledger.log.checkpoint import Policy
from ledger.log.trust import Trust
from ledger.papers import packet as packets
from ledger.papers import words
from ledger.papers.packet import Head, NoPaper, Packet
from ledger.papers.proving import Difference, PaperDiffers, Proven, verify_packet

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("given", nargs=-1, required=True, metavar="FILE-OR-TEXT...")
@click.option("--trust", type=_file, required=True, help="The trust.json you pinned: origin and genesis.")
@click.option("--policy", type=_file, help="The policy you pinned, where witnesses must have cosigned.")
@click.option("--facts-only", is_flag=True, help="Do not compare a file's pages: you compare them by eye.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, callback=speak, is_eager=True)
def command(given: tuple[str, ...], trust: Path, policy: Path | None, facts_only: bool, as_json: bool) -> None:
    """Verify a paper without the ledger: its PDF, or the texts of its QR codes (in files, a line each, or as words).

    Every figure is computed again from the proven entries; those that differ are named (exit 1).

    \b
    Example:
    wasteledger verify-paper manifest.pdf --trust wasteledger/trust.json
    """
    try:
        pdf, packet, heads = _read(given)
        proven = verify_packet(
            packet, Trust.parse(trust.read_bytes()), Policy.parse(policy.read_bytes()) if policy else None
        )
        found = [*_heads(packet, proven, heads), *proven.differences]
        if pdf is not None and not facts_only:
            # Only a file's pages need what draws and reads pages.
            from ledger.papers import redrawn

            found += redrawn.differing(pdf, packet, proven)
    except LedgerError as error:
        if as_json:
            failed = {"verified": False, "code": error.code, "message": error.says(language())}
            click.echo(json.dumps(failed, ensure_ascii=False))
        raise
    if as_json:
        click.echo(json.dumps(_document(proven, found), ensure_ascii=False, indent=1))
    elif not found:
        click.echo(proven.says(language()))
        for line in (*_lines(proven), *_unproven(packet)):
            click.echo(line)
    if found:
        raise PaperDiffers(detail="\n  ".join(["", *(_said(each, proven) for each in found)]))


def _read(given: tuple[str, ...]) -> tuple[bytes | None, Packet, list[Head]]:
    """The file, if one of them is a PDF; the packet in it or in the codes; what first codes say."""
    pdf: bytes | None = None
    found: list[Packet] = []
    texts: list[str] = []
    for each in given:
        # A code's text is longer than any file's name may be.
        raw = Path(each).read_bytes() if len(each) < 256 and Path(each).is_file() else each.encode()
        if raw.startswith(b"%PDF"):
            from ledger.papers import redrawn

            pdf = raw
            found.append(redrawn.packet_in(raw))
        elif raw.startswith(b"{"):
            found.append(packets.parse(raw))
        else:
            texts += filter(None, map(str.strip, raw.decode("utf-8", "replace").splitlines()))
    heads = [head for text in texts if (head := packets.parse_head(text)) is not None]
    parts = [text for text in texts if packets.parse_head(text) is None]
    if parts or not found:
        found.append(packets.unpack(parts))
    if len({each.digest for each in found}) != 1:
        raise NoPaper(detail="papers", expected="one", got=len(found))
    return pdf, found[0], heads


def _heads(packet: Packet, proven: Proven, heads: list[Head]) -> Iterator[Difference]:
    """Where a first code names another packet or checkpoint than the one proven."""
    at = proven.receipts[0].checkpoint
    for head in heads:
        for name, stated, got in (
            ("digest", head.digest, packet.digest),
            ("size", head.size, at.size),
            ("root", head.root.hex(), at.root.hex()),
        ):
            if stated != got:
                yield Difference(path=f"code.{name}", stated=stated, proven=got)


def _document(proven: Proven, found: list[Difference]) -> dict[str, Any]:
    first = proven.receipts[0]
    return {
        "verified": not found,
        "says": proven.says(language()),
        "kind": proven.asked.kind,
        "subject": proven.asked.subject,
        "origin": first.checkpoint.origin,
        "size": first.checkpoint.size,
        "root": first.checkpoint.root.hex(),
        "level": say(first.level_zh, first.level),
        "indexes": list(proven.indexes),
        "facts": proven.facts,
        "differences": [{"path": d.path, "stated": d.stated, "proven": d.proven} for d in found],
    }


def _said(found: Difference, proven: Proven) -> str:
    """One figure: its place, what the paper says, what the entries prove."""
    name = found.path.rpartition(".")[2]
    stated, right = (words.shown(name, each, proven.regime.offset) for each in (found.stated, found.proven))
    place = words.captioned(found.path, language())
    return say(
        f"{place}（{found.path}）：单据为 {stated}，条目证明 {right}",
        f"{place} ({found.path}): the paper says {stated}, its entries prove {right}",
    )


def _lines(proven: Proven) -> Iterator[str]:
    """Every proven figure in words, to be compared with a printed paper by eye."""
    yield f"  {say(*words.TITLES[proven.asked.kind])} · {proven.asked.subject}"

    def leaves(path: str, got: Any) -> Iterator[str]:
        if isinstance(got, Mapping):
            for name, inner in got.items():
                yield from leaves(f"{path}.{name}" if path else name, inner)
        elif isinstance(got, list) and got and isinstance(got[0], Mapping):
            for n, inner in enumerate(got):
                yield from leaves(f"{path}.{n}", inner)
        elif not path.endswith(_REFERENCES) and got not in ("", []):
            name = path.rpartition(".")[2]
            yield f"  {words.captioned(path, language())}: {words.shown(name, got, proven.regime.offset)}"

    yield from leaves("", proven.facts)


def _unproven(packet: Packet) -> Iterator[str]:
    """What the file says besides, by nobody's proof."""
    for text in dict.fromkeys(packet.filled.values()):
        yield say(f"  ※ 所填姓名，未经证明：{text}", f"  ※ filled in, not proven: {text}")
    if packet.link:
        yield say(f"  ※ 所注网址，未经证明：{packet.link}", f"  ※ address given, not proven: {packet.link}")


_REFERENCES = ("handler", "driver")
"""Figures that only name where a sealed text lies."""
