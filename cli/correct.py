"""`correct`: an old value put right by an event of today."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.values import MASS
from cli.words import say
from ledger.custody.decide import effective
from ledger.custody.events import body_of
from ledger.custody.wire import value_at
from ledger.log import statement


@click.command()
@click.argument("target")
@click.argument("field")
@click.argument("new")
@click.option("--container", help="Which one, when the record concerns several.")
@click.option(
    "--reason",
    type=click.Choice(["typing", "unit", "scale", "wrong-container", "other"]),
    default="typing",
    show_default=True,
)
@click.option("--closed", help="The closed period of one's own that this lowers or raises: the authority must agree.")
@click.option("--note", help="Sealed.")
@acting
def command(
    actor: Actor,
    target: str,
    field: str,
    new: str,
    container: str | None,
    reason: str,
    closed: str | None,
    note: str | None,
) -> None:
    """Correct FIELD of a record to NEW; TARGET is its entry number, id or hash, NEW a mass or a text.

    Proposed until every party that relied on the old value agrees: `agree`.

    \b
    Example:
    wasteledger correct 39 lines.0.mass.net_g 182.3kg --reason scale --as dee
    """
    said = statement.parse(actor.find.record(target).statement)
    event = actor.ledger.event(said.type, said.body)
    touched = event.containers()
    if container is None and len(set(touched)) != 1:
        names = ", ".join(actor.find.name(each) for each in touched) or "-"
        raise click.UsageError(say(f"请用 --container 指明容器：{names}", f"say which with --container: {names}"))
    stream = touched[0] if container is None else actor.find.container(container, touched).id
    history = [step.fact for step in actor.queries.history(stream)]
    now = next((fact.event for fact in effective(stream, history) if fact.id == said.id), event)
    old = value_at(body_of(now), field)
    if old is None:
        fields = ", ".join(event.correctable) or "-"
        raise click.UsageError(say(f"没有字段 {field}；可更正：{fields}", f"no field {field}; correctable: {fields}"))
    value = MASS.convert(new, None, None).whole if isinstance(old, int) and not new.isdigit() else new
    body = {
        "container": stream,
        "target": said.id,
        "field": field,
        "old": old,
        "new": int(value) if isinstance(old, int) else value,
        "reason": reason,
        "closed": closed,
        "note": {"clear": note} if note else None,
    }
    actor.says("entry-corrected", body, f"{field}：{old} 改为 {body['new']}", f"{field}: {old} becomes {body['new']}")
    actor.then(say("由依据旧值的单位确认：wasteledger agree", "those who relied on the old value: wasteledger agree"))
