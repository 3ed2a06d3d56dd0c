"""`verify`: the whole ledger, from its stored rows: every byte, signature, chain, tree, table and verdict."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from cli.acting import Refused, reading
from cli.progress import progress
from cli.telling import word
from cli.words import language, say
from ledger import bootstrap, verdicts
from ledger.exchange.catalogue import edition_of
from ledger.log.checkpoint import Policy
from ledger.log.trust import Trust
from ledger.service import Ledger
from ledger.settings import Settings
from ledger.store.verify import LEVELS, Level, Verdict, Verified

STAGES = {
    "entries": ("条目", "entries"),
    "tables": ("各表", "tables"),
    "replay": ("重放", "replay"),
    "projections": ("投影", "projections"),
}


@click.command()
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="replay",
    show_default=True,
    help="Hashes only, signatures and chains too, or also every fact replayed and every projection compared.",
)
@click.option(
    "--since",
    "kept",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Go on from what this file says was verified; where nothing differs the file is brought up to date.",
)
@click.option(
    "--note",
    "notes",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint kept outside (by a witness, a mirror, on paper): the ledger must still extend it.",
)
@click.option("--processes", type=click.IntRange(1), help="How many (one a core).")
@reading
def command(level: Level, kept: Path | None, notes: tuple[Path, ...], processes: int | None, as_json: bool) -> None:
    """Verify the whole ledger; whatever differs is named by stream, seq, index and column, and the exit code is 1.

    The verdict says in words what was checked, on whom it still rests, and what no verification can show.

    \b
    Example:
    wasteledger verify
    """
    settings = bootstrap.settings()
    ledger = bootstrap.open_ledger(settings)
    try:
        since = _kept(kept, ledger.origin) if kept is not None and kept.exists() else None
        verdict = verified(
            ledger, settings, level=level, since=since, notes=[n.read_bytes() for n in notes], processes=processes
        )
    finally:
        ledger.close()
    made = verdict.verified()
    if kept is not None and made is not None:
        kept.write_text(json.dumps(dataclasses.asdict(made), indent=1) + "\n", encoding="utf-8")
    if as_json:
        document = dataclasses.asdict(verdict) | {"ok": verdict.ok, "trust": verdict.trust(language())}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(verdict.says(language())))
    if not verdict.ok:
        raise Refused("")


def verified(ledger: Ledger, settings: Settings, **how: Any) -> Verdict:
    """The verdict under the files pinned in that home, with a progress bar."""
    trust = Trust.parse(settings.trust.read_bytes()) if settings.trust.exists() else None
    policy = Policy.parse(settings.policy.read_bytes()) if settings.policy.exists() else None
    with progress(say("验证", "verifying")) as bar:
        verdict = ledger.verify(
            trust=trust,
            policy=policy,
            read_catalogue=edition_of,
            progress=lambda what, done, of: bar(done, of, word(STAGES, what)),
            **how,
        )
    verdicts.keep(settings.verdict, verdict, ledger.now())
    return verdict


def _kept(path: Path, origin: str) -> Verified:
    try:
        known = Verified(**json.loads(path.read_text(encoding="utf-8")))
        LEVELS.index(known.level)
    except (ValueError, TypeError):
        raise click.UsageError(say(f"{path} 不是 verify 所写", f"{path} was not written by verify")) from None
    if known.origin != origin:
        raise click.UsageError(
            say(
                f"{path} 属于账本 {known.origin}，此账本为 {origin}",
                f"{path} is of ledger {known.origin}, this is {origin}",
            )
        )
    return known
