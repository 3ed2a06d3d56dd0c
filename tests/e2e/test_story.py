"""The whole story by four people in four browsers, from a filled drum to a figure that opens down to its proof."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Playwright, expect

from tests.support import park as parks
from tests.support.camera import film
from tests.support.park import Park, Person
from tests.support.walk import come_in, fill, issue

DRUMS = {"STORY-1": "180", "STORY-2": "175", "STORY-3": "190"}


def proven(regulator: Page) -> tuple[int, int]:
    """The terms of the proven figure of hazardous waste, in grams."""
    regulator.goto("/overview")
    part, whole = regulator.locator("section[aria-labelledby=figure] .figure data.mass").all()[:2]
    return int(part.get_attribute("value") or 0), int(whole.get_attribute("value") or 0)


def test_four_people_take_three_drums_from_filling_to_a_proof(
    playwright: Playwright, chromium: str, person: Person, park: Park, tmp_path: Path
) -> None:
    clerk, dispatch = map(person, ("clerk", "dispatch"))
    driver, gate, regulator = map(person, ("driver", "refinery", "bureau"))
    part, whole = proven(regulator)

    # The clerk fills and labels three drums.
    drums = {code: fill(clerk, code, kg) for code, kg in DRUMS.items()}
    first = drums["STORY-1"]
    pdf = clerk.request.get(f"/labels/{first}.pdf")
    assert pdf.ok and pdf.body().startswith(b"%PDF")
    picture = clerk.request.get(f"/labels/{first}.png").body()

    # A phone scans the label's picture with its camera.
    flags = film(picture, tmp_path / "label.y4m")
    phone = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", *flags])
    hand = phone.new_context(base_url=park.url, locale="zh-CN").new_page()
    come_in(hand, "clerk")
    hand.goto("/scan")
    hand.click("scan-field button.camera")
    expect(hand.locator("#found")).to_contain_text("STORY-1", timeout=20_000)
    expect(hand.locator("#found")).to_contain_text("180 kg")
    phone.close()

    # Into the store, and onto a manifest.
    for container in drums.values():
        clerk.goto(f"/containers/{container}/place")
        clerk.locator("input[name=spot]").first.check()
        clerk.click("form button.main")
        clerk.wait_for_url(lambda url: "done=" in url)
    journey = issue(clerk, drums.values())

    # The carrier's office gives the journey to its driver, who loads all three.
    dispatch.goto(f"{journey}/trip")
    dispatch.fill("input[name=vehicle]", "京A12345")
    dispatch.select_option("select[name=driver]", label="driver")
    dispatch.click("form button.main")
    dispatch.wait_for_url(lambda url: "done=" in url)
    driver.goto(f"{journey}/pick-up")
    for container in drums.values():
        driver.check(f"input[value='{container}']")
    driver.click("main form.stack button.main")
    driver.wait_for_url(lambda url: "done=" in url)

    # The gate accepts one, refuses one, and one is 40 kg light.
    gate.goto(f"{journey}/gate")
    gate.fill(f"input[name='mass:{first}']", "180")
    gate.select_option(f"select[name='decision:{drums['STORY-2']}']", "refused")
    gate.locator(f"fieldset[data-line='{drums['STORY-2']}'] summary").click()
    gate.fill(f"input[name='note:{drums['STORY-2']}']", "桶身渗漏")
    gate.fill(f"input[name='mass:{drums['STORY-3']}']", "150")
    expect(gate.locator(f"fieldset[data-line='{drums['STORY-3']}'] .state")).to_contain_text("超差")
    gate.click("form[data-gate] button.main")
    expect(gate.locator("table")).to_contain_text("超差")
    gate.click("form button.main")
    gate.wait_for_url(lambda url: "done=" in url)

    # Two are treated.
    gate.goto("/treat")
    for code in ("STORY-1", "STORY-3"):
        gate.check(f"input[value='{drums[code]}']")
    gate.select_option("select[name=method]", "R9")
    gate.click("main form.stack button.main")
    gate.wait_for_url(lambda url: "done=" in url)
    treated = gate.url.partition("done=")[2].partition("&")[0]

    # The regulator's number has moved by exactly what was closed, and opens down to the entry.
    now_part, now_whole = proven(regulator)
    assert now_part - part == 180_000 + 150_000
    assert now_whole - whole == 180_000 + 175_000 + 190_000
    regulator.goto(f"/containers/{drums['STORY-3']}")
    expect(regulator.locator("main")).to_contain_text("利用处置")
    regulator.goto(f"/evidence/{treated}")
    for _ in range(100):  # until the next checkpoint
        if not (again := regulator.get_by_role("link", name="再看一次")).count():
            break
        again.click()
        regulator.wait_for_timeout(100)
    with regulator.expect_download() as download:
        regulator.click("a[href$='receipt.txt']")
    receipt = download.value.path().read_text()
    assert receipt.startswith("c2sp.org/tlog-proof@v1")

    # The receipt verifies in the verifier's page with the server stopped, and a changed one does not.
    auditor = regulator.context.browser.new_context(locale="zh-CN") if regulator.context.browser else None
    assert auditor is not None
    page = auditor.new_page()
    with parks.served(park.home.parent, park.environment) as other:
        page.goto(f"{other.url}/verifier")
        page.evaluate("navigator.serviceWorker.ready")
        expect(page.locator("#pinned")).to_contain_text("取自")
    page.reload()
    expect(page.locator("h1")).to_have_text("验证收据")
    page.fill("textarea[name=receipt]", receipt)
    page.click("form#verify button.main")
    expect(page.locator("#verdict")).to_contain_text("已证明")
    expect(page.locator("#facts")).to_contain_text("waste-treated")
    at = receipt.index("extra ") + 200
    page.fill("textarea[name=receipt]", receipt[:at] + ("A" if receipt[at] != "A" else "B") + receipt[at + 1 :])
    page.click("form#verify button.main")
    expect(page.locator("#verdict")).to_contain_text("不成立：收据与固定的策略和信任文件不符")
    auditor.close()
