"""Takes the README's pictures of the main pages: `make pictures`."""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.support import park as parks
from tests.support.park import Park
from tests.support.repository import ROOT
from tests.support.walk import come_in, fill, issue

FOLDER = ROOT / "docs" / "pictures"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}
COLOURS = 64


def take(browser: Browser, park: Park, name: str, who: str, path: str, lang: str = "zh") -> None:
    """One page of a person, as a phone and as a desk shows it."""
    for kind, size in (("phone", PHONE), ("desk", DESK)):
        context = browser.new_context(base_url=park.url, locale="zh-CN" if lang == "zh" else "en-GB", viewport=size)  # type: ignore[arg-type]
        page = context.new_page()
        come_in(page, who)
        page.goto(path)
        again = page.reload()  # the first visit begins with what the page is for
        assert again is not None and again.ok, path
        page.wait_for_load_state("networkidle")
        keep(page.screenshot(), FOLDER / f"{name}-{kind}.png")
        context.close()


def keep(picture: bytes, target: Path) -> None:
    """A screenshot in few colours: they do for pages, and the file stays small."""
    image = Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(target, optimize=True)


def main() -> None:
    """Make the park, let people do what the pictures show, and take them."""
    FOLDER.mkdir(exist_ok=True)
    chromium = shutil.which("chromium")
    assert chromium, "pictures need chromium: make debian"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "demo"
        with parks.served(home, parks.make(home)) as park:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            clerk = browser.new_context(base_url=park.url, locale="zh-CN").new_page()
            come_in(clerk, "clerk")
            drums = [
                fill(clerk, code, mass) for code, mass in (("P-101", "182.4"), ("P-102", "176"), ("P-103", "190.2"))
            ]
            for drum in drums:
                clerk.goto(f"/containers/{drum}/place")
                clerk.locator("input[name=spot]").first.check()
                clerk.click("form button.main")
            manifest = issue(clerk, drums[:2])
            take(browser, park, "scan", "clerk", f"/scan?q={drums[2]}")
            take(browser, park, "fill", "clerk", "/fill")
            take(browser, park, "store", "clerk", "/stores")
            take(browser, park, "container", "clerk", f"/containers/{drums[0]}")
            take(browser, park, "manifest", "clerk", manifest)
            take(browser, park, "gate", "refinery", f"{manifest}/gate")
            take(browser, park, "rate", "bureau", "/overview?period=2026")
            take(browser, park, "exceptions", "bureau", "/exceptions", lang="en")
            browser.close()


if __name__ == "__main__":
    main()
