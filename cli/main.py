"""The `wasteledger` command: finds the module of the command asked for and says refusals in the reader's language."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from cli.words import language, say
from ledger.errors import LedgerError

COMMANDS: dict[str, str] = {
    "accept": "cli.accept",
    "account": "cli.account",
    "adopt": "cli.adopt",
    "agree": "cli.agree",
    "backfill": "cli.backfill",
    "calendar": "cli.calendar",
    "catalogue": "cli.catalogue",
    "cert": "cli.cert",
    "checkpoint": "cli.checkpoint",
    "complaint": "cli.complaint",
    "contract": "cli.contract",
    "correct": "cli.correct",
    "count": "cli.count",
    "crossing": "cli.crossing",
    "db": "cli.db",
    "defect": "cli.defect",
    "deliver": "cli.deliver",
    "demo": "cli.demo",
    "determine": "cli.determine",
    "discover": "cli.discover",
    "emergency": "cli.emergency",
    "empty": "cli.empty",
    "erase": "cli.erase",
    "exceptions": "cli.exceptions",
    "exemption": "cli.exemption",
    "explain": "cli.explain",
    "export": "cli.export",
    "facility": "cli.facility",
    "fate": "cli.fate",
    "fill": "cli.fill",
    "found": "cli.found",
    "group": "cli.group",
    "hand-on": "cli.hand_on",
    "identify": "cli.identify",
    "import": "cli.import_",
    "impound": "cli.impound",
    "init": "cli.init",
    "inspection": "cli.inspection",
    "jobs": "cli.jobs",
    "key": "cli.key",
    "label": "cli.label",
    "leak": "cli.leak",
    "licence": "cli.licence",
    "lost": "cli.lost",
    "manifest": "cli.manifest",
    "move": "cli.move",
    "paper": "cli.paper",
    "party": "cli.party",
    "period": "cli.period",
    "plan": "cli.plan",
    "profile": "cli.profile",
    "rate": "cli.rate",
    "rebuild": "cli.rebuild",
    "receipt": "cli.receipt",
    "reclassify": "cli.reclassify",
    "record": "cli.record",
    "rectification": "cli.rectification",
    "release": "cli.release",
    "repack": "cli.repack",
    "restore": "cli.restore",
    "scale": "cli.scale",
    "sequence": "cli.sequence",
    "serve": "cli.serve",
    "setting": "cli.setting",
    "show": "cli.show",
    "sign": "cli.sign",
    "signer": "cli.signer",
    "simulate": "cli.simulate",
    "site": "cli.site",
    "stock": "cli.stock",
    "store": "cli.store",
    "take-out": "cli.take_out",
    "treat": "cli.treat",
    "trip": "cli.trip",
    "ungroup": "cli.ungroup",
    "vehicle": "cli.vehicle",
    "verify": "cli.verify",
    "verify-paper": "cli.verify_paper",
    "verify-receipt": "cli.verify_receipt",
    "weigh": "cli.weigh",
    "weigh-in": "cli.weigh_in",
    "witness": "cli.witness",
}
"""Command name → module, whose click command is called `command`: so the offline verifier loads no database."""


class LazyGroup(click.Group):
    """Imports a command's module when it is invoked; `--help` of the group loads them all for their one-line helps."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = import_module(module).command
        assert isinstance(command, click.Command), f"{module}.command: expected a click command, got {command!r}"
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; a refusal leaves with exit code 1 and its words, a misuse with click's 2."""
        try:
            return super().invoke(ctx)
        except LedgerError as refusal:
            raise click.ClickException(refusal.says(language())) from refusal
        except Exception as error:
            if words := _failed_outside(error):
                raise click.ClickException(words) from error
            raise


def _failed_outside(error: Exception) -> str:
    """What failed that is not this program: a file, or the database, whose module is loaded when it was asked."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, UnicodeDecodeError):
        return say(f"文件应为 UTF-8 文本：{error.reason}", f"expected a file of UTF-8 text: {error.reason}")
    database = sys.modules.get("ledger.store.database")
    if database is None or not (reason := database.unusable(error)):
        return ""
    return say(
        f"数据库不可用：{reason}。请检查 WASTELEDGER_DATABASE 所指的数据库与磁盘后重试；已损坏的请用备份恢复",
        f"the database cannot be used: {reason}; see to the database that WASTELEDGER_DATABASE names and to its disk,"
        " and try again; a damaged one is brought back from its backup",
    )


@click.group(cls=LazyGroup)
@click.version_option(package_name="wasteledger")
def main() -> None:
    """A chain-of-custody ledger for hazardous and solid waste: record, prove, verify, rate.

    \b
    wasteledger --version
    """
