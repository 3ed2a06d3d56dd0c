"""A regulator signs with a key of its own: made in its browser, enrolled by its older key, never kept by the server."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, Route, expect

from ledger import bootstrap
from ledger.log.hashing import sha256
from ledger.settings import from_environment
from tests.support.park import WASTELEDGER, Park, Person
from tests.support.walk import come_in


def own_key(bureau: Page, park: Park, role: str = "supervision") -> None:
    """A key of the regulator's own in this browser, enrolled by an older one."""
    bureau.goto("/device")
    bureau.click("#enrol")
    expect(bureau.locator("#stream")).to_contain_text("key:")
    key = bureau.locator("#stream").text_content()
    enrolled = subprocess.run(
        [*WASTELEDGER, "key", "enrol", str(key), "--role", role, "--as", role],
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


_LISTED = "async (words) => (await (await fetch('/acts')).text()).includes(words)"


def test_a_regulator_suspends_a_licence_and_approves_a_crossing_with_the_key_of_its_own_browser(
    person: Person, park: Park
) -> None:
    bureau = person("bureau")
    bureau.goto("/enterprises")
    sheet = holder_of_a_licence(bureau)
    bureau.locator("a", has_text="暂停").first.click()
    expect(bureau.locator(".note.wrong")).to_contain_text("--role licensing")  # what to do before a key may sign
    own_key(bureau, park, "licensing")

    bureau.goto(sheet)
    bureau.locator("a", has_text="暂停").first.click()
    expect(bureau.locator("[data-no-key]")).to_have_count(0)
    bureau.fill("input[name=from]", "2030-01-01")
    bureau.fill("input[name=until]", "2030-01-31")
    bureau.click("button:text('核对')")
    expect(bureau.locator("main")).to_contain_text("2030-01-31")
    bureau.click("form[data-say=licence-suspended] button")
    bureau.wait_for_url(lambda url: "/evidence/" in url)
    expect(bureau.locator("main")).to_contain_text("许可证暂停")
    expect(bureau.locator("main")).to_contain_text("本人设备")

    bureau.goto("/acts/cross-province-approved")
    for end in ("sender", "receiver"):
        bureau.select_option(f"select[name={end}]", index=1 if end == "sender" else 2)
    bureau.fill("input[name=codes]", "900-214-08 900-249-08")
    bureau.fill("input[name=mass_g]", "5")
    bureau.fill("input[name=number]", "跨省〔2030〕1 号")
    bureau.fill("input[name=valid_from]", "2030-01-01")
    bureau.fill("input[name=valid_until]", "2030-12-31")
    bureau.click("button:text('核对')")
    bureau.click("form[data-say=cross-province-approved] button")
    bureau.wait_for_url(lambda url: "/evidence/" in url)
    expect(bureau.locator("main")).to_contain_text("批准跨省转移")
    bureau.goto("/acts")
    bureau.wait_for_function(_LISTED, arg="跨省〔2030〕1 号", polling=500)  # taken in by the work beside the server

    said = newest(park, 2)
    assert [each["type"] for each in said] == ["licence-suspended", "cross-province-approved"]
    assert (said[0]["body"]["from"], said[0]["body"]["until"]) == ("2030-01-01", "2030-01-31")
    assert said[1]["body"]["mass_g"] == 5_000_000 and said[1]["body"]["codes"] == ["900-214-08", "900-249-08"]
    assert all("custody" not in each for each in said), "no key that the server keeps"


def test_a_browser_with_an_authoritys_key_lets_in_the_next(person: Person, park: Park) -> None:
    first, second = person("bureau"), person("bureau")
    own_key(first, park)
    second.goto("/device")
    second.click("#enrol")
    expect(second.locator("#stream")).to_contain_text("key:")
    key = second.locator("#stream").text_content()
    first.goto("/admin/devices")
    first.click(f"a[href='/acts/key-enrolled?on={key}']")
    first.check("input[value=supervision]")
    first.click("button:text('核对')")
    first.click("form[data-say=key-enrolled] button")
    first.wait_for_url(lambda url: "/evidence/" in url)
    second.click("#refresh")
    expect(second.locator("#state")).to_contain_text("可以使用")


def test_pressed_before_the_pages_script_is_there_the_own_key_signs_all_the_same(person: Person, park: Park) -> None:
    bureau = person("bureau")
    own_key(bureau, park)
    bureau.goto("/inspections?seed=0412171923")
    network = bureau.context.new_cdp_session(bureau)
    network.send("Network.enable")
    network.send("Network.setBypassServiceWorker", {"bypass": True})
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    slow = {"offline": False, "latency": 500, "downloadThroughput": 30_000, "uploadThroughput": 30_000}
    network.send("Network.emulateNetworkConditions", slow)
    bureau.reload(wait_until="commit")
    bureau.click("form[data-say=inspection-drawn] button")
    bureau.wait_for_url(lambda url: "/evidence/" in url)
    expect(bureau.locator("main")).to_contain_text("本人设备")


def test_without_network_what_is_signed_waits_and_is_not_signed_again(person: Person, park: Park) -> None:
    bureau = person("bureau")
    own_key(bureau, park)
    bureau.goto("/inspections?seed=0412171923")
    bureau.wait_for_load_state("networkidle")
    bureau.context.route("**/v1/statements", lambda route: route.abort())
    bureau.click("form[data-say=inspection-drawn] button", click_count=2)
    bureau.wait_for_url("**/waiting")
    expect(bureau.locator("main article")).to_contain_text("待发")
    expect(bureau.locator("main article")).to_have_count(1)


def test_signed_in_just_now_the_own_key_signs_before_it_is_known_who_is_here(person: Person, park: Park) -> None:
    bureau = person("bureau")
    own_key(bureau, park)
    bureau.goto("/")
    bureau.click("form.out button")
    bureau.wait_for_url("**/sign-in")
    late: list[Route] = []
    bureau.context.route("**/v1/session", lambda route: late.append(route))
    come_in(bureau, "bureau")
    bureau.goto("/inspections?seed=0412171924")
    bureau.click("form[data-say=inspection-drawn] button")
    bureau.wait_for_timeout(500)
    bureau.context.unroute("**/v1/session")
    with suppress(Error):  # unless that let it go on
        late[-1].continue_()
    bureau.wait_for_url(lambda url: "/evidence/" in url)
    expect(bureau.locator("main")).to_contain_text("本人设备")


def holder_of_a_licence(bureau: Page) -> str:
    """The sheet of the first enterprise whose licence may be suspended."""
    addresses = bureau.eval_on_selector_all(
        "a[href^='/enterprises/party:']", "all => all.map(a => a.getAttribute('href'))"
    )
    for address in dict.fromkeys(addresses):
        bureau.goto(address)
        if bureau.locator("a", has_text="暂停").count():
            return str(address)
    raise AssertionError("no enterprise in the list has a licence")


def newest(park: Park, count: int) -> list[dict[str, Any]]:
    """What an authority said last, as it was signed."""
    ledger = bootstrap.open_ledger(from_environment(dict(park.environment)))
    try:
        records = (ledger.record_at(n) for n in range(ledger.size()))
        said = [json.loads(record.statement) for record in records]
    finally:
        ledger.close()
    acts = ("licence-suspended", "cross-province-approved")
    return [each for each in said if each["type"] in acts][-count:]
