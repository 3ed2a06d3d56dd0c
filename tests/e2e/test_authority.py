"""A regulator signs with a key of its own: made in its browser, enrolled by its older key, never kept by the server."""

from __future__ import annotations

import subprocess
from pathlib import Path

from playwright.sync_api import Page, expect

from ledger.log.hashing import sha256
from tests.support.park import WASTELEDGER, Park, Person


def own_key(bureau: Page, park: Park) -> None:
    """A key of the regulator's own in this browser, enrolled by an older one."""
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


def test_a_regulator_draws_an_inspection_signed_in_its_own_browser(person: Person, park: Park) -> None:
    bureau = person("bureau")
    bureau.goto("/inspections?seed=0412171923")
    bureau.click("form[data-say=inspection-drawn] button")
    expect(bureau.locator("[role=alert]")).to_be_visible()  # the server keeps no authority's key

    own_key(bureau, park)
    bureau.goto("/inspections?seed=0412171923")
    bureau.click("form[data-say=inspection-drawn] button")
    bureau.wait_for_url(lambda url: "/evidence/" in url)
    expect(bureau.locator("main")).to_contain_text("抽取检查对象")
    expect(bureau.locator("main")).to_contain_text("本人设备")


def test_a_report_is_named_by_the_hash_of_its_file_which_never_leaves_the_browser(
    person: Person, park: Park, tmp_path: Path
) -> None:
    report = tmp_path / "检查报告.pdf"
    report.write_bytes(bytes(range(256)) * 8_000)
    digest = sha256(report.read_bytes()).hex()
    bureau = person("bureau")
    own_key(bureau, park)
    bureau.goto("/inspections")
    form = bureau.locator("form[data-say=inspection-reported]")
    bureau.locator("details", has=form).locator("summary").click()
    sent: list[bytes] = []
    bureau.on("request", lambda request: sent.append(request.post_data_buffer or b""))
    form.locator("input[type=file]").set_input_files(report)
    expect(form.locator("input[name=report]")).to_have_value(digest)
    expect(form.locator("output")).to_contain_text("检查报告.pdf")
    form.locator("button").click()
    bureau.wait_for_url(lambda url: "/evidence/" in url)
    expect(bureau.locator("main")).to_contain_text(digest)
    assert sent and max(map(len, sent)) < 10_000, "the hash went, the file did not"
    # Typed over, the name of the file is gone with it; a hash of another length is not sent.
    bureau.goto("/inspections")
    bureau.locator("details", has=form).locator("summary").click()
    form.locator("input[type=file]").set_input_files(report)
    expect(form.locator("output")).not_to_be_empty()
    form.locator("input[name=report]").fill(digest[:-1])
    expect(form.locator("output")).to_be_empty()
    form.locator("button").click()
    assert form.evaluate("form => form.checkValidity()") is False
