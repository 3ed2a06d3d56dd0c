"""`label`: labels issued, printed, stuck on containers, replaced, and told from forged ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from cli import labelling
from cli.acting import Actor, acting, open_ledger, reading
from cli.labelling import desk_of
from cli.words import say
from ledger import bootstrap
from ledger.labelling import make_key, standing_keys
from ledger.labels import code, digital, draw
from ledger.labels.layout import SIZES, LabelText
from ledger.labels.shapes import Drawing
from ledger.log.ids import is_stream
from ledger.log.keys import PublicKey, possession_message
from ledger.log.wire import encode_base64

F = TypeVar("F", bound=Callable[..., Any])
_COUNT_MAX = 1_000

command = click.Group("label", help=__doc__)


def printing(function: F) -> F:
    """The options of what goes to a printer."""
    for option in (
        click.option("--address", help="The public web address in the QR codes (as set, else the origin's host)."),
        click.option("--dpi", type=click.Choice(["203", "300", "600"]), help="For zpl (203) and png (300)."),
        click.option("--sheet", type=click.Choice(["roll", "a4", "one"]), default="roll", help="Of a PDF: pages."),
        click.option("--format", "form", type=click.Choice(["pdf", "png", "svg", "zpl"]), help="(the file name's end)"),
        click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default="labels.pdf"),
    ):
        function = option(function)
    return function


@command.command()
@click.option("--count", type=click.IntRange(1, 200), default=1, show_default=True)
@click.option("--site", help="Where (the party's only site).")
@acting
def issue(actor: Actor, count: int, site: str | None) -> None:
    """Issue blank labels, to be bound to containers at their first scan.

    \b
    Example:
    wasteledger label issue --as ann
    """
    _issue(actor, count, site)


@command.command()
@click.argument("container")
@click.option("--label", help="An issued label's id, or the text of its QR code (a fresh one).")
@click.option("--digital-code", help="The 37-character code printed on it.")
@acting
def bind(actor: Actor, container: str, label: str | None, digital_code: str | None) -> None:
    """Say which label was stuck on a container.

    \b
    Example:
    wasteledger label bind drum-1 --as ann
    """
    thing = actor.find.container(container)
    if label is not None and not is_stream(label) and len(label) > 64:
        label = code.parse(label).label
    stuck = actor.find.stream("label", label) if label else actor.new("label")
    _bind(actor, thing.id, thing.site, stuck, digital_code, container)


@command.command()
@acting
def key(actor: Actor) -> None:
    """Make the party's label key at this machine and have the ledger certify it; an administrator does.

    \b
    Example:
    wasteledger label key --as ann
    """
    chain, stream = actor.me.chain, actor.new("key")
    made = make_key(bootstrap.settings().home, actor.party)
    public = made.public.raw.hex()
    proof = made.sign(possession_message(actor.ledger.origin, stream, actor.party, chain.person, public))
    body = {
        "key": stream,
        "public_key": public,
        "holder": actor.party,
        "person": chain.person,
        "purpose": "label",
        "proof": encode_base64(proof),
    }
    actor.says("key-enrolled", body, f"标签密钥 {stream}", f"label key {stream}")


@command.command()
@click.option("--profile", help="The kind of waste, by name or code (the party's only one).")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="YYYY-MM-DD on which the waste is generated (today).")
@click.option("--count", type=click.IntRange(1, digital.SERIAL_MAX), default=20, show_default=True)
@acting
def reserve(actor: Actor, profile: str | None, day: datetime | None, count: int) -> None:
    """Reserve digital codes (数字识别码) for this device, so that it can print them without network.

    \b
    Example:
    wasteledger label reserve --count 50 --as ann
    """
    _, waste = actor.find.profile(profile)
    today = date.fromisoformat(actor.ledger.regime.day_of(actor.ledger.now()))
    on = day.date().isoformat() if day else actor.ledger.regime.day_of(actor.at)
    if date.fromisoformat(on) - today >= digital.AHEAD:
        raise click.UsageError(say(f"最多提前 {digital.AHEAD.days} 天预留", f"at most {digital.AHEAD.days} days ahead"))
    desk = desk_of(actor)
    block = desk.next_block(count, waste.code, on)
    if block is None:
        left = digital.SERIAL_MAX - max(each.last for each in desk.blocks(waste.code, on))
        raise click.UsageError(say(f"当日只剩 {left} 个", f"only {left} are left on that day"))
    first, last = block
    body = {
        "holder": actor.party,
        "code": waste.code,
        "day": on,
        "device": actor.me.stream,
        "first": first,
        "last": last,
    }
    words = f"{waste.code} {on}: {first:03}–{last:03}"
    actor.says("label-codes-reserved", body, f"预留数字识别码 {words}", f"digital codes reserved: {words}")


@command.command("print")
@click.argument("things", nargs=-1)
@click.option(
    "--list",
    "listed",
    type=click.File(encoding="utf-8"),
    help="A file with one container a line (- for standard input).",
)
@click.option("--size", type=click.Choice(["auto", "100", "150", "200"]), default="auto", help="mm; by volume.")
@printing
@acting
def print_(
    actor: Actor, things: tuple[str, ...], listed: Any, size: str, address: str | None, **output: Any
) -> Callable[[], None]:
    """Print the labels of containers; one that has no label yet is given one, which is recorded.

    A label already issued is printed again as it is, with its digital code if one has been reserved meanwhile.

    \b
    Example:
    wasteledger label print drum-1 drum-2 -o labels.pdf --as ann
    wasteledger label print drum-1 --sheet a4 -o sheet.pdf --as ann
    wasteledger label print drum-1 -o drum-1.zpl --as ann
    """
    names = [*things, *(line.strip() for line in listed or () if line.strip())]
    if not names:
        raise click.UsageError(say("请给出容器", "name at least one container"))
    desk, texts = desk_of(actor, address), []
    for name in names:
        thing = actor.find.container(name)
        label = thing.label or actor.new("label", name)
        fresh = desk.take(thing)
        texts.append((desk.text(thing, label, fresh), desk.size(thing, size)))
        if not thing.label:
            _issued(actor, label, thing.site)
        if fresh or not thing.label:
            _bind(actor, thing.id, thing.site, label, fresh or None, name)
    return partial(_write, labelling.drawn(texts), **output)


@command.command()
@click.argument("container")
@click.option("--reason", type=click.Choice(["damaged", "lost", "reclassified", "reprinted"]), default="damaged")
@click.option("--size", type=click.Choice(["auto", "100", "150", "200"]), default="auto", help="mm; by volume.")
@printing
@acting
def replace(
    actor: Actor, container: str, reason: str, size: str, address: str | None, **output: Any
) -> Callable[[], None]:
    """Print another label in place of a container's; the old one says so from then on when it is scanned.

    \b
    Example:
    wasteledger label replace drum-1 --reason damaged -o drum-1.svg --as ann
    """
    thing, desk = actor.find.container(container), desk_of(actor, address)
    if not thing.label:
        raise click.UsageError(say(f"{container} 尚无标签", f"{container} has no label yet: label print"))
    new = actor.new("label")
    body = {
        "container": thing.id,
        "place": {"party": actor.party, "site": thing.site or actor.find.site(None)},
        "old": thing.label,
        "new": new,
        "reason": reason,
    }
    actor.says("label-replaced", body, f"{container} 换标签 {new}", f"{container}: label replaced by {new}")
    return partial(_write, labelling.drawn([(desk.text(thing, new), desk.size(thing, size))]), **output)


@command.command()
@click.argument("container")
@click.option("--address", help="The public web address (as set, else the origin's host).")
@acting
def link(actor: Actor, container: str, address: str | None) -> Callable[[], None]:
    """The text of the QR code on a container's label.

    \b
    Example:
    wasteledger label link drum-1 --as ann > scanned.txt
    """
    thing = actor.find.container(container)
    if not thing.label:
        raise click.UsageError(say(f"{container} 尚无标签", f"{container} has no label yet: label print"))
    return partial(click.echo, desk_of(actor, address).link(thing.label, thing.id))


@command.command()
@click.argument("count", type=click.IntRange(1, _COUNT_MAX))
@click.option("--site", help="Where (the party's only site).")
@click.option("--size", type=click.Choice(["100", "150", "200"]), default="100", help="mm.")
@printing
@acting
def blank(
    actor: Actor, count: int, site: str | None, size: str, address: str | None, **output: Any
) -> Callable[[], None]:
    """Issue and print COUNT blank labels: a QR code and fields to write in; `bind` says later what they are on.

    \b
    Example:
    wasteledger label blank 4 --sheet a4 -o blank.pdf --as ann
    """
    desk = desk_of(actor, address)
    texts = [LabelText(link=desk.link(label), blank=True) for label in _issue(actor, count, site)]
    return partial(_write, labelling.drawn([(text, SIZES[int(size)]) for text in texts]), **output)


@command.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default="label-keys.json")
@reading
def keys(output: Path, as_json: bool) -> None:
    """The label keys that the ledger certifies, for checking labels where there is no network.

    \b
    Example:
    wasteledger label keys -o label-keys.json
    """
    with open_ledger() as (ledger, queries):
        names = queries.registry()
        rows = [
            {"public_key": each.public_key.raw.hex(), "holder": names.name_of(each.party), "key": each.stream}
            for each in standing_keys(ledger)
        ]
        document = json.dumps({"ledger": ledger.origin, "keys": rows}, ensure_ascii=False, indent=1)
    output.write_text(document + "\n", encoding="utf-8")
    click.echo(document if as_json else say(f"{len(rows)} 个标签密钥：{output}", f"{len(rows)} label keys: {output}"))


@command.command()
@click.argument("text", required=False)
@click.option("--file", "scanned", type=click.File(encoding="utf-8"), help="The text in a file (- for standard input).")
@click.option(
    "--keys", "known", type=click.File(encoding="utf-8"), help="What `label keys` wrote: then no ledger is needed."
)
@reading
def check(text: str | None, scanned: Any, known: Any, as_json: bool) -> None:
    """Tell whether the scanned TEXT of a label's QR code is genuine, forged or mistyped; offline with --keys.

    It shows that the label was issued, not that this is the only copy of it.

    \b
    Example:
    wasteledger label check --file scanned.txt --keys label-keys.json
    """
    if (text is None) == (scanned is None):
        raise click.UsageError(say("请给出标签码或 --file", "give either the text or --file"))
    text = text or scanned.read()
    if known is not None:
        document = _keys(known)
    else:
        with open_ledger() as (ledger, queries):
            names = queries.registry()
            standing = standing_keys(ledger)
            rows = [{"public_key": s.public_key.raw.hex(), "holder": names.name_of(s.party)} for s in standing]
            document = {"ledger": ledger.origin, "keys": rows}
    holders = {PublicKey.from_hex(row["public_key"]): row["holder"] for row in document["keys"]}
    found, by = code.verify_label(text, origin=document["ledger"], keys=holders)
    if as_json:
        answer = {"genuine": True, "label": found.label, "container": found.container, "issuer": holders[by]}
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    on = found.container or say("空白标签", "a blank label")
    click.echo(say(f"真实：由 {holders[by]} 签发", f"genuine: issued by {holders[by]}"))
    click.echo(f"  {found.label} · {on}")
    click.echo(say("  只证明曾经签发，不证明独此一张", "  this shows that it was issued, not that it is the only copy"))


def _issue(actor: Actor, count: int, site: str | None) -> list[str]:
    at = actor.find.site(site)
    made = [actor.new("label", "label" if count == 1 else f"label-{n + 1}") for n in range(count)]
    for label in made:
        _issued(actor, label, at)
    return made


def _issued(actor: Actor, label: str, site: str) -> None:
    place = {"party": actor.party, "site": site or actor.find.site(None)}
    actor.says("label-issued", {"label": label, "place": place}, f"签发标签 {label}", f"issued {label}")


def _bind(actor: Actor, container: str, site: str, label: str, digital_code: str | None, name: str) -> None:
    body = {
        "container": container,
        "place": {"party": actor.party, "site": site or actor.find.site(None)},
        "label": label,
        "digital_code": digital_code,
    }
    actor.says("label-bound", body, f"{label} 贴在 {name} 上", f"{label} is on {name}")


def _write(drawings: list[Drawing], *, output: Path, form: str | None, sheet: str, dpi: str | None) -> None:
    """Raises UsageError for a file name that says no format."""
    chosen = form or output.suffix.removeprefix(".").lower()
    files = labelling.write(
        drawings, output, chosen, cast(draw.Sheet, sheet), int(dpi or (203 if chosen == "zpl" else 300))
    )
    shown = f"{files[0]}" + (f" … {files[-1].name}" if len(files) > 1 else "")
    click.echo(say(f"{len(drawings)} 张：{shown}", f"{len(drawings)} printed: {shown}"), err=True)


def _keys(file: Any) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.load(file)
        return {"ledger": str(document["ledger"]), "keys": [dict(row) for row in document["keys"]]}
    except (ValueError, TypeError, LookupError):
        raise click.UsageError(
            say(f"{file.name} 不是 label keys 所写", f"{file.name} was not written by label keys")
        ) from None
