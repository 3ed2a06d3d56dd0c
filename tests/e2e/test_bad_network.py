"""Gloves in a tunnel: lost answers, slow lines, ended sessions, other tabs; nothing is said twice or lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect

from tests.e2e.test_offline import UNSENT, enrol, open_phone, sign_in, until
from tests.support.line import line
from tests.support.park import LogIn, Park, Person
from tests.support.walk import come_in, fill

TOLD = """async () => {
  const { items } = await import("/static/core/queue.js");
  return (await items()).map((item) => [item.said.words, item.state]);
}"""
ROLES = """async () => (await (await import("/static/core/device.js")).whoIsHere())?.roles ?? []"""
RECORD = "form[action='/fill'] button.main"


def loses_the_answer(route: Route) -> None:
    """The server has done it, and nobody hears of it."""
    route.fetch(max_redirects=0)
    route.abort()


def once(page: Page, pattern: str, does: object) -> None:
    page.context.route(pattern, does, times=1)  # type: ignore[arg-type]


def begin(page: Page, code: str, kilograms: str) -> None:
    page.locator("label.choice", has_text="废机油").locator("input").check()
    page.fill("input[name=container_code]", code)
    page.fill("input[name=net]", kilograms)


def test_what_was_filled_in_is_recorded_once_whatever_came_between(person: Person) -> None:
    page = person("clerk")
    fill(page, "NET-1", "10")
    # Refused: the way back leads to what was filled in.
    page.goto("/fill")
    begin(page, "NET-1", "20")
    page.click(RECORD)
    page.click("[data-back]")
    expect(page.locator("input[name=net]")).to_have_value("20")
    # The answer is lost: sent again, it is one drum.
    page.fill("input[name=container_code]", "NET-2")
    once(page, "**/fill", loses_the_answer)
    page.click(RECORD)
    page.wait_for_url("chrome-error://**")
    page.reload()
    page.wait_for_url(re.compile("/labels/container:.*done="))
    expect(page.locator("main")).to_contain_text("NET-2 · 900-249-08 · 20 kg")
    # The session ended: that nothing was recorded is said, and the form is there again after signing in.
    page.goto("/fill")
    begin(page, "NET-3", "30")
    page.context.clear_cookies()
    page.click(RECORD)
    expect(page.locator("[role=alert]").first).to_contain_text("没有记录")
    page.fill("input[name=name]", "clerk")
    page.fill("input[name=password]", "browser tests only")
    page.click("form[action='/sign-in'] button.main")
    expect(page.locator("input[name=net]")).to_have_value("30")
    # Signed in anew in another tab: this one's proof is of no use any more, going back fetches another.
    other = page.context.new_page()
    come_in(other, "clerk")
    page.click(RECORD)
    expect(page.locator("main")).to_contain_text("又登录过")
    with page.expect_response("**/v1/session"):
        page.click("[data-back]")
    expect(page.locator("input[name=container_code]")).to_have_value("NET-3")
    page.click(RECORD, click_count=3)
    page.wait_for_url(re.compile("/labels/container:.*done="))
    expect(page.locator("main")).to_contain_text("NET-3 · 900-249-08 · 30 kg")


@pytest.fixture
def phone(playwright: Playwright, chromium: str, tmp_path: Path, park: Park) -> Iterator[BrowserContext]:
    made = open_phone(playwright, chromium, tmp_path / "phone", park)
    yield made
    made.close()


def shift(page: Page) -> None:
    page.goto("/shift")
    expect(page.locator("#work")).to_be_visible()


def weigh_in(page: Page, code: str, kilograms: str, label: str = "") -> None:
    page.click("button[data-open=fill]")
    page.fill("form#fill input[name=mass]", kilograms)
    page.fill("form#fill input[name=container_code]", code)
    page.fill("form#fill input[name=label]", label)
    page.click("form#fill button.main", click_count=2)


def test_a_shift_says_each_thing_once_by_its_own_key_and_opens_in_a_tunnel(
    phone: BrowserContext, log_in: LogIn
) -> None:
    page = phone.new_page()
    enrol(page, log_in("office"))
    shift(page)
    # A label that is none is not passed over; the answer to what was signed is lost, and it is recorded once.
    weigh_in(page, "TUN-1", "10", label="ABC")
    expect(page.locator("#said")).to_contain_text("这不是预印标签的码")
    page.fill("form#fill input[name=label]", "")
    once(page, "**/v1/statements", loses_the_answer)
    with page.expect_event("requestfailed"):
        page.click("form#fill button.main", click_count=2)
        expect(page.locator("#said")).to_contain_text("已签名")
    page.evaluate("dispatchEvent(new Event('online'))")
    until(page, UNSENT, lambda count: count == 0)
    said = page.evaluate(TOLD)
    assert {state for _, state in said} == {"recorded"} and [words[:2] for words, _ in said].count("装桶") == 1, said
    # A line that went dead keeps nobody waiting, and half an answer spoils nothing of what is kept.
    phone.route("**/shift.json*", lambda route: route.fulfill(status=200, content_type="application/json", body='{"or'))
    shift(page)
    page.wait_for_load_state("networkidle")
    phone.route("**/v1/session", lambda _: None)
    shift(page)
    weigh_in(page, "TUN-2", "20")
    expect(page.locator("#said")).to_contain_text("已签名")
    phone.unroute_all()
    # Another signs in on this device: what was open is closed, and nothing is said in their name.
    before = page.evaluate(TOLD)
    other = phone.new_page()
    sign_in(other, "driver", "/")
    other.wait_for_url("**/scan")
    until(other, ROLES, lambda roles: "driver" in roles)
    weigh_in(page, "TUN-3", "30")
    expect(page.locator("#why")).to_contain_text("已换人登录")
    sign_in(other, "clerk", "/")
    other.wait_for_url("**/scan")
    other.goto("/waiting")
    expect(other.locator(".state.ok")).to_have_count(len(before))


def test_on_a_slow_line_a_form_is_sent_once_and_a_page_comes_whole(browser: Browser, park: Park) -> None:
    with line(park.url) as slow:
        page = browser.new_context(base_url=slow.url, locale="zh-CN").new_page()
        come_in(page, "garage")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.goto("/admin/people")
        slow.bytes_per_s = 2_000
        form = page.locator("form[action='/admin/people']")
        form.locator("input[name=name]").fill("impatient")
        form.locator("input[type=checkbox]").first.check()
        form.evaluate("(f) => [0, 500].map((ms) => setTimeout(() => f.querySelector('button').click(), ms))")
        expect(page.locator("main")).to_contain_text("只显示这一次", timeout=20_000)
        slow.bytes_per_s = 0
        page.goto("/scan")
        slow.bytes_per_s = len(page.request.get("/manifests/new").body()) // 10
        page.goto("/manifests/new", wait_until="commit")
        expect(page.locator("main form button.main")).to_be_visible(timeout=30_000)
        # What could not be verified is not said to be false.
        slow.bytes_per_s = 0
        page.context.route("**/policy.txt", lambda route: route.abort())
        page.goto("/verifier")
        page.fill("textarea[name=receipt]", "c2sp.org/tlog-proof@v1")
        page.click("form#verify button.main")
        expect(page.locator("#verdict")).to_contain_text("未作验证")
        page.context.close()
