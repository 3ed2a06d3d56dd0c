"""`jobs`: what runs beside the requests, in a process of its own: number, sign, project, send, sweep."""

from __future__ import annotations

import os
import signal
import threading

import click

from cli.words import say
from ledger import bootstrap

_NICE = 5  # whoever waits at a scale is answered before lists catch up; a third of a busy core is left for this


@click.command()
@click.option("--sign/--no-sign", default=True, help="Sign here, or leave it to the one process that holds log.key.")
def command(sign: bool) -> None:
    """Run until SIGTERM or Ctrl-C. `serve` does it by itself; with several machines, run it where log.key is.

    \b
    Example:
    wasteledger jobs
    """
    os.nice(_NICE)
    settings = bootstrap.settings()
    ledger = bootstrap.open_ledger(settings)
    queries = bootstrap.open_queries(ledger)
    accounts = bootstrap.open_accounts(ledger, settings)
    running = bootstrap.open_jobs(
        ledger, queries, accounts, bootstrap.open_webhooks(ledger, queries, settings), sign=sign
    )
    stopping = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopping.set())
    running.start()
    click.echo(say("后台任务已启动", "jobs are running"))
    stopping.wait()
    running.stop()
    ledger.close()


if __name__ == "__main__":
    command()
