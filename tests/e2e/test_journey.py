"""A load from its sender to the gate in browsers: scanned aboard, proven on the road, weighed in by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ledger.log.hashing import sha256
from tests.e2e.test_every_page import _chinese, _violations
from tests.support.labels import read
from tests.support.park import PASSWORD, Park


@pytest.fixture
def people(browser: Browser, park: Park) -> Iterator[Any]:
    """`people("garage")`: the page of a person in a browser of their own, on a phone or a tablet."""
    contexts: list[BrowserContext] = []

    def come_in(name: str, width: int = 390) -> Page:
        made = browser.new_context(base_url=park.url, locale="zh-CN", viewport={"width": width, "height": 844})
        contexts.append(made)
        page = made.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"{name}: {error}"))
        page.goto("/sign-in")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORD)
        page.click("button.main")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield come_in
    for each in contexts:
        each.close()


def scan(page: Page, text: str) -> None:
    page.locator("scan-field input").fill(text)
    page.keyboard.press("Enter")


def drum(page: Page, code: str, kilograms: str) -> None:
    """A drum under this code that the enterprise fills."""
    page.goto("/fill")
    page.locator("input[name=profile]").first.check()
    page.fill("input[name=container_code]", code)
    page.fill("input[name=net]", kilograms)
    page.click("button.main")
    page.wait_for_url(re.compile("done="))


def faults(page: Page) -> list[str]:
    """What axe finds, and Chinese on the English page, of where the page now is."""
    found: list[str] = []
    path = page.url
    for lang in ("en", "zh"):
        page.context.add_cookies([{"name": "language", "value": lang, "url": path}])
        page.goto(path)
        found += [f"{path} ({lang}): {each}" for each in _violations(page)]
        found += [f"{path}: not in English: {each}" for each in _chinese(page)] if lang == "en" else []
    return found


def test_a_load_is_scanned_aboard_proven_on_the_road_and_weighed_in_without_touching_the_screen(people: Any) -> None:
    garage, refinery = people("garage"), people("refinery", 1100)
    for code, kilograms in (("E2E-1", "100"), ("E2E-2", "50"), ("E2E-3", "20")):
        drum(garage, code, kilograms)
    # The manifest is built by scanning; what the transfer would meet is shown before it is issued.
    garage.goto("/manifests/new")
    wrong = faults(garage)
    for code in ("E2E-1", "E2E-2", "E2E-3", "E2E-4"):
        scan(garage, code)
    expect(garage.locator("[data-scanned]")).to_contain_text("不在此列：E2E-4")
    assert garage.locator("input[name=container]:checked").count() == 3
    to = garage.locator("select[name=to] option", has_text="废油再生厂区").first
    garage.select_option("select[name=to]", to.get_attribute("value"))
    garage.select_option("select[name=carrier]", label="示例危货运输公司（虚构）")
    garage.click("text=核对许可与合同")
    expect(garage.locator("#checked")).to_be_visible()
    wrong += [f"checked: {each}" for each in _violations(garage)]
    garage.click("text=开具联单 >> nth=-1")
    expect(garage.locator("h1")).to_contain_text("转移联单")
    where = garage.url.partition("?")[0]
    wrong += faults(garage)
    # Aboard: each by scan; one stays behind, with its reason and the hash of a photo that never leaves the device.
    dispatch, driver = people("dispatch", 1100), people("driver")
    dispatch.goto(f"{where}/trip")
    wrong += faults(dispatch)
    dispatch.select_option("select[name=driver]", label="driver")
    dispatch.fill("input[name=vehicle]", "蒙K00009")
    dispatch.click("button.main")
    expect(dispatch.locator("h1")).to_contain_text("转移联单")
    driver.goto("/manifests?show=mine")
    driver.click("text=起运")
    wrong += faults(driver)
    for code in ("E2E-1", "E2E-2"):
        scan(driver, code)
    expect(driver.locator("[data-scanned]")).to_contain_text("已选 2 / 3 件 · 150 kg")
    last = driver.locator("fieldset", has_text="E2E-3")
    last.locator("summary").click()
    last.locator("select").select_option("damaged")
    last.locator("input[type=file]").set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": b"photo"})
    expect(last.locator("[data-photo]")).to_have_value(f"sha256:{sha256(b'photo').hex()}")
    assert driver.input_value("input[name=vehicle]") == "蒙K00009", "as the trip was planned"
    driver.click("text=确认起运")
    expect(driver.locator(".state").first).to_contain_text("在途")
    for page in ("roadside", "hand-over", "arrive"):
        driver.goto(f"{where}/{page}")
        wrong += faults(driver)
    driver.goto(f"{where}/roadside")
    expect(driver.locator("main")).to_contain_text("150 kg")
    expect(driver.locator("[data-receipt]")).to_have_count(3)
    # Kept on the phone, it opens where there is no network.
    driver.evaluate("navigator.serviceWorker.ready.then(() => true)")
    here = driver.context.cookies()
    driver.context.clear_cookies()
    driver.click("text=保存到本机")
    expect(driver.locator("[data-kept]")).to_contain_text("登录已失效")  # and not a sign-in page under this address
    driver.context.add_cookies([{**each} for each in here])
    driver.click("text=保存到本机")
    expect(driver.locator("[data-kept]")).to_contain_text("已保存在本机")
    driver.reload()
    driver.context.set_offline(True)
    driver.goto(f"{where}/roadside")
    expect(driver.locator("main")).to_contain_text("150 kg")
    driver.context.set_offline(False)
    # The gate: scan, weigh, Enter, the next; hands stay on the scanner and the scale.
    refinery.goto("/manifests?show=mine")
    wrong += faults(refinery)
    refinery.goto(f"{where}/gate")
    wrong += faults(refinery)
    lines = refinery.locator("[data-line]")
    scan(refinery, "E2E-1")
    expect(refinery.locator("[data-weight]")).to_be_focused()
    refinery.keyboard.type("100")
    refinery.keyboard.press("Enter")
    expect(lines.filter(has_text="E2E-1").locator("[data-state]")).to_have_class("state ok")
    expect(refinery.locator("scan-field input")).to_be_focused()
    refinery.keyboard.type("E2E-2")
    refinery.keyboard.press("Enter")
    refinery.keyboard.type("45")
    refinery.keyboard.press("Enter")
    expect(lines.filter(has_text="E2E-2").locator("[data-state]")).to_contain_text("超差 −5 kg")
    assert lines.filter(has_text="E2E-2").locator("[name^=discrepancy]").input_value() == "quantity"
    # One that was to stay behind came all the same: it is asked for its mass, and the scanner is next again.
    scan(refinery, "E2E-3")
    expect(refinery.locator("[name=unlisted_mass]").first).to_be_focused()
    refinery.keyboard.type("20")
    refinery.keyboard.press("Enter")
    expect(refinery.locator("scan-field input")).to_be_focused()
    refinery.click("text=核对汇总")
    expect(refinery.locator("main")).to_contain_text("未记装运")
    refinery.go_back()  # what was weighed is still there
    expect(lines.filter(has_text="E2E-2").locator("[data-state]")).to_contain_text("超差 −5 kg")
    expect(refinery.locator("[name=unlisted_mass]").first).to_have_value("20")
    refinery.click("text=核对汇总")
    wrong += [f"summary: {each}" for each in _violations(refinery)]
    refinery.click("text=确认，写入账本")
    expect(refinery.locator("main")).to_contain_text("已办结")
    expect(refinery.locator("main")).to_contain_text("收发重量差超过容许范围")
    wrong += faults(refinery)
    assert wrong == []


def blank_label(page: Page) -> str:
    """What the code on a pre-printed blank label says."""
    page.goto("/labels/blank")
    page.fill("input[name=count]", "1")
    page.click("button.main")
    page.wait_for_url("**/labels/roll/**")
    (link,) = read(Image.open(BytesIO(page.request.get(f"{page.url.partition('?')[0]}.png").body())))
    return link


def test_a_scan_of_the_bin_loads_its_three_bags_and_has_each_weighed_at_the_gate(people: Any) -> None:
    garage, refinery = people("garage"), people("refinery", 1100)
    link = blank_label(garage)
    bags = ("BAG-1", "BAG-2", "BAG-3")
    for code in bags:
        drum(garage, code, "10")
    garage.goto(f"/containers/{garage.url.partition('/labels/')[2].partition('?')[0]}/group")
    for code in bags[:2]:
        scan(garage, code)
    garage.click("button.main")
    garage.wait_for_url("**/containers/container:*done=*")
    group = garage.url.partition("?")[0]
    wrong = faults(garage)
    garage.goto(f"{group}/place")
    wrong += faults(garage)
    garage.goto(f"{group}/bind")
    wrong += faults(garage)
    scan(garage, link)
    garage.click("button.main")
    garage.wait_for_url("**/containers/container:*done=*")
    garage.goto(f"{group}/replace")
    wrong += faults(garage)
    garage.goto("/scan")
    scan(garage, link)
    expect(garage.locator("#found")).to_contain_text("3 个容器 · 30 kg")
    wrong += faults(garage)
    garage.click("text=查看全组")
    expect(garage.locator("h1")).to_contain_text("容器")
    # On to a manifest, aboard and through the gate by the label on the bin alone.
    garage.goto("/manifests/new")
    scan(garage, "BAG-1")
    expect(garage.locator("[data-scanned]")).to_contain_text("已选 1 /")
    scan(garage, link)
    expect(garage.locator("[data-scanned]")).to_contain_text("一组 3 件。已选 3 /")
    to = garage.locator("select[name=to] option", has_text="废油再生厂区").first
    garage.select_option("select[name=to]", to.get_attribute("value"))
    garage.select_option("select[name=carrier]", label="示例危货运输公司（虚构）")
    garage.click("text=核对许可与合同")
    garage.click("text=开具联单 >> nth=-1")
    expect(garage.locator("h1")).to_contain_text("转移联单")
    where = garage.url.partition("?")[0]
    dispatch = people("dispatch", 1100)
    dispatch.goto(f"{where}/pick-up")
    scan(dispatch, "BAG-2")
    expect(dispatch.locator("[data-scanned]")).to_have_text("已选 1 / 3 件 · 10 kg")
    scan(dispatch, link)
    expect(dispatch.locator("[data-scanned]")).to_have_text("一组 3 件。已选 3 / 3 件 · 30 kg")
    expect(dispatch.locator("fieldset.scan-ok")).to_have_count(3)
    scan(dispatch, link)
    expect(dispatch.locator("[data-scanned]")).to_contain_text("一组 3 件。已扫过。")
    dispatch.click("text=确认起运")
    expect(dispatch.locator(".state").first).to_contain_text("在途")
    refinery.goto(f"{where}/gate")
    scan(refinery, "BAG-2")
    refinery.keyboard.type("10")
    refinery.keyboard.press("Enter")
    scan(refinery, link)
    for more in ("同组还有 1 件", ""):
        expect(refinery.locator("[data-weight]")).to_be_focused()
        expect(refinery.locator("[data-scanned]")).to_contain_text(more)
        refinery.keyboard.type("10")
        refinery.keyboard.press("Enter")
    expect(refinery.locator("[data-scanned]")).to_contain_text("扫描下一个")
    expect(refinery.locator("[data-line] .state.ok")).to_have_count(3)
    assert wrong == []


def test_the_pages_of_the_treatment_are_accessible_and_whole(people: Any) -> None:
    refinery = people("refinery", 1100)
    wrong: list[str] = []
    for path in ("/treat", "/certificates", "/manifests/new", "/manifests"):
        refinery.goto(path)
        wrong += faults(refinery)
    assert wrong == []
