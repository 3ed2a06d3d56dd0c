"""`erase`: a person's clear text and its key destroyed; every proof still verifies."""

from __future__ import annotations

import click

from cli import keyring
from cli.acting import finish, open_to_record, people_folder, reading
from cli.lookup import Lookup
from cli.words import say
from ledger.log.ids import is_stream


@click.command()
@click.argument("person")
@click.option("--party", help="Whose, when several parties named somebody so.")
@click.option(
    "--reason", type=click.Choice(["request", "retention-ended", "order"]), default="request", show_default=True
)
@click.confirmation_option("--yes", prompt="This cannot be undone. Continue?")
@reading
def command(person: str, party: str | None, reason: str, as_json: bool) -> None:
    """Erase what is known of PERSON, by name or person:<uuid7>; the operator's system key says so in the ledger.

    \b
    Example:
    wasteledger erase "Wang Demo" --reason request --yes
    """
    people = people_folder()
    with open_to_record() as (ledger, queries):
        find = Lookup(ledger, queries, ledger.opened.operator)
        if is_stream(person):
            known = [person]
        else:
            known = keyring.persons(people, person, find.any_party(party) if party else None)
        if len(known) != 1:
            raise click.UsageError(
                say(
                    f"{person} 对应 {len(known)} 人，请用 --party 指明",
                    f"{person} is {len(known)} people: say which with --party",
                )
            )
        answer = ledger.erase(known[0], reason)
        keyring.forget(people, known[0])
        words = say(f"{person} 的明文已删除", f"the clear text about {person} is destroyed")
        finish(ledger, queries, find, [answer], [words], {}, as_json)
