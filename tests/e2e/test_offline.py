"""A clerk's shift without network: signed on the device, kept over a killed browser, sent in order afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.support.park import PASSWORD, LogIn, Park


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """Where the clerk's phone keeps what it keeps."""
    return tmp_path / "phone"


def open_phone(playwright: Playwright, chromium: str, profile: Path, park: Park) -> BrowserContext:
    phone = playwright.chromium.launch_persistent_context(
        profile, executable_path=chromium, args=["--no-sandbox"], base_url=park.url, locale="zh-CN",
        viewport={"width": 390, "height": 844},
    )  # fmt: skip
    phone.set_default_timeout(15_000)
    return phone


def sign_in(page: Page, name: str, path: str) -> None:
    page.goto(f"/sign-in?next={path}")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.main")


def enrol(page: Page, office: Page) -> None:
    """The phone makes a key; the office confirms it."""
    sign_in(page, "clerk", "/device")
    page.click("#enrol")
    expect(page.locator("#state")).to_contain_text("等待管理员")
    confirmed = office.evaluate(
        """async () => {
          const session = await (await fetch("/v1/session")).json();
          const { items } = await (await fetch("/v1/keys/waiting")).json();
          const answers = await Promise.all(items.map((each) => fetch(`/v1/keys/waiting/${each.key}/confirm`,
            { method: "POST", headers: { "X-CSRF-Token": session.csrf_token } })));
          return answers.map((each) => each.status);
        }"""
    )
    assert confirmed == [201]
    page.click("#refresh")
    expect(page.locator("#state")).to_contain_text("可以使用")


def fill(page: Page, code: str, kilograms: str) -> None:
    page.click("button[data-open=fill]")
    page.fill("form#fill input[name=mass]", kilograms)
    page.fill("form#fill input[name=container_code]", code)
    page.click("form#fill button.main")
    expect(page.locator("#said")).to_contain_text("已签名")


def test_what_is_said_without_network_outlives_a_killed_browser_and_is_sent_in_order(
    playwright: Playwright, log_in: LogIn, chromium: str, profile: Path, park: Park
) -> None:
    phone = open_phone(playwright, chromium, profile, park)
    page = phone.new_page()
    enrol(page, log_in("office"))
    page.goto("/shift")
    expect(page.locator("#work")).to_be_visible()
    fill(page, "E2E-ONLINE", "20.5")
    expect(page.locator("#line")).to_have_text("在线")

    phone.set_offline(True)
    page.goto("/scan")  # without network every address leads to the shift
    expect(page.locator("h1")).to_have_text("当班")
    fill(page, "E2E-001", "182.4")
    page.fill("#text", "e2e-001")
    page.press("#text", "Enter")
    expect(page.locator("#thing-mass")).to_have_text("182.4 kg")
    page.click("button[data-open=store]")
    page.click("form#store button.main")
    expect(page.locator("#line")).to_contain_text("2 条待发")
    phone.close()

    phone = open_phone(playwright, chromium, profile, park)
    phone.set_offline(True)
    page = phone.new_page()
    page.goto("/waiting")
    expect(page.locator("#items article")).to_have_count(3)
    expect(page.locator(".state.soon")).to_have_count(2)
    page.goto("/shift")
    page.fill("#text", "E2E-001")
    page.press("#text", "Enter")
    page.click("#list")
    page.click("button[data-open=issue]")
    page.click("form#issue button.main")
    expect(page.locator("#line")).to_contain_text("3 条待发")

    phone.set_offline(False)
    page.goto("/waiting")
    expect(page.locator(".state.ok")).to_have_count(4)
    expect(page.locator("#line")).to_have_text("在线")
    story = page.evaluate(
        """async () => {
          for (let n = 0; n < 50; n++) {  // the projections follow a moment later
            const { items } = await (await fetch("/v1/search?q=E2E-001")).json();
            if (items.length) return (await fetch(`/v1/containers/${items[0].id}`)).json();
            await new Promise((resolve) => setTimeout(resolve, 200));
          }
        }"""
    )
    assert [step["type"] for step in story["steps"]] == ["container-filled", "container-stored", "manifest-issued"]
    assert story["net_g"] == 182_400
    phone.close()
