"""Digital codes reserved for a device while there is network stand on labels of what is filled without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pdfplumber
import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.e2e.test_offline import UNSENT, enrol, fill, open_phone, until
from tests.support.park import LogIn, Park

Phone = Callable[[str], BrowserContext]

LEFT = """async () => {
  const { recall } = await import("/static/core/db.js");
  const { mine } = await import("/static/core/device.js");
  const { given = [] } = await mine();
  const blocks = (await recall("data"))?.digital_codes ?? [];
  return blocks.map((b) => b.serials.map((s) => b.prefix + s).filter((code) => !given.includes(code)));
}"""

SAID = """async () => {
  const { items } = await import("/static/core/queue.js");
  return (await items()).filter((item) => item.type === "label-bound").map((item) => item.said.body);
}"""


@pytest.fixture
def phones(playwright: Playwright, chromium: str, tmp_path: Path, park: Park) -> Iterator[Phone]:
    """`phones("one")`: that phone, with what it kept before."""
    opened: list[BrowserContext] = []

    def come(name: str) -> BrowserContext:
        opened.append(open_phone(playwright, chromium, tmp_path / name, park))
        return opened[-1]

    yield come
    for each in opened:
        each.close()


def ready(phone: BrowserContext, office: Page) -> tuple[Page, list[list[str]]]:
    """A phone that was at the shift's page once with network; the codes that it may give out, by waste and day."""
    page = phone.new_page()
    enrol(page, office)
    page.goto("/shift")
    expect(page.locator("#work")).to_be_visible()
    blocks: list[list[str]] = page.evaluate(LEFT)
    assert {len(each) for each in blocks} == {20} and len(blocks) % 2 == 0, "today and tomorrow, for every waste"
    return page, blocks


def test_drums_filled_without_network_carry_codes_of_the_devices_own_block(phones: Phone, log_in: LogIn) -> None:
    office, phone, other = log_in("office"), phones("one"), phones("two")
    page, blocks = ready(phone, office)
    _, others = ready(other, office)
    codes = {code for block in blocks for code in block}
    assert not codes & {code for block in others for code in block}, "two devices never have the same code"

    phone.set_offline(True)
    page.goto("/shift")
    fill(page, "E2E-CODE-1", "182.4")
    expect(page.locator("#thing-digital")).to_have_text(page.evaluate(SAID)[0]["digital_code"])
    phone.close()
    phone = phones("one")
    phone.set_offline(True)
    page = phone.new_page()
    page.goto("/shift")
    fill(page, "E2E-CODE-2", "90")
    one, two = page.evaluate(SAID)
    assert one["digital_code"] != two["digital_code"] and {one["digital_code"], two["digital_code"]} <= codes
    expect(page.locator("#thing-digital")).to_have_text(two["digital_code"])

    phone.set_offline(False)
    page.goto("/waiting")
    expect(page.locator(".state.ok")).to_have_count(4)
    page.goto("/shift")
    expect(page.locator("#work")).to_be_visible()
    left = {code for block in page.evaluate(LEFT) for code in block}
    assert left == codes - {one["digital_code"], two["digital_code"]}
    for said in (one, two):
        page.goto(f"/labels/{said['container']}")
        expect(page.locator("main")).to_contain_text(said["digital_code"])
        pdf = phone.request.get(f"/labels/{said['container']}.pdf")
        with pdfplumber.open(BytesIO(pdf.body())) as opened:
            assert said["digital_code"] in opened.pages[0].extract_text().replace(" ", "")


def test_a_code_that_was_given_out_is_not_given_again_when_its_statement_was_cleared_from_the_device(
    phones: Phone, log_in: LogIn
) -> None:
    phone = phones("one")
    page, _ = ready(phone, log_in("office"))
    fill(page, "E2E-CODE-3", "10")
    first = page.evaluate(SAID)[0]["digital_code"]
    until(page, UNSENT, lambda count: count == 0)
    phone.set_offline(True)
    page.evaluate(
        """async () => {
          const { items, drop } = await import("/static/core/queue.js");
          for (const item of await items()) await drop(item);
        }"""
    )
    page.goto("/shift")
    fill(page, "E2E-CODE-4", "10")
    assert page.evaluate(SAID)[0]["digital_code"] != first


def test_a_block_that_runs_low_is_followed_by_another_and_without_one_the_code_comes_later(
    phones: Phone, log_in: LogIn
) -> None:
    phone = phones("one")
    page, blocks = ready(phone, log_in("office"))
    for n in range(16):
        fill(page, f"E2E-LOW-{n}", "10")
    left = until(page, LEFT, lambda found: max(map(len, found)) == 24)
    assert sorted(map(len, left)) == [20] * (len(blocks) - 1) + [24], "more only of what ran low"
    phone.set_offline(True)
    page.goto("/shift")
    page.evaluate(
        """async () => {
          const { keep, recall } = await import("/static/core/db.js");
          await keep("data", { ...(await recall("data")), digital_codes: [] });
        }"""
    )
    page.reload()
    fill(page, "E2E-NONE", "10")
    expect(page.locator("#thing-digital")).to_have_text("代码待发")
    assert len(page.evaluate(SAID)) == 16
