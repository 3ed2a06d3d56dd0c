"""Scanning with a camera, a handheld scanner and a scale, in real Chromium; the camera shows a picture of a label."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.e2e.test_journey import faults, scan
from tests.support.park import PASSWORD, Park

SIDE = 840
FIRST_VIEW_MAX = 150_000
SCALE = """
  const lines = ["US,GS,+  181.9kg\\r\\n", "ST,GS,+  18", "2.4kg\\r\\n"];
  const port = {
    async open() {},
    async close() {},
    readable: new ReadableStream({
      async pull(out) {
        const line = lines.shift();
        if (line) out.enqueue(new TextEncoder().encode(line));
        else await new Promise(() => {});
      },
    }),
  };
  Object.defineProperty(navigator, "serial", { value: { getPorts: async () => [], requestPort: async () => port } });
"""


def film(picture: Image.Image, folder: Path) -> Path:
    """What a camera sees, over and over: a second of nothing, then two of the picture (5 frames a second)."""
    nothing, seen = Image.new("L", (SIDE, SIDE), 200), Image.new("L", (SIDE, SIDE), 255)
    seen.paste(picture.convert("L"), (20, 20))
    colourless = bytes([128]) * (SIDE * SIDE // 2)
    file = folder / "label.y4m"
    with open(file, "wb") as out:
        out.write(f"YUV4MPEG2 W{SIDE} H{SIDE} F5:1 Ip A1:1 C420jpeg\n".encode())
        for frame in [nothing] * 5 + [seen] * 10:
            out.write(b"FRAME\n" + frame.tobytes() + colourless)
    return file


@pytest.fixture(scope="module")
def garage(browser: Browser, park: Park) -> Iterator[Page]:
    """The administrator of a garage, which has a label key."""
    context = browser.new_context(base_url=park.url, locale="zh-CN", service_workers="block")
    yield come_in(context.new_page(), "/labels/blank")
    context.close()


def come_in(page: Page, path: str) -> Page:
    page.goto(f"/sign-in?next={path}")
    page.fill("input[name=name]", "garage")
    page.fill("input[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url(f"**{path}*")
    return page


def fill(page: Page, code: str) -> str:
    """A drum filled on the page; its id."""
    page.goto("/fill")
    page.check("input[name=profile]")
    page.fill("input[name=container_code]", code)
    page.fill("input[name=net]", "180")
    page.click("button.main")
    page.wait_for_url("**/labels/container:*")
    return page.url.partition("/labels/")[2].partition("?")[0]


def test_a_printed_label_is_scanned_by_camera_and_its_drum_shown_while_the_camera_stays_open(
    garage: Page, chromium: str, tmp_path: Path
) -> None:
    drum = fill(garage, "CAM-1")
    picture = Image.open(BytesIO(garage.request.get(f"/labels/{drum}.png?dpi=203&size=100").body()))
    seen = f"--use-file-for-fake-video-capture={film(picture, tmp_path)}"
    ways = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", seen]
    kind = garage.context.browser
    assert kind is not None
    camera = kind.browser_type.launch(executable_path=chromium, args=ways)
    context = camera.new_context(
        base_url=garage.url.partition("/labels")[0], locale="zh-CN", storage_state=garage.context.storage_state()
    )
    context.grant_permissions(["camera"])
    page = context.new_page()
    page.goto("/scan")
    page.click("text=打开相机")
    expect(page.locator("#found")).to_contain_text("标签真实", timeout=30_000)
    expect(page.locator("#what")).to_contain_text("CAM-1")
    expect(page.locator(".acts a").first).to_have_text("入库")
    assert "/scan?q=" in page.url
    expect(page.locator("scan-field video")).to_be_visible()
    page.evaluate("window.track = document.querySelector('scan-field video').srcObject.getVideoTracks()[0]")
    page.click("text=关闭相机")
    expect(page.locator("scan-field video")).to_have_count(0)
    assert page.evaluate("window.track.readyState") == "ended"
    camera.close()


def test_a_handheld_scanner_types_and_ends_with_enter(garage: Page) -> None:
    drum = fill(garage, "GUN-1")
    garage.goto("/scan")
    for text, shown in (("GUN-1", "GUN-1"), (drum, "GUN-1"), ("NO-SUCH-DRUM", "没有找到")):
        garage.focus("#scan")
        garage.keyboard.type(text)
        garage.keyboard.press("Enter")
        expect(garage.locator("#found")).to_contain_text(shown)
        expect(garage.locator("#scan")).to_have_value("")


def test_without_the_scanner_part_the_page_says_so_and_typing_still_works(garage: Page) -> None:
    fill(garage, "TYPED-1")
    garage.route("**/parts/**", lambda route: route.fulfill(status=404))
    garage.goto("/scan")
    garage.evaluate("navigator.mediaDevices.getUserMedia = async () => new MediaStream()")
    garage.click("text=打开相机")
    expect(garage.locator("scan-field [role=alert]")).to_contain_text("未安装扫码组件")
    garage.fill("#scan", "TYPED-1")
    garage.click("text=查询")
    expect(garage.locator("#found")).to_contain_text("TYPED-1")
    garage.unroute("**/parts/**")


def test_the_first_view_of_the_scan_page_is_small_and_loads_no_decoder(garage: Page) -> None:
    loaded: dict[str, int] = {}

    def note(request: Request) -> None:
        answer = request.response()
        assert answer is not None
        loaded[request.url] = len(gzip.compress(answer.body()))

    cache = garage.context.new_cdp_session(garage)
    cache.send("Network.setCacheDisabled", {"cacheDisabled": True})  # other tests were on this page
    garage.on("requestfinished", note)
    garage.goto("/scan", wait_until="networkidle")
    garage.remove_listener("requestfinished", note)
    cache.detach()
    assert any(url.endswith("/static/scan.js") for url in loaded)
    assert not any("/parts/zxing" in url for url in loaded)
    assert sum(loaded.values()) < FIRST_VIEW_MAX, loaded


def test_a_stable_reading_of_a_scale_fills_the_gross_mass(garage: Page) -> None:
    page = garage.context.new_page()
    page.add_init_script(SCALE)
    page.goto("/fill")
    page.click("text=连接电子秤")
    expect(page.locator(".reading")).to_have_text("182.4 kg")
    page.click("text=取读数")
    expect(page.locator("input[name=gross]")).to_have_value("182.4")
    page.fill("input[name=tare]", "20")
    page.check("input[name=profile]")
    page.click("button.main")
    page.wait_for_url("**/labels/container:*")
    expect(page.locator("main")).to_contain_text("162.4 kg")
    page.close()


def test_a_count_by_scanning_ticks_what_is_there_and_names_the_rest(garage: Page) -> None:
    for code in ("COUNT-1", "COUNT-2"):
        drum = fill(garage, code)
        garage.goto(f"/containers/{drum}/place")
        garage.locator("input[name=spot]").first.check()
        garage.click("button.main")
        garage.wait_for_url("**/scan?q=*")
    garage.goto("/stores")
    garage.locator("h2 a").first.click()
    late: list[Route] = []
    garage.route("**/static/scan.js", lambda route: late.append(route))
    garage.click("text=扫码盘点")
    for text in ("COUNT-1", "NO-SUCH-DRUM"):  # faster than the page's modules come
        garage.focus("#scan")
        garage.keyboard.type(text)
        garage.keyboard.press("Enter")
    for each in late:
        each.continue_()
    garage.unroute("**/static/scan.js")
    expect(garage.locator("#told")).to_contain_text("NO-SUCH-DRUM")
    expect(garage.locator("label.seen")).to_have_count(1)
    expect(garage.locator("#tally")).to_have_text("1")
    garage.click("button.main")
    review = garage.locator("main")
    expect(review).to_contain_text("COUNT-2")
    expect(review).to_contain_text("NO-SUCH-DRUM")
    garage.click("button.main")
    expect(review).to_contain_text("已记录")


def loses_the_second(route: Route) -> None:
    if "part=200" not in (route.request.post_data or ""):
        return route.continue_()
    route.fetch(max_redirects=0)
    return route.abort()


def test_a_long_roll_of_blank_labels_is_issued_in_parts_and_is_one_roll(garage: Page) -> None:
    garage.goto("/labels/blank")
    garage.fill("input[name=count]", "201")
    garage.route("**/labels/blank", loses_the_second)
    garage.click("button.main")
    expect(garage.locator("form [role=alert]")).to_contain_text("已签发 200 张")
    garage.unroute("**/labels/blank")
    garage.click("button.main")
    garage.wait_for_url("**/labels/roll/**")
    expect(garage.locator("h1")).to_have_text("空白标签 201 张")
    expect(garage.locator(".acts a")).to_have_text(["PDF 1–200", "PDF 201–201"])


def test_drums_are_put_on_a_pallet_by_scanning_and_one_is_taken_off(garage: Page) -> None:
    first, second = fill(garage, "PALLET-1"), fill(garage, "PALLET-2")
    garage.goto(f"/containers/{first}/group")
    scan(garage, "PALLET-2")
    expect(garage.locator("[data-scanned]")).to_contain_text("180 kg")
    garage.click("button.main")
    garage.wait_for_url("**/containers/container:*done=*")
    expect(garage.locator("main")).to_contain_text("PALLET-1")
    wrong = faults(garage)
    garage.locator("a", has_text="从组中取出").first.click()
    wrong += faults(garage)
    expect(garage.locator("input[name=member]")).to_have_count(2)
    garage.check(f"input[value='{second}']")
    garage.click("button.main")
    expect(garage.locator("h3", has_text="组内容器").locator("+ ul")).not_to_contain_text("PALLET-2")
    assert wrong == []
