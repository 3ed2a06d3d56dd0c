"""`paper`: manifests, load lists, receipt notes, certificates and inventories as PDF, each with its proof inside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.acting import open_ledger, reading
from cli.lookup import Lookup
from cli.words import say
from ledger import bootstrap
from ledger.log.checkpoint import Policy
from ledger.papers import making, sheets
from ledger.papers.facts import Asked, Kind
from ledger.papers.packet import codes
from ledger.papers.words import TITLES

F = TypeVar("F", bound=Callable[..., Any])
command = click.Group("paper", help=__doc__)


def printing(function: F) -> F:
    """The options of every paper."""
    for option in (
        click.option("--address", help="The public web address in the QR codes (the origin's host)."),
        click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default="paper.pdf"),
    ):
        function = option(function)
    return reading(function)


@command.command()
@click.argument("name")
@printing
def manifest(name: str, output: Path, address: str | None, as_json: bool) -> None:
    """A manifest (NAME: its number or id, or a container on it) in the form's three parts.

    \b
    Example:
    wasteledger paper manifest 20261506000001 -o manifest.pdf
    """
    _make("manifest", name, output, address, as_json)


@command.command("load-list")
@click.argument("name")
@printing
def load_list(name: str, output: Path, address: str | None, as_json: bool) -> None:
    """What is on the vehicle under a manifest, container by container, and what was left behind.

    \b
    Example:
    wasteledger paper load-list 20261506000001 -o load-list.pdf
    """
    _make("load-list", name, output, address, as_json)


@command.command("receipt-note")
@click.argument("name")
@printing
def receipt_note(name: str, output: Path, address: str | None, as_json: bool) -> None:
    """What the consignee decided on each container of a manifest, and how its scale differs.

    \b
    Example:
    wasteledger paper receipt-note 20261506000001 -o receipt-note.pdf
    """
    _make("receipt-note", name, output, address, as_json)


@command.command()
@click.argument("name")
@click.option("--period", default="", help="2026, 2026-Q1, 2026-03 or 2026-03-31 (all time).")
@printing
def certificate(name: str, period: str, output: Path, address: str | None, as_json: bool) -> None:
    """Which grams of a producer (NAME) ended where, by which method, when, proven by which entries.

    \b
    Example:
    wasteledger paper certificate Garage -o certificate.pdf
    """
    _make("certificate", name, output, address, as_json, period)


@command.command()
@click.argument("name")
@printing
def inventory(name: str, output: Path, address: str | None, as_json: bool) -> None:
    """What stands at a site (NAME), container by container.

    \b
    Example:
    wasteledger paper inventory Workshop -o inventory.pdf
    """
    _make("inventory", name, output, address, as_json)


def _make(kind: Kind, name: str, output: Path, address: str | None, as_json: bool, period: str = "") -> None:
    with open_ledger() as (ledger, queries):
        find = Lookup(ledger, queries, "")
        match kind:
            case "certificate":
                subject = find.any_party(name)
            case "inventory":
                subject = find.end(name)["site"]
            case _:
                subject = _manifest(find, name)
        path = bootstrap.settings().policy
        policy = Policy.parse(path.read_text(encoding="utf-8")) if path.exists() else None
        asked = Asked(kind=kind, subject=subject, period=period)
        link = making.link(address or ledger.origin, asked)
        paper, packet = making.make(asked, ledger, queries, policy=policy, link=link)
        output.write_bytes(sheets.pdf(paper, packet, ledger.regime))
    count, printed = len(packet.entries), len(codes(packet))
    if as_json:
        made = {"file": str(output), "kind": kind, "subject": subject, "entries": count, "codes": printed}
        click.echo(json.dumps(made | {"facts": packet.facts}, ensure_ascii=False, indent=1))
        return
    zh, en = TITLES[kind]
    click.echo(
        say(f"{zh}：{output}，{count} 条条目，{printed} 个证明码", f"{en}: {output}, {count} entries, {printed} codes")
    )


def _manifest(find: Lookup, name: str) -> str:
    """The manifest of that number or id, or the last one that a container of that name was on."""
    found = find.queries.find(name, "manifest", "container")
    if found.kind == "manifest":
        return found.id
    journeys = [journey for journey in find.container(found.id).legs if journey.startswith("manifest:")]
    if not journeys:
        raise click.UsageError(say(f"{name} 未曾上联单", f"{name} was never on a manifest"))
    return journeys[-1]
