"""`db`: the database's schema."""

from __future__ import annotations

import click

from cli.words import say
from ledger import bootstrap
from ledger.store.database import current, newest, upgrade

command = click.Group("db", help=__doc__)


@command.command("upgrade")
def upgrade_() -> None:
    """Run the migrations that are missing.

    \b
    Example:
    wasteledger db upgrade
    """
    engine = bootstrap.engine(bootstrap.settings())
    upgrade(engine)
    click.echo(say(f"数据库结构为 {current(engine)}", f"the schema is {current(engine)}"))
    engine.dispose()


@command.command("current")
def current_() -> None:
    """Which migration the database is at, and which this program needs.

    \b
    Example:
    wasteledger db current
    """
    engine = bootstrap.engine(bootstrap.settings())
    revision = current(engine) or say("空", "empty")
    engine.dispose()
    click.echo(say(f"{revision}，需要 {newest()}", f"{revision}, needed {newest()}"))
