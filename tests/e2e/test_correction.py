"""A weight mistyped is put right in browsers: asked for, found by who relied on it, agreed to, and counted."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.test_every_page import _chinese, _violations
from tests.support.park import Park, Person
from tests.support.walk import fill, issue


def test_a_correction_is_asked_for_agreed_to_and_changes_the_books(person: Person, park: Park) -> None:
    clerk, dispatch = person("clerk"), person("dispatch")
    drum = fill(clerk, "COR-1", "100")
    manifest = issue(clerk, [drum])
    dispatch.goto(f"{manifest}/pick-up")
    dispatch.locator(f"main form input[value='{drum}']").first.check()
    dispatch.fill("input[name=vehicle]", "示A00001")
    dispatch.get_by_role("button", name="确认起运").click()
    dispatch.wait_for_url(re.compile("done="))

    clerk.goto(f"/containers/{drum}")
    clerk.get_by_role("link", name="更正", exact=True).first.click()
    faults = wrong(clerk)
    clerk.fill("input[name=net]", "101.5")
    clerk.get_by_role("button", name="提出更正").click()
    clerk.wait_for_url(re.compile("/corrections/"))
    expect(clerk.locator("main")).to_contain_text("账面尚未改变")
    correction = clerk.url.partition("?")[0].removeprefix(park.url)

    dispatch.goto("/today")
    faults += wrong(dispatch)
    dispatch.click(f"a[href='{correction}']")
    expect(dispatch.locator("main")).to_contain_text("净重 100 kg → 101.5 kg")
    faults += wrong(dispatch)
    dispatch.get_by_role("button", name="同意更正").click()
    expect(dispatch.locator("main")).to_contain_text("已生效")
    clerk.goto(f"/containers/{drum}")
    expect(clerk.locator(".story li").first).to_contain_text("101.5 kg")
    assert faults == []


def wrong(page: Page) -> list[str]:
    """What axe finds where the page is, what is not in English there, and whether it is too wide for a telephone."""
    found, path = [], page.url
    page.set_viewport_size({"width": 390, "height": 844})
    for lang in ("en", "zh"):
        page.context.add_cookies([{"name": "language", "value": lang, "url": path}])
        page.goto(path)
        found += [f"{path} ({lang}): {each}" for each in _violations(page)]
        found += [f"{path}: not in English: {each}" for each in _chinese(page)] if lang == "en" else []
        found += [f"{path}: too wide"] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []
    return found
