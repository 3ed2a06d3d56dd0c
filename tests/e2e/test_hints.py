"""What a page is for: open at the first visit on a device, folded at its foot ever after."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.park import LogIn


def test_a_page_says_what_it_is_for_at_the_first_visit(log_in: LogIn) -> None:
    page = log_in("clerk", "/scan")
    first = page.locator("main > details.about:first-child")
    expect(first).to_have_attribute("open", "")
    expect(first).to_contain_text("扫标签")
    page.reload()
    last = page.locator("main > details.about:last-child")
    expect(last).not_to_have_attribute("open", "")
    last.locator("summary").click()
    expect(last).to_contain_text("扫标签")
