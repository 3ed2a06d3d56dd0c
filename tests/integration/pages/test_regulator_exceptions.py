"""Exceptions on pages: listed by rule and age, shown to whom they concern, explained by whose they are."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qsl

from ledger.log import statement
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text
from tests.support.world import OIL

RULE = "危险废物未用联单转移"


def unmanifested(api: ApiWorld) -> str:
    """A drum that the shop sent to the disposer without a manifest."""
    container = api.drum()
    lines = [{"container": container, "code": OIL, "net_g": 180_000}]
    body = {"delivery": api.world.new("delivery"), "end": "sent", "lines": lines}
    answer = api.say(
        "shop",
        "delivery-recorded",
        body | {"from": api.yard["shop"], "to": api.yard["disposer"] | {"kind": "licensed"}},
    )
    assert answer.status_code == 201, answer.json
    api.follow()
    return container


def address(reader: AtWork) -> tuple[str, dict[str, str]]:
    """Where the exception's page is, and what names it."""
    found = re.search(
        r'href="(/exceptions/container[^"]*rule=without-manifest[^"]*)"', reader.client.get("/exceptions").text
    )
    assert found
    path, _, query = html.unescape(found[1]).partition("?")
    return path, dict(parse_qsl(query))


def test_exceptions_are_counted_by_rule_and_age_and_listed_with_law_and_way_out(api: ApiWorld) -> None:
    unmanifested(api)
    api.world.clock.advance(hours=240)
    shop = at_work(api, "shop")
    listed = shop.open("/exceptions?rule=without-manifest&age=month")
    assert listed.count(RULE) == 3 and "第82条" in listed and "补开联单" in listed
    assert "没有异常" in shop.open("/exceptions?rule=without-manifest&age=week")
    lines = shop.client.get("/exceptions?rule=without-manifest&as=csv").data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and ",180000," in lines[1]


def test_a_party_that_takes_no_part_is_shown_nothing_of_it(api: ApiWorld) -> None:
    unmanifested(api)
    path, named = address(at_work(api, "shop"))
    stranger = at_work(api, "stranger")
    assert RULE not in stranger.open("/exceptions")
    assert stranger.client.get(path, query_string=named).status_code == 404


def test_whose_exception_it_is_explains_it_and_only_it_and_the_authority_read_the_words(
    api: ApiWorld, regulator: AtWork
) -> None:
    unmanifested(api)
    shop, disposer = at_work(api, "shop"), at_work(api, "disposer")
    path, named = address(shop)
    empty = shop.post(f"{path}/explain", named)
    assert (empty.status_code, "请填写说明" in text(empty)) == (422, True)
    typed = shop.post(f"{path}/explain", named | {"explanation": "联单系统停机", "evidence": "report.pdf"})
    assert (typed.status_code, "evidence" in text(typed)) == (422, True)
    where = shop.does(f"{path}/explain", named | {"explanation": "联单系统停机", "evidence": "5a" * 32})
    (said,) = re.findall(r"done=([0-9a-f-]{36})", where)
    assert statement.parse(api.world.ledger.record_of(said).statement).body["evidence"] == "5a" * 32
    assert "联单系统停机" in shop.open(where) and "等待认可" in shop.open(where)
    shown = regulator.client.get(path, query_string=named).text
    assert "联单系统停机" in shown and 'data-say="explanation-accepted"' in shown and "自己的密钥" in shown
    others = disposer.client.get(path, query_string=named).text
    assert "联单系统停机" not in others and "exception-explained" not in others


def test_an_authority_cannot_accept_through_the_servers_keys(api: ApiWorld, regulator: AtWork) -> None:
    unmanifested(api)
    shop = at_work(api, "shop")
    path, named = address(shop)
    shop.does(f"{path}/explain", named | {"explanation": "联单系统停机"})
    explanation = re.search(r'name="explanation" value="([^"]+)"', regulator.client.get(path, query_string=named).text)
    assert explanation
    answer = regulator.post(f"{path}/accept", named | {"explanation": explanation[1]})
    assert answer.status_code >= 400
    assert "等待认可" in shop.client.get(path, query_string=named).text
