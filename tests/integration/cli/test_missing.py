"""What is missing adds up: in the demo's park, for every party, kind and period, read live and by replay."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from cli.demo import home
from cli.main import main
from ledger import bootstrap
from ledger.custody.missing import Why
from ledger.custody.rate import Question, View
from ledger.figures import figures
from ledger.log.checkpoint import Policy
from ledger.queries import Queries
from ledger.service import Ledger
from ledger.telling import WHY

AS_OF = "2026-07-23T03:00:00.000Z"
VIEWS: tuple[View, ...] = ("origin", "facility")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("park") / "demo"
    assert CliRunner().invoke(main, ["demo", "--home", str(made)]).exit_code == 0
    return made


def opened(folder: Path) -> tuple[Ledger, Queries]:
    ledger = bootstrap.open_ledger(home(folder))
    queries = bootstrap.open_queries(ledger)
    queries.projector.follow()
    return ledger, queries


def question(ledger: Ledger, view: View, kind: str, period: str, *parties: str) -> Question:
    start, end = ledger.regime.period(period)
    return Question(view=view, kind=kind, start=start, end=end, as_of=AS_OF, parties=frozenset(parties))


@pytest.mark.parametrize("period", ["2025", "2026", "2026-Q1", "2026-Q2", "2026-07"])
@pytest.mark.parametrize("kind", ["hazardous", "industrial"])
def test_the_gaps_are_what_the_proven_figure_lacks_but_for_what_was_bad_before(
    folder: Path, kind: str, period: str
) -> None:
    ledger, queries = opened(folder)
    policy = Policy.parse(ledger.policy_text())
    found = figures(ledger, queries, question(ledger, "origin", kind, period), policy)
    bad_before = sum(
        flag.grams
        for flag in queries.exceptions(AS_OF)
        if flag.rule == "closed-by-unentitled"
        and flag.opened_at < found.rate.question.start
        and ledger.regime.kind_of(queries.container(flag.object).thing.code) == kind
    )
    assert found.outside_g == -bad_before
    assert set(found.rate.bad_g) <= set(get_args(Why)) == WHY.keys()
    of_each = [
        figures(ledger, queries, question(ledger, "origin", kind, period, party), policy)
        for party in queries.registry().parties
    ]
    assert sum(each.outside_g for each in of_each) == found.outside_g
    assert sum(each.missing_g for each in of_each) == found.missing_g
    ledger.close()


def test_an_earlier_figure_is_given_again_by_replay_with_all_that_stood_beside_it(folder: Path) -> None:
    ledger, queries = opened(folder)
    size = queries.projected()

    def asked(at: int | None) -> list[object]:
        return [
            (queries.rate(q, at), queries.gaps(q, at), queries.unresolved(q, at), queries.next_deadline(q, at))
            for view in VIEWS
            for kind in ("hazardous", "industrial")
            for period in ("2026", "2026-Q1")
            for parties in [(), *((party,) for party in queries.registry().parties)]
            for q in [question(ledger, view, kind, period, *parties)]
        ]

    live = asked(None)
    environment = {"WASTELEDGER_HOME": str(folder / "ledger")}
    for line in (
        ["fill", "G-901", "--mass", "42kg", "--as", "garage-clerk", "--at", "2026-07-01"],
        ["fill", "G-902", "--volume", "200l", "--as", "garage-clerk", "--at", "2026-07-01"],
    ):
        assert CliRunner().invoke(main, line, env=environment).exit_code == 0
    queries.projector.follow()
    assert asked(None) != live
    assert asked(size) == live
    ledger.close()
