"""What people of the demo park do in their browsers, for tests that need it done."""

from __future__ import annotations

import re
from collections.abc import Iterable

from playwright.sync_api import Page, expect

from tests.support.park import PASSWORD


def come_in(page: Page, name: str) -> None:
    page.goto("/sign-in")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.main")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def fill(clerk: Page, code: str, kilograms: str) -> str:
    """A drum of used oil is filled and labelled; its id."""
    clerk.goto("/fill")
    clerk.locator("label.choice", has_text="废机油").locator("input").check()
    clerk.fill("input[name=container_code]", code)
    clerk.fill("input[name=net]", kilograms)
    clerk.click("form[action='/fill'] button.main")
    clerk.wait_for_url(re.compile("/labels/container:"))
    expect(clerk.locator("[role=status]").first).to_contain_text("已记录")
    return clerk.url.partition("/labels/")[2].partition("?")[0]


def issue(clerk: Page, containers: Iterable[str], to: str = "废油") -> str:
    """A manifest of these containers, to the refiner unless said otherwise; its address."""
    clerk.goto("/manifests/new")
    for container in containers:
        clerk.check(f"input[value='{container}']")
    clerk.select_option("select[name=to]", label=option(clerk, "select[name=to]", to))
    clerk.select_option("select[name=carrier]", index=0)
    clerk.click("main form.stack button.main")
    clerk.click("main form.stack button[formaction]")
    clerk.wait_for_url(re.compile("/manifests/manifest:"))
    manifest = re.search(r"manifest:[0-9a-f-]{36}", clerk.url)
    assert manifest is not None
    return f"/manifests/{manifest.group()}"


def option(page: Page, select: str, words: str) -> str:
    """The whole text of the option that contains these words."""
    texts = page.locator(f"{select} option").all_text_contents()
    return next(text for text in texts if words in text)
