"""Ways in beside the password, in a browser that decides for itself which cookies it sends where."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support.park import PASSWORD, LogIn


def sign_out(page: Page) -> None:
    page.click("form.out button")
    page.wait_for_url(re.compile("/sign-in"))


def at_the_provider(page: Page, subject: str) -> None:
    page.wait_for_url(re.compile(r"//localhost:\d+/authorize"))
    page.fill("input[name=subject]", subject)
    page.click("button")


def test_a_clerk_links_the_organisations_log_in_and_comes_in_by_it(log_in: LogIn) -> None:
    page = log_in("clerk", "/admin/me")
    page.fill("form[action='/admin/me/link'] input[name=password]", PASSWORD)
    page.click("form[action='/admin/me/link'] button")
    page.click("text=前往登录")
    at_the_provider(page, "clerk of the park")
    page.wait_for_url(re.compile("/admin/me"))
    expect(page.locator("main")).to_contain_text("已关联")

    sign_out(page)
    page.goto("/sign-in?next=/stores")
    page.click("text=用本单位统一身份认证登录")
    at_the_provider(page, "clerk of the park")
    page.wait_for_url(re.compile("/stores$"))
    expect(page.locator("form.out button")).to_be_visible()

    page.goto("/admin/me")
    page.click("form[action='/admin/me/link/drop'] button")
    page.wait_for_url(re.compile("/admin/me"))
    expect(page.locator("form[action='/admin/me/link']")).to_be_visible()
