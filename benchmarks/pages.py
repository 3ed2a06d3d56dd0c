"""What a person waits for: from a scan to its shown result, in Chromium against the demo park on this machine."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator

from playwright.sync_api import Page, sync_playwright

from benchmarks.measure import Row, folder
from tests.support import park
from tests.support.park import PASSWORD

SCANS = 60
LIMIT_MS = 300
# A handheld scanner's Enter, and the moment at which the answer stands on the page.
WAIT = """(text) => new Promise((done) => {
  const start = performance.now(), found = document.getElementById("found");
  const shown = () => requestAnimationFrame(() => done(performance.now() - start));
  new MutationObserver((_, seen) => (seen.disconnect(), shown())).observe(found, { childList: true });
  const field = document.getElementById("scan");
  field.value = text;
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
})"""


def rows() -> Iterator[Row]:
    """Scans of one's own containers in turn, after three that warm the server up."""
    home = folder() / "park"
    with park.served(home, park.make(home)) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(base_url=served.url).new_page()
        names = _come_in(page)
        took = [page.evaluate(WAIT, names[n % len(names)]) for n in range(SCANS + 3)][3:]
        browser.close()
    for what, value in (("p50", statistics.median(took)), ("p95", statistics.quantiles(took, n=20)[-1])):
        yield Row(
            what=f"scan to shown result, {what}",
            where="sqlite, Chromium",
            size=len(names),
            value=value,
            unit="ms",
            baseline=None,
            against="",
            ratio=None,
            floor=LIMIT_MS,
            least=True,
        )


def _come_in(page: Page) -> list[str]:
    """The scan page of an enterprise's administrator, and the containers to be scanned there."""
    page.goto("/sign-in?next=/scan")
    page.fill("input[name=name]", "garage")
    page.fill("input[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/scan*")
    return [str(each["id"]) for each in page.request.get("/v1/containers?limit=20").json()["items"]]
