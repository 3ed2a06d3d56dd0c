"""A clerk's shift without network: signed on the device, kept over a killed browser, sent in order afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.e2e.test_journey import blank_label, drum
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
    expect(page.locator("form#fill")).to_be_hidden()
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
    until(page, UNSENT, lambda count: count == 0)
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
    expect(page.locator("#line")).to_contain_text("3 条待发")
    phone.close()

    phone = open_phone(playwright, chromium, profile, park)
    phone.set_offline(True)
    page = phone.new_page()
    page.goto("/waiting")
    expect(page.locator("#items article")).to_have_count(5)
    expect(page.locator(".state.soon")).to_have_count(3)
    page.goto("/shift")
    page.fill("#text", "E2E-001")
    page.press("#text", "Enter")
    page.click("#list")
    page.click("button[data-open=issue]")
    page.click("form#issue button.main")
    expect(page.locator("#line")).to_contain_text("4 条待发")

    phone.set_offline(False)
    page.goto("/waiting")
    expect(page.locator(".state.ok")).to_have_count(6)
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
    told = ["container-filled", "label-bound", "container-stored", "manifest-issued"]
    assert [step["type"] for step in story["steps"]] == told
    assert story["net_g"] == 182_400
    phone.close()


def test_a_scan_of_the_pallet_stores_lists_and_loads_all_that_is_on_it_without_network(
    playwright: Playwright, log_in: LogIn, chromium: str, profile: Path, park: Park
) -> None:
    office, phone = log_in("office"), open_phone(playwright, chromium, profile, park)
    link = blank_label(office)
    for code in ("PAL-1", "PAL-2"):
        drum(office, code, "25")
    office.goto(f"/containers/{office.url.partition('/labels/')[2].partition('?')[0]}/group")
    office.check("label:has-text('PAL-1') input")
    office.click("button.main")
    office.wait_for_url("**/containers/container:*done=*")
    office.goto(f"{office.url.partition('?')[0]}/bind")
    office.locator("scan-field input").fill(link)
    office.click("button.main")
    office.wait_for_url("**/containers/container:*done=*")

    page = phone.new_page()
    enrol(page, office)
    page.goto("/shift")
    expect(page.locator("#work")).to_be_visible()
    phone.set_offline(True)
    page.fill("#text", link)
    page.press("#text", "Enter")
    expect(page.locator("#said")).to_have_text("已找到：一组 2 个容器")
    expect(page.locator("#thing-mass")).to_have_text("50 kg")
    expect(page.locator("#thing-name")).to_contain_text("PAL-1")
    expect(page.locator("#thing button[data-open=weigh]")).to_be_disabled()
    page.click("button[data-open=store]")
    page.click("form#store button.main")
    expect(page.locator("#line")).to_contain_text("2 条待发")
    page.click("#list")
    expect(page.locator("#listed")).to_have_text("(2)")
    page.click("button[data-open=issue]")
    page.click("form#issue button.main")
    expect(page.locator("#line")).to_contain_text("3 条待发")
    page.fill("#text", "PAL-1")
    page.press("#text", "Enter")
    expect(page.locator("#thing-mass")).to_have_text("25 kg")
    expect(page.locator("#list")).to_be_disabled()
    page.click("button[data-open=pick-up]")
    page.select_option(
        "form#pick-up select[name=manifest]", index=page.locator("select[name=manifest] option").count() - 1
    )
    page.fill("#text", link)
    page.press("#text", "Enter")
    expect(page.locator("#said")).to_have_text("已装车：一组 2 个容器")
    expect(page.locator("#loads li")).to_have_count(2)

    phone.set_offline(False)
    page.goto("/waiting")
    expect(page.locator("#line")).to_have_text("在线")
    expect(page.locator(".state.ok")).to_have_count(3)
    told = page.evaluate(
        "import('/static/core/queue.js').then(async ({ items }) => (await items()).map((each) => each.type))"
    )
    assert told == ["container-stored", "container-stored", "manifest-issued"]
    phone.close()


UNSENT = """async () => (await (await import("/static/core/queue.js")).waiting()).length"""

KEPT = """
  async () => {
    const { recall } = await import("/static/core/db.js");
    const page = await (await caches.open("wasteledger-roadside")).match("/manifests/mine/roadside");
    return [Boolean(page), Boolean(await recall("data")), (await recall("here"))?.person ?? ""];
  }
"""


def until(page: Page, script: str, fits: Callable[[Any], bool]) -> Any:
    """What a script of the page answers, once it fits."""
    for _ in range(100):
        if fits(found := page.evaluate(script)):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(found)


def keep(page: Page) -> str:
    """Somebody works on the phone: a page and the shift's data are kept. Who it was."""
    page.goto("/shift")
    expect(page.locator("#why")).to_contain_text("本机还没有密钥")
    page.evaluate(
        """async () => (await caches.open("wasteledger-roadside")).put("/manifests/mine/roadside", new Response("x"))"""
    )
    page_kept, data_kept, person = page.evaluate(KEPT)
    assert page_kept and data_kept and person
    return str(person)


def test_what_is_kept_of_somebodys_work_goes_when_they_sign_out_and_when_another_comes(
    log_in: LogIn, context: BrowserContext
) -> None:
    page = log_in("clerk")
    clerk = keep(page)
    page.goto("/")
    page.click("form.out button")
    page.wait_for_url("**/sign-in")
    assert page.evaluate(KEPT) == [False, False, ""]
    sign_in(page, "clerk", "/")
    page.wait_for_url("**/scan")
    assert keep(page) == clerk
    context.clear_cookies()
    sign_in(page, "driver", "/")
    page.wait_for_url("**/scan")
    page_kept, data_kept, _ = until(page, KEPT, lambda kept: kept[2] not in (clerk, ""))
    assert not page_kept and not data_kept


def test_the_scanner_is_fetched_behind_the_first_view_of_a_page_that_scans_and_opens_without_network(
    log_in: LogIn, context: BrowserContext
) -> None:
    stored = """async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith("wasteledger-scanner-"));
      const caught = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return caught.flat().map((each) => new URL(each.url).pathname).sort();
    }"""
    page = log_in("clerk", "/today")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert page.evaluate(stored) == []
    page.goto("/scan")
    assert until(page, stored, lambda files: len(files) == 3)[-1] == "/parts/zxing/share.js"
    context.set_offline(True)
    assert page.evaluate("fetch('/parts/zxing/reader.wasm').then((answer) => answer.ok)")
