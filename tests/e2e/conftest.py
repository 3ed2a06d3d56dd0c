"""Real Chromium (Debian's) against the demo park on a real server: one park and one browser for each worker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.support import issuer as issuers
from tests.support import park as parks
from tests.support.park import PASSWORD, LogIn, Park, Person
from tests.support.walk import come_in


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's browser."""
    found = shutil.which("chromium")
    assert found, "these tests need chromium: run `make setup` (as root it installs it; else it prints the apt line)"
    return found


@pytest.fixture(scope="session")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    """The demo park, served, with an OpenID Connect provider beside it. Tests may add to it; none may count on being
    the only one."""
    folder = tmp_path_factory.mktemp("park") / "demo"
    with (
        issuers.running(folder.parent) as issuer,
        parks.served(folder, parks.make(folder) | issuer.environment) as made,
    ):
        yield made


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    made = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    yield made
    made.close()


@pytest.fixture
def context(browser: Browser, park: Park) -> Iterator[BrowserContext]:
    """A browser of one person, in Chinese; scripts that fail, fail the test."""
    made = browser.new_context(base_url=park.url, locale="zh-CN", viewport={"width": 390, "height": 844})
    made.set_default_timeout(10_000)
    failures: list[str] = []
    made.on("weberror", lambda error: failures.append(str(error.error)))
    yield made
    made.close()
    assert failures == []


@pytest.fixture
def log_in(context: BrowserContext) -> LogIn:
    """`log_in("clerk")`: a page of a person of the demo who has come in; `path` is where they go."""

    def come_in(name: str, path: str = "/") -> Page:
        page = context.new_page()
        page.goto(f"/sign-in?next={path}")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORD)
        page.click("button.main")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    return come_in


@pytest.fixture
def person(browser: Browser, park: Park) -> Iterator[Person]:
    """Somebody with a browser of their own, logged in."""
    opened = []

    def come(name: str) -> Page:
        context = browser.new_context(base_url=park.url, locale="zh-CN", accept_downloads=True)
        context.set_default_timeout(15_000)
        opened.append(context)
        page = context.new_page()
        come_in(page, name)
        return page

    yield come
    for context in opened:
        context.close()
