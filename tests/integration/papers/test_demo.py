"""The papers of the whole demonstration park, against what the ledger itself counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import bootstrap
from ledger.access import ALL, Viewer
from ledger.papers.facts import Asked, Certificate, Inventory, Kind, NothingToState, Paper
from ledger.papers.making import make
from ledger.queries import Queries
from ledger.service import Ledger
from ledger.settings import from_environment
from tests.support.command import Home


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Queries]:
    home = Home(tmp_path_factory.mktemp("demo"))
    home.does("wasteledger demo --home demo")
    ledger = bootstrap.open_ledger(from_environment({"WASTELEDGER_HOME": str(Path(home.folder) / "demo" / "ledger")}))
    queries = bootstrap.open_queries(ledger)
    queries.projector.follow()
    return ledger, queries


def counted(ledger: Ledger, query: str) -> dict[str, int]:
    with ledger.engine.connect() as connection:
        return {str(name): int(count) for name, count in connection.exec_driver_sql(query)}


def papers(demo: tuple[Ledger, Queries], kind: Kind, subjects: list[str]) -> dict[str, Paper]:
    """Every paper of a kind that says anything; making one proves it too."""
    made = {}
    for subject in subjects:
        try:
            made[subject], _ = make(Asked(kind=kind, subject=subject), *demo, link="https://ledger.example/")
        except NothingToState:
            continue
    return made


def test_certificates_add_up_to_what_the_ledger_counts_as_closed(demo: tuple[Ledger, Queries]) -> None:
    ledger, queries = demo
    closed = counted(ledger, "SELECT producer, sum(grams) FROM lot_row WHERE account = 'closed' GROUP BY producer")
    made = papers(demo, "certificate", list(queries.registry().parties))
    told = {party: sum(s.grams for s in p.sums) for party, p in made.items() if isinstance(p, Certificate)}
    assert told == closed and len(told) > 2


def test_inventories_list_what_the_ledger_says_is_in_store(demo: tuple[Ledger, Queries]) -> None:
    ledger, queries = demo
    standing = "SELECT site, count(*) FROM container WHERE status IN ('held', 'filling') GROUP BY site"
    made = papers(demo, "inventory", list(queries.registry().sites))
    told = {site: len(p.lines) for site, p in made.items() if isinstance(p, Inventory)}
    assert told == counted(ledger, standing) and len(told) > 2


@pytest.mark.parametrize("kind", ["manifest", "load-list", "receipt-note"])
def test_every_journey_has_its_papers(demo: tuple[Ledger, Queries], kind: Kind) -> None:
    manifests = [str(row["id"]) for row in demo[1].manifests()]
    made = papers(demo, kind, manifests)
    assert set(made) == set(manifests) if kind != "receipt-note" else made


def test_every_reader_gets_certificates_of_what_it_is_shown_whole_and_the_rest_is_said_to_be_nothing(
    demo: tuple[Ledger, Queries],
) -> None:
    """A disposer is not shown what was pumped into a collector's tank: those grams are not on its paper."""
    parties = list(demo[1].registry().parties)
    whole = {party: sum(s.grams for s in p.sums) for party, p in _certificates(demo, parties, ALL).items()}
    told = {reader: _certificates(demo, parties, Viewer(who=frozenset({reader}))) for reader in parties}
    grams = {reader: {p: sum(s.grams for s in c.sums) for p, c in made.items()} for reader, made in told.items()}
    assert all(of <= whole[party] for made in grams.values() for party, of in made.items())
    assert any(0 < of < whole[party] for made in grams.values() for party, of in made.items())


def _certificates(demo: tuple[Ledger, Queries], parties: list[str], viewer: Viewer) -> dict[str, Certificate]:
    made = {}
    for party in parties:
        try:
            paper, _ = make(Asked(kind="certificate", subject=party), *demo, viewer=viewer, link="https://l.example/")
        except NothingToState:
            continue
        assert isinstance(paper, Certificate)
        made[party] = paper
    return made
