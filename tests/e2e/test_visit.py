"""A receiver without an account decides on a manifest once, with a key that its own browser made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, expect

from tests.e2e.test_bad_network import loses_the_answer
from tests.support.park import Park, Person
from tests.support.walk import fill, issue


def test_a_visitor_decides_once_and_no_second_time(person: Person, browser: Browser, park: Park) -> None:
    clerk = person("clerk")
    drum = fill(clerk, "VISIT-1", "60")
    journey = issue(clerk, [drum], to="农场")
    clerk.goto(f"{journey}/invite")
    clerk.click("form button.main")
    link = clerk.locator("[role=status] code").text_content()
    assert link is not None and "#wv_" in link

    # On a line that loses answers, by a clock that is hours ahead, reloaded in the middle: said once all the same.
    visitor = browser.new_context(locale="zh-CN").new_page()
    visitor.clock.install(time=datetime.now(UTC) + timedelta(hours=5))
    visitor.goto(link)
    expect(visitor.locator("legend")).to_contain_text("VISIT-1")
    visitor.fill("input[name=mass]", "60")
    visitor.route("**/v1/visits/key", loses_the_answer, times=1)
    visitor.route("**/v1/statements", lambda route: route.abort())
    visitor.click("#decide button", click_count=2)
    expect(visitor.locator("#state")).to_contain_text("尚未送达")
    visitor.unroute("**/v1/statements")
    visitor.route("**/v1/statements", loses_the_answer, times=1)
    visitor.reload()
    expect(visitor.locator("#state")).to_contain_text("已记录", timeout=15_000)
    clerk.goto(f"{journey}?fresh=1")
    expect(clerk.locator("main")).to_contain_text("接受")

    again = browser.new_context(locale="zh-CN").new_page()
    again.goto(link)
    expect(again.locator("#state")).to_contain_text("已使用")
    expect(clerk.locator("main")).not_to_contain_text("时钟")
    for page in (visitor, again):
        page.context.close()
