"""A regulator signs with a key of its own: made in its browser, enrolled by its older key, never kept by the server."""

from __future__ import annotations

import subprocess

from playwright.sync_api import expect

from tests.support.park import WASTELEDGER, Park, Person


def test_a_regulator_draws_an_inspection_signed_in_its_own_browser(person: Person, park: Park) -> None:
    bureau = person("bureau")
    bureau.goto("/inspections?seed=0412171923")
    bureau.click("form[data-say=inspection-drawn] button")
    expect(bureau.locator("[role=alert]")).to_be_visible()  # the server keeps no authority's key

    bureau.goto("/device")
    bureau.click("#enrol")
    expect(bureau.locator("#stream")).to_contain_text("key:")
    key = bureau.locator("#stream").text_content()
    enrolled = subprocess.run(
        [*WASTELEDGER, "key", "enrol", str(key), "--role", "supervision", "--as", "supervision"],
        env=dict(park.environment), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert enrolled.returncode == 0, enrolled.stdout + enrolled.stderr
    bureau.click("#refresh")
    expect(bureau.locator("#state")).to_contain_text("可以使用")

    bureau.goto("/inspections?seed=0412171923")
    bureau.click("form[data-say=inspection-drawn] button")
    bureau.wait_for_url(lambda url: "/evidence/" in url)
    expect(bureau.locator("main")).to_contain_text("抽取检查对象")
    expect(bureau.locator("main")).to_contain_text("本人设备")
