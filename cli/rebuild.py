"""`rebuild`: makes everything that is derived from the log anew."""

from __future__ import annotations

import json

import click

from cli.acting import reading
from cli.progress import progress
from cli.words import say
from ledger import bootstrap


@click.command()
@reading
def command(as_json: bool) -> None:
    """Drop containers, lots, exceptions and all other projections, and derive them from the log again.

    They are never evidence; this is for a program that derives them differently, or after `verify` found one damaged.

    \b
    Example:
    wasteledger rebuild
    """
    ledger = bootstrap.open_ledger(bootstrap.settings())
    try:
        with progress(say("重建", "rebuilding")) as bar:
            size = bootstrap.open_queries(ledger).projector.rebuild(bar)
    finally:
        ledger.close()
    click.echo(json.dumps({"entries": size}) if as_json else say(f"已由 {size} 条重建", f"rebuilt from {size} entries"))
