"""A receiver without an account decides on a manifest once, with a key that its own browser made."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.park import Park, Person
from tests.support.walk import fill, issue


def test_a_visitor_decides_once_and_no_second_time(person: Person, browser: Browser, park: Park) -> None:
    clerk = person("clerk")
    drum = fill(clerk, "VISIT-1", "60")
    journey = issue(clerk, [drum])
    clerk.goto(f"{journey}/invite")
    clerk.click("form button.main")
    link = clerk.locator("[role=status] code").text_content()
    assert link is not None and "#wv_" in link

    visitor = browser.new_context(locale="zh-CN").new_page()
    visitor.goto(link)
    expect(visitor.locator("legend")).to_contain_text("VISIT-1")
    visitor.fill("input[name=mass]", "60")
    visitor.click("#decide button")
    expect(visitor.locator("#state")).to_contain_text("已记录")
    clerk.goto(f"{journey}?fresh=1")
    expect(clerk.locator("main")).to_contain_text("接受")

    again = browser.new_context(locale="zh-CN").new_page()
    again.goto(link)
    expect(again.locator("#state")).to_contain_text("已使用")
    for page in (visitor, again):
        page.context.close()
