"""The pages' figures are those of the API and of the command line, and open down to containers; each sees its own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.rate import document
from ledger.custody.rate import Question
from ledger.figures import by_producer, figures, months, trend
from ledger.log.checkpoint import Policy
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work
from tests.support.world import OIL

PERIOD = "2025"


def csv_of(reader: AtWork, address: str) -> list[list[str]]:
    """The rows of a table without its headings."""
    lines = reader.get(address).data.decode("utf-8-sig").splitlines()
    return [line.split(",") for line in lines[1:]]


def test_page_api_and_command_line_give_one_figure(api: ApiWorld, regulator: AtWork) -> None:
    container = api.drum(grams=180_000)
    api.drum(grams=70_001)
    api.manifest(container)
    rate = api.get(f"/v1/rates?kind=hazardous&period={PERIOD}", "regulator").json
    ledger = api.world.ledger
    start, end = ledger.regime.period(PERIOD)
    question = Question(view="origin", kind="hazardous", start=start, end=end, as_of=ledger.now())
    told = document(figures(ledger, api.queries, question, Policy.parse(ledger.policy_text())))
    shown = regulator.get(f"/overview?kind=hazardous&period={PERIOD}").text
    assert rate["proven"] == told["proven"] == {"part_g": 0, "whole_g": 250_001, "percent": "0.00"}
    for grams in (rate["proven"]["part_g"], rate["proven"]["whole_g"], told["missing_g"]):
        assert f'title="{grams:,} g"' in shown
    assert "0.00 %" in shown and f"截至检查点 {ledger.size()}" in shown
    terms = {row[0]: row[1] for row in csv_of(regulator, f"/overview?period={PERIOD}&as=csv&table=terms")}
    assert (terms["产生"], terms["未办结（含超期）"]) == (str(rate["came_in_g"]["generated"]), str(rate["open_g"]))


def test_each_gap_and_each_band_opens_down_to_containers_that_add_up_to_it(api: ApiWorld, regulator: AtWork) -> None:
    containers = {api.drum(grams=grams): grams for grams in (180_000, 70_001)}
    ((why, grams),) = csv_of(regulator, f"/overview?period={PERIOD}&as=csv&table=gaps")
    assert (why, grams) == ("未办结，时限未到：在库", "250001")
    page = regulator.get(f"/overview?period={PERIOD}").text
    for place in ("missing", "flow"):
        (address, *_) = re.findall(rf'href="(/overview/{place}[^"]*)"', page)
        shown = regulator.get(address.replace("&amp;", "&")).text
        assert all(f"/containers/{container}" in shown for container in containers)
        listed = csv_of(regulator, address.replace("&amp;", "&") + "&as=csv")
        assert sum(int(row[1]) for row in listed) == 250_001


def test_nothing_recorded_is_no_percentage_and_nothing_due_is_no_100(api: ApiWorld, regulator: AtWork) -> None:
    empty = regulator.open(f"/overview?kind=medical&period={PERIOD}")
    assert "没有记录的废物" in empty and "100 % 安全处置" not in empty
    api.drum()
    running = regulator.open(f"/overview?period={PERIOD}")
    assert "没有到期的废物" in running and "不作 100 % 结论" in running


def test_an_enterprise_sees_its_own_figures_and_sheet_and_nobody_elses(api: ApiWorld, regulator: AtWork) -> None:
    api.drum(grams=180_000)
    shop, stranger = at_work(api, "shop"), at_work(api, "stranger")
    sheet = f"/enterprises/{api.device['shop'].party}"
    assert "180 kg" in shop.open(f"{sheet}?year={PERIOD}") and "180 kg" in regulator.open(f"{sheet}?year={PERIOD}")
    registered = stranger.open(sheet)  # who it is and may receive what, as the registry tells anybody
    assert "shop" in registered and "许可证" in registered and "180 kg" not in registered
    assert stranger.get(f"{sheet}?as=csv&table=stock").status_code == 400
    assert stranger.get(f"/enterprises/{api.world.new('party')}").status_code == 404
    others = f"/overview?period={PERIOD}&party={api.device['shop'].party}"
    assert "没有记录的废物" in stranger.open(others) and "没有记录的废物" not in shop.open(others)
    assert csv_of(stranger, f"/enterprises?period={PERIOD}&as=csv") == []
    assert [row[:2] for row in csv_of(regulator, f"/enterprises?period={PERIOD}&as=csv")] == [["shop", "180000"]]


@pytest.mark.parametrize(
    "query", ["kind=gold", "period=99", "view=side", "as=pdf", "as=csv&table=none", "region=abc&kind=hazardous&view="]
)
def test_an_address_that_asks_for_the_impossible_is_told_so_or_shows_nothing(regulator: AtWork, query: str) -> None:
    answer = regulator.get(f"/overview?{query}")
    assert answer.status_code in (400, 422) or "没有记录的废物" in answer.text


def test_the_command_verify_leaves_its_verdict_where_pages_read_it(tmp_path: Path) -> None:
    home = tmp_path / "park"
    environment = {"WASTELEDGER_HOME": str(home)}
    for line in (["init", "--origin", "x.example/l", "--operator", "op"], ["verify", "--level", "signatures"]):
        made = CliRunner().invoke(main, line, env=environment)
        assert made.exit_code == 0, made.output
    kept = json.loads((home / "verified.json").read_text())
    assert (kept["ok"], kept["level"]) == (True, "signatures") and kept["size"] >= 1


def test_the_trend_is_the_rate_of_each_month_and_the_whole_is_the_sum_of_its_producers(api: ApiWorld) -> None:
    container = api.drum("shop", 180_000)
    api.drum("disposer", 20_500)
    api.world.clock.advance(hours=24 * 25)
    api.drum("shop", 70_001)
    lost = {
        "stage": "held",
        "reason": "stolen",
        "container": container,
        "place": api.yard["shop"],
        "code": OIL,
        "net_g": 180_000,
    }
    assert api.say("shop", "container-lost", lost).status_code == 201
    api.world.clock.advance(hours=24 * 400)
    api.follow()
    ledger, queries = api.world.ledger, api.queries
    for view in ("origin", "facility"):
        for year in ("2025", "2026"):
            start, end = ledger.regime.period(year)
            question = Question(view=view, kind="hazardous", start=start, end=end, as_of=ledger.now())
            series = trend(queries, question, months(year))
            assert len(series) == 12
            for period, rate in series:
                start, end = ledger.regime.period(period)
                assert rate == queries.rate(replace(question, start=start, end=end)), (view, period)
            assert by_producer(queries, question)[0] == queries.rate(question)
