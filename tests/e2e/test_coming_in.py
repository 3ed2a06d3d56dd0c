"""Ways in beside the password, in a browser that decides for itself which cookies it sends where."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.park import PASSWORD, LogIn, Park
from tests.support.walk import come_in


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


def test_a_driver_adds_a_passkey_and_comes_in_by_it(browser: Browser, park: Park) -> None:
    context = browser.new_context(base_url=park.url.replace("127.0.0.1", "localhost"), locale="zh-CN")
    context.set_default_timeout(10_000)
    page = context.new_page()
    authenticator(page)
    come_in(page, "driver")
    page.goto("/admin/me")
    adding = page.locator("form[action='/admin/me/passkey']")
    adding.locator("input[name=password]").fill("not the password")
    adding.locator("button").click()
    expect(adding.locator("[role=alert]")).to_contain_text("不正确")
    adding.locator("input[name=password]").fill(PASSWORD)
    adding.locator("button").click()
    expect(page.locator("main")).to_contain_text("添加于")

    sign_out(page)
    page.goto("/sign-in?next=/admin/me")
    page.click("text=用通行密钥登录")
    page.wait_for_url(re.compile("/admin/me$"))
    expect(page.locator("main")).to_contain_text("上次使用")
    page.click("form[action*='/drop'] button")
    expect(page.locator("main")).not_to_contain_text("添加于")

    sign_out(page)
    page.click("text=用通行密钥登录")
    expect(page.locator("main [role=alert]:visible")).to_contain_text("通行密钥未被接受")
    context.close()


def test_at_a_bare_address_no_passkey_is_offered(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/sign-in")
    expect(page.locator("form[data-passkey]")).to_have_count(1)
    expect(page.locator("text=用通行密钥登录")).to_be_hidden()


def authenticator(page: Page) -> None:
    """Chromium's own authenticator in software, which finds its person verified."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
